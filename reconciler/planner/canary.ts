/** Which shard of a rolling change goes ahead, and whether a roll may begin at all. */
import { redisVersion } from '../../spec-schema/effective.ts';
import type { ClusterState, NodeName, ShardName } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { oncePer } from '../model/once.ts';
import { nodeOf } from '../model/topology.ts';
import type { Intent } from './intent.ts';
import { Latest } from './latest.ts';

/**
 * What has to be seen first: when every shard is concerned, one of them goes ahead, and the others wait until its
 * members have run well for the policy's time.
 * @param pending nodes that are to be restarted.
 */
export function canary(
  intent: Intent,
  live: ClusterState,
  pending: Pick<ReadonlySet<NodeName>, 'has'>,
): { only?: ShardName; watch: NodeName[] } {
  const open = intent.shards.filter((shard) => intent.members.get(shard)?.some((name) => pending.has(name)));
  if (intent.spec.policies.canarySoak === 0 || intent.shards.length === 1) return { watch: [] };
  if (open.length === intent.shards.length) {
    const first = open[0];
    return first === undefined ? { watch: [] } : { only: first, watch: [] };
  }
  // Only the first one is a canary; whoever follows was preceded by it.
  if (intent.shards.length - open.length > 1) return { watch: [] };
  const done = intent.shards
    .filter((shard) => !open.includes(shard))
    .flatMap((shard) => [...(intent.members.get(shard) ?? [])]);
  return { watch: done.filter((name) => !nodeOf(live, name).soaked).sort() };
}

/** RDB versions by the minor version that brought them: an older server cannot read what a newer one sends. */
const RDB_VERSIONS: readonly (readonly [major: number, minor: number, rdb: number])[] = [
  [8, 8, 14],
  [8, 6, 13],
  [0, 0, 12],
];

export function rdbVersion(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return RDB_VERSIONS.find(([a, b]) => major > a || (major === a && minor >= b))?.[2] ?? 0;
}

/**
 * A way back that there is not: replicas of the older version could never synchronise with a newer primary.
 * @returns a node that runs the newer version, in alphabetical order the first; undefined when the way is free.
 */
export function downgradeOf(intent: Intent, facts: Facts): Downgrade | undefined {
  return lately(intent).of([facts], () => findDowngrade(intent, facts));
}

interface Downgrade {
  readonly node: NodeName;
  readonly from: string;
  readonly to: string;
}

const lately = oncePer((_: Intent) => new Latest<Downgrade | undefined>());

function findDowngrade({ spec, nodes }: Intent, facts: Facts): Downgrade | undefined {
  const to = redisVersion(spec);
  const limit = rdbVersion(to);
  for (const node of Object.keys(nodes).sort()) {
    const from = facts.nodes[node]?.reading?.version;
    if (from !== undefined && from !== to && rdbVersion(from) > limit) return { node, from, to };
  }
  return undefined;
}
