/**
 * Surge replicas: an extra member for each shard that is being rolled, so that its redundancy never drops. The spec
 * names them; whether one is wanted now follows from the live state alone, so that a roll that was interrupted goes on.
 */
import type { ClusterState, NodeName, NodeState, ShardName } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { isMember, isSyncedReplica, nodeOf, ownsSlots, shardMembers } from '../model/topology.ts';
import { canary, downgradeOf } from './canary.ts';
import type { Intent, NodeIntent } from './intent.ts';
import { hasToStop } from './stop-changes.ts';

/** Surge replicas by shard; most specs have none. */
const surges = new WeakMap<Intent, ReadonlyMap<ShardName, readonly NodeName[]>>();

function surgesOf(intent: Intent): ReadonlyMap<ShardName, readonly NodeName[]> {
  const known = surges.get(intent);
  if (known !== undefined) return known;
  const names = Object.keys(intent.nodes).filter((name) => intent.nodes[name]?.surge === true);
  const found = Map.groupBy(names, (name) => (intent.nodes[name] as NodeIntent).shard);
  surges.set(intent, found);
  return found;
}

/** Parts of an intent, by the surge replicas that are left in it. */
const parts = new WeakMap<Intent, Map<string, Intent>>();

/** What the spec wants of a live state: the intent without the surge replicas that are not needed in it. */
export function intentNow(intent: Intent, live: ClusterState, facts: Facts): Intent {
  const all = [...surgesOf(intent).values()].flat();
  if (all.length === 0) return intent;
  const wanted = wantedSurges(intent, live, facts);
  const key = [...wanted].sort().join(' ');
  const known = parts.get(intent)?.get(key);
  if (known !== undefined) return known;
  const isOut = (name: NodeName): boolean => intent.nodes[name]?.surge === true && !wanted.has(name);
  const part: Intent = {
    ...intent,
    members: new Map(
      [...intent.members].map(([shard, names]) => [shard, names.filter((name) => !isOut(name))]),
    ),
    nodes: Object.fromEntries(Object.entries(intent.nodes).filter(([name]) => !isOut(name))),
  };
  parts.set(intent, (parts.get(intent) ?? new Map<string, Intent>()).set(key, part));
  return part;
}

/** Whether a member holds all that its shard has. */
function isWhole(node: NodeState): boolean {
  return isMember(node) && (ownsSlots(node) || isSyncedReplica(node));
}

/**
 * Those that are there stay until every member of their shard is as it should be and has all of its data. New ones come
 * for as many shards as may be disturbed at a time; while a canary goes ahead, for that one alone.
 */
function wantedSurges(intent: Intent, live: ClusterState, facts: Facts): Set<NodeName> {
  const lasting = Object.keys(intent.nodes).filter((name) => intent.nodes[name]?.surge === false);
  const pending = new Set(
    lasting.filter((name) => hasToStop(nodeOf(live, name), intent.nodes[name] as NodeIntent)),
  );
  const wanted = new Set<NodeName>();
  let open = 0;
  const fresh: (readonly NodeName[])[] = [];
  const { only, watch } = canary(intent, live, pending);
  for (const [shard, names] of surgesOf(intent)) {
    const members = lasting.filter((name) => intent.nodes[name]?.shard === shard);
    const isPending = members.some((name) => pending.has(name));
    const isBegun = names.some((name) => nodeOf(live, name).container !== 'absent');
    const isRolling = isPending || members.some((name) => !isWhole(nodeOf(live, name)));
    if (isBegun && isRolling && isServed(live, shard)) {
      for (const name of names) wanted.add(name);
      open += 1;
    } else if (isPending && isServed(live, shard) && (only === undefined || only === shard))
      fresh.push(names);
  }
  if (fresh.length === 0 || watch.length > 0 || downgradeOf(intent, facts) !== undefined) return wanted;
  const room = Math.max(0, intent.spec.policies.parallelShards - open);
  for (const name of fresh.slice(0, room).flat()) wanted.add(name);
  return wanted;
}

function isServed(live: ClusterState, shard: ShardName): boolean {
  return (shardMembers(live).get(shard) ?? []).some((name) => ownsSlots(nodeOf(live, name)));
}

/**
 * Whether a shard is to have a surge replica before any member of it is disturbed, and its turn has not come yet.
 * @param intent as it is now.
 */
export function awaitsTurn(intent: Intent, live: ClusterState, shard: ShardName): boolean {
  if (!isServed(live, shard)) return false;
  const members = shardMembers(live).get(shard) ?? [];
  return members.some((name) => nodeOf(live, name).surge && intent.nodes[name] === undefined);
}
