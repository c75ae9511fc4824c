/** `Intent`: what the spec says about every node, worked out once, whatever the live cluster looks like. */
import type { ClusterSpec, NodeSpec } from '../../spec-schema/cluster-spec.ts';
import { REPLICATION_USER } from '../../spec-schema/cluster-spec.ts';
import { changesLive, findDirective, knownIn } from '../../spec-schema/directives.ts';
import {
  busPort,
  directiveInForce,
  effectiveConfig,
  effectiveResources,
  networkName,
  nodeAddress,
  redisVersion,
} from '../../spec-schema/effective.ts';
import { rollOf } from '../model/census.ts';
import type {
  ClusterState,
  HostName,
  LaunchState,
  NodeName,
  ShardName,
  ZoneName,
} from '../model/cluster-state.ts';
import { oncePer } from '../model/once.ts';
import { desiredUsers, userText } from './access.ts';

/** Keyed digests of the secrets that the spec refers to. Equal secrets have equal digests; nothing can be undone. */
export interface SecretDigests {
  /** Digests of each user's passwords, by user name. */
  readonly users: Readonly<Record<string, readonly string[]>>;
  /** Digest of the password with which replicas log in, as `masterauth` shows in the documents. */
  readonly replicationPassword: string;
}

export interface NodeIntent {
  readonly host: HostName;
  readonly zone: ZoneName;
  readonly shard: ShardName;
  readonly preference: 'primary' | 'replica' | undefined;
  /** Whether it is there only while other members of its shard are restarted. */
  readonly surge: boolean;
  readonly launch: LaunchState;
  /** Address that the spec fixes; undefined when the engine gives it. */
  readonly address: string | undefined;
  readonly config: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, string>>;
  /**
   * Whether a restart brings every acknowledged write back (within `appendfsync`). Snapshots alone do not count: a
   * primary that returns with an old one makes its replicas forget what they had since.
   */
  readonly persistent: boolean;
}

export interface Intent {
  readonly spec: ClusterSpec;
  /** In the order of the spec: it decides which slots a shard gets first. */
  readonly shards: readonly ShardName[];
  /** Node names of each shard, in alphabetical order. */
  readonly members: ReadonlyMap<ShardName, readonly NodeName[]>;
  readonly nodes: Readonly<Record<NodeName, NodeIntent>>;
  /** Share of the slots of each shard, relative to the others; those that are not in it have 1. */
  readonly weights: ReadonlyMap<ShardName, number>;
  /**
   * Members that the spec has newly named as primaries, since the cluster last was as the spec says. A preference
   * that was there before is none: roles are live, and a failover is not drift.
   */
  readonly requested: ReadonlyMap<ShardName, NodeName>;
  /** All directives that are converged on some node, in alphabetical order. */
  readonly directives: readonly string[];
}

/**
 * Directives that RedisForge sets unless the spec does: a failover within seconds, and a value to return to
 * after the formation of a cluster was hastened (see `HASTENED`).
 */
const DEFAULTS: Readonly<Record<string, string>> = {
  'cluster-node-timeout': '5000',
  'repl-diskless-sync-delay': '5',
  // A primary that cannot accept writes loses what it imports (law 6), so this is never left to chance.
  'min-replicas-to-write': '0',
};

/**
 * Values under which an unformed cluster comes to agreement in 0.6 s instead of 7.2 s: nodes rejoin after the
 * node timeout, and a first full synchronisation waits for the sync delay. They are put back once all is in sync.
 */
export const HASTENED: Readonly<Record<string, string>> = {
  'cluster-node-timeout': '500',
  'repl-diskless-sync-delay': '0',
};

/** Whether a directive can get from one value to another only by a restart. */
export function needsRestart(directive: string, from: string | undefined, to: string): boolean {
  // The client port can be changed live, but members and clients would lose the node at once.
  if (directive === 'port') return true;
  const known = findDirective(directive);
  return known !== undefined && (from === undefined ? !known.live : !changesLive(known, from, to));
}

function ownedDirectives(spec: ClusterSpec, node: NodeSpec, digests: SecretDigests): Record<string, string> {
  const hostname = spec.network.mode === 'bridge' ? (spec.network.hostname ?? '') : '';
  return {
    port: String(node.port),
    // Pinned from the first day, so that TLS can be switched on later without the bus moving to another port.
    'cluster-port': String(busPort(node)),
    'cluster-announce-hostname': hostname,
    'cluster-preferred-endpoint-type': hostname === '' ? 'ip' : 'hostname',
    // Otherwise an emptied primary and its replica would wander to another shard by themselves (M13).
    'cluster-allow-replica-migration': 'no',
    masteruser: REPLICATION_USER,
    masterauth: digests.replicationPassword,
  };
}

function launchOf(spec: ClusterSpec, node: NodeSpec, persistent: boolean): LaunchState {
  const { memoryBytes, cpus, nofile } = effectiveResources(spec, node);
  const bridge = spec.network.mode === 'bridge' ? spec.network : undefined;
  return {
    image: spec.redis.image,
    restart: persistent ? 'always' : 'no',
    memoryBytes,
    cpus,
    nofile,
    network: networkName(spec),
    ip: bridge === undefined ? '' : (node.address ?? ''),
    publish: bridge?.publish === undefined ? '' : `${bridge.publish}:${node.port}`,
  };
}

/** The server's defaults for directives that a spec may set; those that this version does not know are left out. */
function serverDefaults(spec: ClusterSpec, names: readonly string[]): Record<string, string> {
  const version = redisVersion(spec);
  const found = names.flatMap((name) => {
    const directive = findDirective(name);
    if (directive === undefined || directive.owner !== 'user' || directive.type.kind === 'file-only')
      return [];
    return knownIn(directive, version) ? [[directive.name, directive.default] as const] : [];
  });
  return Object.fromEntries(found);
}

/**
 * Works out the intent of a valid spec.
 * @param formerly directives that the spec set before: one that it sets no longer is to have the server's default.
 */
export function intentOf(
  spec: ClusterSpec,
  digests: SecretDigests,
  formerly: readonly string[] = [],
): Intent {
  const defaults = { ...serverDefaults(spec, formerly), ...DEFAULTS };
  const zones = new Map(spec.hosts.map((host) => [host.name, host.zone]));
  const users = Object.fromEntries(
    desiredUsers(spec).map((user) => [
      user.name,
      userText({ ...user, nopass: false }, digests.users[user.name] ?? []),
    ]),
  );
  const nodes: Record<NodeName, NodeIntent> = {};
  const members = new Map<ShardName, NodeName[]>();
  const directives = new Set<string>(['cluster-announce-ip']);
  for (const node of spec.nodes) {
    const own = effectiveConfig(spec, node);
    const persistent = directiveInForce(own, 'appendonly') === 'yes';
    const address = nodeAddress(spec, node);
    const config = {
      ...defaults,
      ...own,
      ...ownedDirectives(spec, node, digests),
      ...(address === undefined ? {} : { 'cluster-announce-ip': address }),
    };
    for (const directive of Object.keys(config)) directives.add(directive);
    members.set(node.shard, [...(members.get(node.shard) ?? []), node.name]);
    nodes[node.name] = {
      host: node.host,
      zone: zones.get(node.host) ?? '',
      shard: node.shard,
      preference: node.role === 'surge' ? 'replica' : node.role,
      surge: node.role === 'surge',
      launch: launchOf(spec, node, persistent),
      address,
      config: sorted(config),
      users,
      persistent,
    };
  }
  for (const names of members.values()) names.sort();
  return {
    spec,
    shards: [...members.keys()],
    members,
    nodes,
    weights: new Map(spec.shards.map(({ name, weight }) => [name, weight])),
    requested: new Map(),
    directives: [...directives].sort(),
  };
}

function sorted(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const namesIn = oncePer(({ nodes }: Intent) => new Set(Object.keys(nodes)));

/** Nodes that are there but that the spec no longer names, in alphabetical order. */
export function leaversOf(intent: Intent, live: ClusterState): readonly NodeName[] {
  const named = namesIn(intent);
  return rollOf(live.nodes)
    .names.filter((name) => !named.has(name))
    .sort();
}
