/** Which member of each shard should be primary: the live one whenever there is one, otherwise a choice over zones. */
import type { ClusterState, NodeName, ShardName, ZoneName } from '../model/cluster-state.ts';
import { parseSlots, slotCount } from '../model/slots.ts';
import { isMember, isSyncedReplica } from '../model/topology.ts';
import type { Intent } from './intent.ts';

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
  const chosen = new Map<ShardName, NodeName>();
  const outgoing = leavingPrimaries(intent, live);
  for (const shard of intent.shards) {
    const leaver = outgoing.get(shard);
    const incumbent =
      leaver !== undefined
        ? heirOf(intent, live, shard, leaver)
        : (heirOfLost(intent, live, shard) ??
          incumbentOf(intent, live, shard) ??
          preferredOf(intent, live, shard));
    if (incumbent !== undefined) chosen.set(shard, incumbent);
  }
  for (const [shard, node] of spread(intent, live, chosen)) chosen.set(shard, node);
  for (const [shard, node] of changesOfRole(intent, live, chosen)) chosen.set(shard, node);
  return { of: chosen, outgoing };
}

/** Nodes that the spec no longer names and that still own slots of a shard that it does name. */
function leavingPrimaries(intent: Intent, live: ClusterState): Map<ShardName, NodeName> {
  const leaving = Object.entries(live.nodes).filter(
    ([name, node]) => intent.nodes[name] === undefined && node.slots !== '' && intent.members.has(node.shard),
  );
  // When a member that stays owns slots too, that one is the shard's primary and the other's slots move to it.
  return new Map(
    leaving
      .filter(([, { shard }]) => incumbentOf(intent, live, shard) === undefined)
      .map(([name, { shard }]) => [shard, name]),
  );
}

/**
 * Who takes over from a primary that leaves: a member that stays, once every one of them whose host can be reached has
 * all of its data, so that redundancy does not drop on the way; until then the leaver itself.
 */
function heirOf(intent: Intent, live: ClusterState, shard: ShardName, leaver: NodeName): NodeName {
  const members = (intent.members.get(shard) ?? []).filter((name) => {
    const host = intent.nodes[name]?.host;
    return host !== undefined && live.hosts[host]?.engine === 'yes';
  });
  const ready = members.filter((name) => {
    const node = live.nodes[name];
    return node !== undefined && isSyncedReplica(node) && node.replicaOf === leaver;
  });
  if (ready.length === 0 || ready.length < members.length) return leaver;
  return ready.find((name) => intent.nodes[name]?.preference === 'primary') ?? (ready[0] as NodeName);
}

/** The member that is to be elected in place of a lost one that is no node of ours any more and still owns slots. */
function heirOfLost(intent: Intent, live: ClusterState, shard: ShardName): NodeName | undefined {
  const members = intent.members.get(shard) ?? [];
  if (members.some((name) => (live.nodes[name]?.slots ?? '') !== '')) return undefined;
  return members.find((name) => {
    const node = live.nodes[name];
    const ghost = live.ghosts[node?.replicaOf ?? ''];
    return node?.copy === 'whole' && ghost !== undefined && ghost.slots !== '';
  });
}

/** Shards whose primary role should move to another member, which is in sync, while nothing else is to be done. */
function changesOfRole(
  intent: Intent,
  live: ClusterState,
  chosen: ReadonlyMap<ShardName, NodeName>,
): Map<ShardName, NodeName> {
  const changes = new Map<ShardName, NodeName>();
  if (!isAtRest(intent, live)) return changes;
  const canTakeOver = (shard: ShardName, name: NodeName | undefined): name is NodeName => {
    const node = name === undefined ? undefined : live.nodes[name];
    const incumbent = chosen.get(shard);
    return node !== undefined && name !== incumbent && isSyncedReplica(node) && node.replicaOf === incumbent;
  };
  for (const [shard, name] of intent.requested) if (canTakeOver(shard, name)) changes.set(shard, name);

  const zoneOf = (name: NodeName): ZoneName => intent.nodes[name]?.zone ?? '';
  const load = new Map<ZoneName, number>();
  for (const [shard, name] of chosen) bump(load, zoneOf(changes.get(shard) ?? name));
  const best = fullestZone(intent, live);
  for (const shard of intent.shards) {
    const now = changes.get(shard) ?? chosen.get(shard);
    if (now === undefined || (load.get(zoneOf(now)) ?? 0) <= best) continue;
    const better = (intent.members.get(shard) ?? []).find(
      (name) => canTakeOver(shard, name) && (load.get(zoneOf(name)) ?? 0) < best,
    );
    if (better === undefined) continue;
    load.set(zoneOf(now), (load.get(zoneOf(now)) ?? 0) - 1);
    bump(load, zoneOf(better));
    changes.set(shard, better);
  }
  return changes;
}

/**
 * Nothing else is pending: every node of the spec runs as the spec says and is in sync. Roles are moved only then, or
 * they would swing to and fro between the switchovers that a rolling change needs.
 */
function isAtRest(intent: Intent, live: ClusterState): boolean {
  if (live.agreement !== 'yes' || live.serving !== 'yes') return false;
  return Object.entries(intent.nodes).every(([name, { launch, config }]) => {
    const node = live.nodes[name];
    if (node === undefined || !isMember(node) || !node.synced || node.launch === null) return false;
    const is = node.launch;
    const asLaunched = (Object.keys(launch) as (keyof typeof launch)[]).every(
      (field) => is[field] === launch[field],
    );
    return (
      asLaunched && Object.entries(config).every(([directive, value]) => node.config[directive] === value)
    );
  });
}

/** The most primaries that one zone has to hold when the shards are spread as well as they can be. */
function fullestZone(intent: Intent, live: ClusterState): number {
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
