/** Which member of each shard should be primary: the live one whenever there is one, otherwise a choice over zones. */
import type { Answers } from '../model/census.ts';
import type { ClusterState, NodeName, ShardName, ZoneName } from '../model/cluster-state.ts';
import { oncePer } from '../model/once.ts';
import { isMember, isSyncedReplica } from '../model/topology.ts';
import { Incumbents, leavingPrimaries } from './incumbents.ts';
import type { Intent, NodeIntent } from './intent.ts';
import { ofEachPair } from './pairs.ts';
import { bump, evenOut, fullestZone, type RoleMove, spread } from './spread.ts';

export interface Primaries {
  /** The member that should be primary, one per shard; a node that leaves while it cannot be replaced yet. */
  readonly of: ReadonlyMap<ShardName, NodeName>;
  /** Leaving nodes that are still the primary of a shard that stays, by shard. */
  readonly outgoing: ReadonlyMap<ShardName, NodeName>;
}

/**
 * One member per shard.
 *
 * A member that owns slots stays primary: roles are live, a failover is not drift. It is replaced only by a member in
 * sync, and only when it leaves, when the spec newly names another one, or when the spread over zones has become worse
 * than it need be. Shards without slots are given primaries such that the fullest zone holds as few as possible,
 * whatever the order of nodes in the file (`redis-cli --cluster create` puts two of three primaries into one zone,
 * measured fact M3). Preferences of the spec are followed there; the schema has seen to it that they do not spoil the
 * spread.
 */
export function choosePrimaries(intent: Intent, live: ClusterState): Primaries {
  const outgoing = leavingPrimaries(intent, live);
  const present = presentOf(incumbents(intent).of(live, outgoing));
  const open = intent.shards.length > present.size ? spread(intent, live, present) : none;
  const chosen = open.size === 0 ? present : new Map([...present, ...open]);
  const isAtRest =
    live.agreement === 'yes' && live.serving === 'yes' && isPending(live.nodes, intent.nodes).length === 0;
  const changes = isAtRest ? changesOfRole(intent, live, chosen) : none;
  return { of: changes.size === 0 ? chosen : new Map([...chosen, ...changes]), outgoing };
}

const none: ReadonlyMap<ShardName, NodeName> = new Map();
const presentOf = oncePer((answers: Answers<NodeName>) => new Map(answers));
const incumbents = oncePer((intent: Intent) => new Incumbents(intent));

/**
 * Whether something else is pending: the node does not run as the spec says, or is not in sync. Roles are moved only
 * when that is so of no node, or they would swing to and fro between the switchovers that a rolling change needs.
 */
const isPending = ofEachPair<NodeIntent>()((node, { launch, config }): true | undefined => {
  if (!isMember(node) || !node.synced || node.launch === null) return true;
  const is = node.launch;
  const isAsLaunched = (Object.keys(launch) as (keyof typeof launch)[]).every(
    (field) => is[field] === launch[field],
  );
  const isAsConfigured = Object.entries(config).every(
    ([directive, value]) => node.config[directive] === value,
  );
  return !(isAsLaunched && isAsConfigured) || undefined;
});

/** Shards whose primary role should move to another member, which is in sync, while nothing else is to be done. */
function changesOfRole(
  intent: Intent,
  live: ClusterState,
  chosen: ReadonlyMap<ShardName, NodeName>,
): Map<ShardName, NodeName> {
  const changes = new Map<ShardName, NodeName>();
  const canTakeOver = (shard: ShardName, name: NodeName | undefined): name is NodeName => {
    const node = name === undefined ? undefined : live.nodes[name];
    const incumbent = chosen.get(shard);
    return node !== undefined && name !== incumbent && isSyncedReplica(node) && node.replicaOf === incumbent;
  };
  for (const [shard, name] of intent.requested) if (canTakeOver(shard, name)) changes.set(shard, name);

  const zoneOf = (name: NodeName): ZoneName => intent.nodes[name]?.zone ?? '';
  const load = new Map<ZoneName, number>();
  for (const [shard, name] of chosen) bump(load, zoneOf(changes.get(shard) ?? name));
  // Roles that the spec newly asks for stay where they are, or the two reasons would take turns for ever.
  const moves = [...chosen].flatMap(([shard, name]): RoleMove[] => {
    if (changes.has(shard) || intent.requested.get(shard) === name) return [];
    const heirs = (intent.members.get(shard) ?? []).filter((heir) => canTakeOver(shard, heir));
    return heirs.map((to) => ({ shard, to, fromZone: zoneOf(name), toZone: zoneOf(to) }));
  });
  for (const { shard, to } of evenOut(load, fullestZone(intent, live), moves)) changes.set(shard, to);
  return changes;
}
