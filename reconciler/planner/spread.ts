/** Spreading primaries over zones, so that the loss of one takes as few of them along as can be. */
import type { ClusterState, NodeName, ShardName, ZoneName } from '../model/cluster-state.ts';
import { isUsable } from './incumbents.ts';
import type { Intent } from './intent.ts';

/** The most primaries that one zone has to hold when the shards are spread as well as they can be. */
export function fullestZone(intent: Intent, live: ClusterState): number {
  const known = fullest.get(intent);
  if (known !== undefined) return known;
  // Preferences come first here too: a spread that the spec itself asks for is no reason to move anything.
  const fixed = new Map<ShardName, NodeName>();
  for (const shard of intent.shards) {
    const preferred = (intent.members.get(shard) ?? []).find(
      (name) => intent.nodes[name]?.preference === 'primary',
    );
    if (preferred !== undefined) fixed.set(shard, preferred);
  }
  const load = new Map<ZoneName, number>();
  for (const name of [...fixed.values(), ...spread(intent, live, fixed).values()])
    bump(load, intent.nodes[name]?.zone ?? '');
  const most = Math.max(1, ...load.values());
  fullest.set(intent, most);
  return most;
}

const fullest = new WeakMap<Intent, number>();

/**
 * Assigns the open shards to zones under the smallest capacity for which a matching exists
 * (Kuhn's augmenting paths with capacities on the zones).
 */
export function spread(
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

/** The primary of a shard could become another member of it, in another zone perhaps. */
export interface RoleMove {
  readonly shard: ShardName;
  readonly to: NodeName;
  readonly fromZone: ZoneName;
  readonly toZone: ZoneName;
}

/**
 * The fewest moves after which no zone holds more than it has to, as far as these moves allow: where no primary of a
 * zone that is too full can go to one that has room, another one makes room (shortest chains, found breadth first).
 * @param load primaries by zone.
 * @param most how many a zone may hold.
 */
export function evenOut(
  load: ReadonlyMap<ZoneName, number>,
  most: number,
  moves: readonly RoleMove[],
): readonly RoleMove[] {
  const now = new Map(load);
  const made = new Map<ShardName, RoleMove>();
  const leaving = Map.groupBy(moves, ({ fromZone }) => fromZone);
  for (const zone of [...now.keys()].sort()) {
    while ((now.get(zone) ?? 0) > most) {
      const chain = chainFrom(zone, leaving, made, (to) => (now.get(to) ?? 0) < most);
      const last = chain.at(-1);
      if (last === undefined) break;
      for (const move of chain) made.set(move.shard, move);
      now.set(zone, (now.get(zone) ?? 0) - 1);
      bump(now, last.toZone);
    }
  }
  return [...made.values()];
}

/** Moves of as few shards as can be, the first out of this zone, each into the zone that the next one leaves. */
function chainFrom(
  zone: ZoneName,
  leaving: ReadonlyMap<ZoneName, readonly RoleMove[]>,
  made: ReadonlyMap<ShardName, RoleMove>,
  hasRoom: (zone: ZoneName) => boolean,
): readonly RoleMove[] {
  const reached = new Map<ZoneName, readonly RoleMove[]>([[zone, []]]);
  // A map is walked in the order in which it was filled, also by what is added on the way.
  for (const [from, way] of reached) {
    for (const move of leaving.get(from) ?? []) {
      if (reached.has(move.toZone) || made.has(move.shard)) continue;
      const longer = [...way, move];
      if (hasRoom(move.toZone)) return longer;
      reached.set(move.toZone, longer);
    }
  }
  return [];
}

export function bump(load: Map<ZoneName, number>, zone: ZoneName): void {
  load.set(zone, (load.get(zone) ?? 0) + 1);
}

/** Members that may become primary, usable ones only if there are any, replicas by preference last. */
function candidatesOf(intent: Intent, live: ClusterState, shard: ShardName): NodeName[] {
  const members = intent.members.get(shard) ?? [];
  const ready = members.filter((name) => isUsable(live, name));
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
