/** nodes.conf, the file in which a node keeps its identity and what it knows of its cluster. */
import { type ClusterNodeLine, parseNodeLine } from './cluster-nodes.ts';
import { WireError } from './wire-error.ts';

/** One member, with what the file says beyond CLUSTER NODES. */
export interface NodesConfLine extends ClusterNodeLine {
  /** '' in files of old servers. */
  readonly shardId: string;
  /** The human-readable name, which nothing but this file and the logs shows; '' when it has none. */
  readonly nodeName: string;
}

export interface NodesConf {
  readonly nodes: readonly NodesConfLine[];
  readonly currentEpoch: number;
  readonly lastVoteEpoch: number;
}

/**
 * Reads the whole file. It is complete only with one line of the node itself and the line of `vars` at its end.
 * @throws WireError `nodes-conf`
 */
export function parseNodesConf(text: string): NodesConf {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const vars = lines.filter((line) => line.startsWith('vars '));
  const nodes = lines.filter((line) => !line.startsWith('vars ')).map(parseLine);
  if (vars.length !== 1) throw new WireError('nodes-conf', 'not one line of vars', lines.at(-1) ?? '');
  if (nodes.filter((node) => node.flags.myself).length !== 1) {
    throw new WireError('nodes-conf', 'not one line of the node itself', lines[0] ?? '');
  }
  return { nodes, ...parseVars(vars[0] ?? '') };
}

function parseLine(line: string): NodesConfLine {
  const node = parseNodeLine(line, 'nodes-conf');
  return { ...node, shardId: node.aux['shard-id'] ?? '', nodeName: node.aux['nodename'] ?? '' };
}

function parseVars(line: string): Pick<NodesConf, 'currentEpoch' | 'lastVoteEpoch'> {
  const read = (name: string): number => {
    const value = Number(new RegExp(` ${name} (\\d{1,16})(?: |$)`).exec(line)?.[1] ?? Number.NaN);
    if (!Number.isSafeInteger(value)) throw new WireError('nodes-conf', `no ${name}`, line);
    return value;
  };
  return { currentEpoch: read('currentEpoch'), lastVoteEpoch: read('lastVoteEpoch') };
}
