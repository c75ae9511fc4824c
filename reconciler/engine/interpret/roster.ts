/** All nodes that are looked at: those of the spec, and those with our labels that the spec no longer names. */
import type { NodeSpec } from '../../../spec-schema/cluster-spec.ts';
import { busPort, containerName, nodeAddress, volumeName } from '../../../spec-schema/effective.ts';
import type { HostName, NodeName, ShardName, ZoneName } from '../../model/cluster-state.ts';
import type { ContainerReading, EngineReading } from '../../model/readings.ts';
import type { Intent } from '../../planner/intent.ts';
import { type Reading, valueIn } from './evidence.ts';
import {
  ADDRESS_LABEL,
  CLUSTER_LABEL,
  HOST_LABEL,
  NODE_LABEL,
  parseAddressLabel,
  SHARD_LABEL,
} from './labels.ts';

/** What has to be known of a node to look at it. */
export interface RosterEntry {
  /** The spec's name; `NAME@HOST` for a container of that name on a host where the spec no longer has it. */
  readonly name: NodeName;
  readonly host: HostName;
  readonly zone: ZoneName;
  readonly shard: ShardName;
  readonly container: string;
  readonly volume: string;
  readonly port: number;
  readonly busPort: number;
  /** Fixed address, undefined when the engine chooses. */
  readonly address: string | undefined;
  /** Whether the spec names it no longer. */
  readonly leaving: boolean;
}

/** Spec nodes in the order of the spec, then leaving ones by name. */
export function roster(
  intent: Intent,
  engines: ReadonlyMap<HostName, Reading<EngineReading>>,
): RosterEntry[] {
  const staying = intent.spec.nodes.map((node) => specEntry(intent, node));
  const leaving = new Map<NodeName, RosterEntry>();
  const silent = new Set([...engines].filter(([, reading]) => !reading.ok).map(([host]) => host));
  for (const [hosts, engine] of byEngine(engines)) {
    for (const container of engine.containers) {
      const entry = leavingEntry(intent, hosts, silent, container);
      if (entry !== undefined) leaving.set(entry.name, entry);
    }
  }
  return [...staying, ...[...leaving.values()].sort((a, b) => (a.name < b.name ? -1 : 1))];
}

function specEntry(intent: Intent, node: NodeSpec): RosterEntry {
  return {
    name: node.name,
    host: node.host,
    zone: intent.nodes[node.name]?.zone ?? '',
    shard: node.shard,
    container: containerName(intent.spec, node),
    volume: volumeName(intent.spec, node),
    port: node.port,
    busPort: busPort(node),
    address: nodeAddress(intent.spec, node),
    leaving: false,
  };
}

/** Hosts that are one engine, with what that engine says. */
function byEngine(engines: ReadonlyMap<HostName, Reading<EngineReading>>): [HostName[], EngineReading][] {
  const groups = new Map<string, [HostName[], EngineReading]>();
  for (const [host, reading] of engines) {
    const engine = valueIn(reading);
    if (engine === undefined) continue;
    const group = groups.get(engine.engineId);
    if (group === undefined) groups.set(engine.engineId, [[host], engine]);
    else group[0].push(host);
  }
  return [...groups.values()];
}

function leavingEntry(
  intent: Intent,
  hosts: readonly HostName[],
  silent: ReadonlySet<HostName>,
  container: ContainerReading,
): RosterEntry | undefined {
  const { labels } = container;
  const node = labels[NODE_LABEL];
  if (labels[CLUSTER_LABEL] !== intent.spec.metadata.name || node === undefined) return undefined;
  const planned = intent.nodes[node];
  if (planned !== undefined && hosts.includes(planned.host)) return undefined;
  const labelled = labels[HOST_LABEL] ?? '';
  // Where the spec has it, under another name of this engine that does not answer now.
  if (planned !== undefined && planned.host === labelled && silent.has(labelled)) return undefined;
  const host = hosts.includes(labelled) ? labelled : (hosts[0] as HostName);
  const { ip, port, busPort: bus } = parseAddressLabel(labels[ADDRESS_LABEL] ?? '');
  return {
    name: planned === undefined ? node : `${node}@${host}`,
    host,
    zone: intent.spec.hosts.find(({ name }) => name === host)?.zone ?? '',
    shard: labels[SHARD_LABEL] ?? '',
    container: container.name,
    volume: container.volumes[0] ?? '',
    port,
    busPort: bus,
    address: ip === '' ? undefined : ip,
    leaving: true,
  };
}
