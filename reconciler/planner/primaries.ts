/** Which member of each shard should be primary: the live one whenever there is one, otherwise a choice over zones. */
import type { ClusterState, NodeName, ShardName, ZoneName } from '../model/cluster-state.ts';
import { parseSlots, slotCount } from '../model/slots.ts';
import type { Intent } from './intent.ts';

/**
 * One member per shard.
 *
 * A member that owns slots stays primary: roles are live, a failover is not drift. Shards without slots are given
 * primaries such that the fullest zone holds as few as possible, whatever the order of nodes in the file
 * (`redis-cli --cluster create` puts two of three primaries into one zone, measured fact M3). Preferences of the
 * spec are followed there; the schema has seen to it that they do not spoil the spread.
 */
export function choosePrimaries(intent: Intent, live: ClusterState): Map<ShardName, NodeName> {
  const chosen = new Map<ShardName, NodeName>();
  for (const shard of intent.shards) {
    const incumbent = incumbentOf(intent, live, shard) ?? preferredOf(intent, live, shard);
    if (incumbent !== undefined) chosen.set(shard, incumbent);
  }
  for (const [shard, node] of spread(intent, live, chosen)) chosen.set(shard, node);
  return chosen;
}

/** The member that is primary now: the one with most slots, or the one that other members already replicate. */
function incumbentOf(intent: Intent, live: ClusterState, shard: ShardName): NodeName | undefined {
  const members = intent.members.get(shard) ?? [];
  const weight = (name: NodeName): number => {
    const node = live.nodes[name];
    if (node === undefined || node.role !== 'primary') return 0;
    const followers = members.filter((other) => live.nodes[other]?.replicaOf === name).length;
    return slotCount(parseSlots(node.slots)) * 1000 + followers;
  };
  const best = members.reduce<NodeName | undefined>(
    (a, b) => (a === undefined || weight(b) > weight(a) ? b : a),
    undefined,
  );
  return best !== undefined && weight(best) > 0 ? best : undefined;
}

/** A member can become primary at once unless its host or its process is known to be out of reach. */
function usable(live: ClusterState, name: NodeName): boolean {
  const node = live.nodes[name];
  if (node === undefined) return false;
  return (
    node.reachable === 'yes' || (live.hosts[node.host]?.engine === 'yes' && node.container !== 'running')
  );
}

function preferredOf(intent: Intent, live: ClusterState, shard: ShardName): NodeName | undefined {
  const preferred = (intent.members.get(shard) ?? []).filter(
    (name) => intent.nodes[name]?.preference === 'primary',
  );
  return preferred.find((name) => usable(live, name));
}

/**
 * Assigns the open shards to zones under the smallest capacity for which a matching exists
 * (Kuhn's augmenting paths with capacities on the zones).
 */
function spread(
  intent: Intent,
  live: ClusterState,
  fixed: ReadonlyMap<ShardName, NodeName>,
): Map<ShardName, NodeName> {
  const open = intent.shards.filter((shard) => !fixed.has(shard));
  if (open.length === 0) return new Map();
  const candidates = new Map(open.map((shard) => [shard, candidatesOf(intent, live, shard)]));
  const load = new Map<ZoneName, number>();
  for (const node of fixed.values()) bump(load, intent.nodes[node]?.zone ?? '');
  for (let capacity = Math.max(1, ...load.values()); ; capacity += 1) {
    const taken = match(open, candidates, load, capacity, intent);
    if (taken !== undefined) return taken;
  }
}

function bump(load: Map<ZoneName, number>, zone: ZoneName): void {
  load.set(zone, (load.get(zone) ?? 0) + 1);
}

/** Members that may become primary, usable ones only if there are any, replicas by preference last. */
function candidatesOf(intent: Intent, live: ClusterState, shard: ShardName): NodeName[] {
  const members = intent.members.get(shard) ?? [];
  const ready = members.filter((name) => usable(live, name));
  const pool = ready.length > 0 ? ready : members;
  const willing = pool.filter((name) => intent.nodes[name]?.preference !== 'replica');
  return [...(willing.length > 0 ? willing : pool)];
}

function match(
  open: readonly ShardName[],
  candidates: ReadonlyMap<ShardName, readonly NodeName[]>,
  load: ReadonlyMap<ZoneName, number>,
  capacity: number,
  intent: Intent,
): Map<ShardName, NodeName> | undefined {
  const taken = new Map<ShardName, NodeName>();
  const inZone = new Map<ZoneName, ShardName[]>();
  const zoneOf = (node: NodeName): ZoneName => intent.nodes[node]?.zone ?? '';

  const place = (shard: ShardName, visited: Set<ZoneName>): boolean => {
    for (const node of candidates.get(shard) ?? []) {
      const zone = zoneOf(node);
      if (visited.has(zone)) continue;
      visited.add(zone);
      const tenants = inZone.get(zone) ?? [];
      const free = (load.get(zone) ?? 0) + tenants.length < capacity;
      const evicted = free ? undefined : tenants.find((tenant) => place(tenant, visited));
      if (!free && evicted === undefined) continue;
      inZone.set(zone, [...(inZone.get(zone) ?? []).filter((tenant) => tenant !== evicted), shard]);
      taken.set(shard, node);
      return true;
    }
    return false;
  };

  for (const shard of open) {
    if ((candidates.get(shard) ?? []).length === 0) continue;
    if (!place(shard, new Set())) return undefined;
  }
  return taken;
}
