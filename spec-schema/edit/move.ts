/**
 * A node that goes to another host, or takes the place of one whose host is gone.
 *
 * A node is its container and its volume on one host, so that it cannot move itself: its entry becomes that of a new
 * node, with another name, in the same shard. What a reviewer sees is what happens: one member comes, one goes, and
 * while both are there neither is in the other's way (name, port, address).
 */
import type { ClusterSpec, HostSpec, NodeSpec } from '../cluster-spec.ts';
import { didYouMean } from '../did-you-mean.ts';
import { hostOf } from '../effective.ts';
import { type Place, Places } from './addresses.ts';
import {
  type EditResult,
  judged,
  type NotEdited,
  type OpenSpec,
  type Original,
  openSpec,
  refused,
} from './edited.ts';
import { type Changes, changeEntries } from './entries.ts';
import { removeItems } from './items.ts';
import { membersInOrder, Names } from './naming.ts';
import { type Splice, spliced } from './splices.ts';
import { sourceAt } from './yaml-source.ts';

export interface Move {
  readonly node: string;
  readonly to: string;
  /** `replace`: the node's host is gone for good, and leaves the file with its last node. */
  readonly because: 'move' | 'replace';
  /** What a person wants instead of what would be chosen. */
  readonly name?: string;
  readonly port?: number;
  readonly address?: string;
}

export function moveNode(original: Original, move: Move): EditResult {
  const open = openSpec(original);
  if ('ok' in open) return open;
  const { spec, plain, source } = open;
  const found = participants(open, move);
  if ('ok' in found) return found;
  const { node, host } = found;
  const index = spec.nodes.indexOf(node);
  const entry = sourceAt(source.root, ['nodes', index]);
  if (entry?.kind !== 'map') return notWritten(original.file, `node ${node.name}`);
  const place = new Places(spec).next(host, node, asked(move));
  if (!place.ok)
    return refused(
      original.file,
      'no-place',
      `there is no place for a node on ${host.name}: ${place.reason}`,
      'name one with --port or --address',
    );
  const name = move.name ?? new Names(spec).successorOf(node);
  const changes = changesFor(node, name, host, place.place);
  const leaving = move.because === 'replace' ? lonelyHost(spec, node) : undefined;
  const splices = [...changeEntries(source, entry, changes), ...hostRemoval(open, leaving)];
  const wanted = {
    ...plain,
    hosts: plain.hosts.filter((_, at) => spec.hosts[at] !== leaving),
    nodes: plain.nodes.map((other, at) => (at === index ? merged(other, changes) : other)),
  };
  return judged(
    original,
    spliced(original.text, splices),
    wanted,
    notesFor(spec, move, node, name, host, leaving),
  );
}

/** The node and its new host, or why it cannot be. */
function participants(
  { original: { file }, spec }: OpenSpec,
  { node: wantedNode, to, because, name }: Move,
): { readonly node: NodeSpec; readonly host: HostSpec } | NotEdited {
  const node = spec.nodes.find((candidate) => candidate.name === wantedNode);
  if (node === undefined) {
    const names = spec.nodes.map((candidate) => candidate.name);
    return refused(
      file,
      'unknown-node',
      `there is no node \`${wantedNode}\``,
      `${didYouMean(wantedNode, names)}the nodes are ${listed(names)}`,
    );
  }
  const host = spec.hosts.find((candidate) => candidate.name === to);
  if (host === undefined) {
    const names = spec.hosts.map((candidate) => candidate.name);
    return refused(
      file,
      'unknown-host',
      `there is no host \`${to}\``,
      `${didYouMean(to, names)}the hosts are ${listed(names)}; a new machine is added to \`hosts\` first, with its zone and its engine`,
    );
  }
  if (host.name === node.host) {
    return refused(
      file,
      'same-host',
      `\`${node.name}\` is on host \`${to}\` already`,
      because === 'replace' ? 'name the host that takes its place' : 'name another host',
    );
  }
  if (name !== undefined && spec.nodes.some((other) => other.name === name)) {
    return refused(file, 'duplicate-node', `there is a node \`${name}\` already`, 'choose another name');
  }
  return { node, host };
}

function asked({ port, address }: Move): Partial<Place> {
  return { ...(port === undefined ? {} : { port }), ...(address === undefined ? {} : { address }) };
}

function changesFor(node: NodeSpec, name: string, host: HostSpec, place: Place): Changes {
  return {
    name,
    host: host.name,
    ...(place.port === node.port ? {} : { port: place.port }),
    busPort: place.busPort,
    address: place.address,
  };
}

/** The host of the node, when no other node is on it. */
function lonelyHost(spec: ClusterSpec, node: NodeSpec): HostSpec | undefined {
  const isLonely = spec.nodes.every((other) => other === node || other.host !== node.host);
  return isLonely ? hostOf(spec, node) : undefined;
}

function hostRemoval({ source, spec }: OpenSpec, host: HostSpec | undefined): Splice[] {
  const list = sourceAt(source.root, ['hosts']);
  if (host === undefined || list?.kind !== 'list') return [];
  return removeItems(source, list, new Set([spec.hosts.indexOf(host)]));
}

function merged(entry: Record<string, unknown>, changes: Changes): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries({ ...entry, ...changes }).filter(([, value]) => value !== undefined),
  );
}

function notWritten(file: string, what: string): NotEdited {
  return refused(
    file,
    'edit-not-possible',
    `the entry of ${what} is not written out: an alias stands for it`,
    'write it out, or make the change by hand',
  );
}

function notesFor(
  spec: ClusterSpec,
  { because }: Move,
  node: NodeSpec,
  name: string,
  host: HostSpec,
  leaving: HostSpec | undefined,
): string[] {
  const zone = `${host.name} (zone ${host.zone})`;
  const alone = membersInOrder(spec.nodes, node.shard).length === 1;
  if (because === 'move') {
    return [
      `${name} on ${zone} takes the place of ${node.name} on ${node.host}: it joins shard ${node.shard} and synchronises first, ${alone ? 'takes the slots over' : 'takes the role over where that is needed'}, and only then ${node.name} is forgotten by the others and its container removed; its volume is kept`,
    ];
  }
  const others = spec.nodes.filter((other) => other !== node && other.host === node.host);
  return [
    `${name} on ${zone} takes the place of ${node.name}, which is forgotten by the others once a replica has taken over from it`,
    ...(alone
      ? [
          `${node.name} is the only member of shard ${node.shard}: if it is gone, so are its keys, and a plan will say so`,
        ]
      : []),
    leaving === undefined
      ? `host ${node.host} stays in the file, because ${listed(others.map((other) => other.name))} ${others.length === 1 ? 'is' : 'are'} on it too: if it is gone, replace ${others.length === 1 ? 'that node' : 'those'} as well`
      : `host ${leaving.name} leaves the file with its last node`,
  ];
}

function listed(names: readonly string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(', ')}, …` : names.join(', ');
}
