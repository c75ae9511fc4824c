/** What would happen if a zone, or one host of it, were lost in a given state: nothing is planned, only looked at. */
import type {
  ClusterState,
  HostName,
  NodeName,
  NodeState,
  ShardName,
  ZoneName,
} from '../model/cluster-state.ts';
import { parseSlots, slotCount } from '../model/slots.ts';
import { isMember, isSyncedReplica, ownsSlots } from '../model/topology.ts';

/** What is left when everything in one place is gone at once. Shards are in the order of their names. */
export interface Loss {
  /** Shards whose primary is there, while a complete replica elsewhere can be voted for. */
  readonly failsOver: readonly ShardName[];
  /** Those of `failsOver` whose best replica is not in sync: the last writes would be missing. */
  readonly behind: readonly ShardName[];
  /** Shards with a complete replica elsewhere that nobody can vote for, because the quorum is lost: a person decides. */
  readonly stranded: readonly ShardName[];
  /** Shards without a complete copy elsewhere. */
  readonly lost: readonly ShardName[];
  /** Shards of which it cannot be told, because something elsewhere was not read. */
  readonly uncertain: readonly ShardName[];
  /** Slots of the shards in `lost`. */
  readonly slotsLost: number;
  /** Whether most of the primaries that own slots are elsewhere and answer. */
  readonly quorum: 'kept' | 'lost' | 'unknown';
  /** Members by which the shards that live on are short afterwards. */
  readonly replicasMissing: number;
  /** Of the shards that have somebody there, those that live on with no replica in sync. */
  readonly bare: readonly ShardName[];
}

export interface HostLoss extends Loss {
  readonly host: HostName;
}

export interface ZoneLoss extends Loss {
  readonly zone: ZoneName;
  /** The same for each host, where a zone has more than one. */
  readonly hosts: readonly HostLoss[];
}

interface Owner {
  readonly name: NodeName;
  readonly node: NodeState;
  readonly followers: readonly NodeState[];
}

/** Who votes: primaries that own slots, those that answer, and those of which nobody can tell. */
interface Voters {
  total: number;
  up: number;
  unsure: number;
}

/** Where a node is, by zone or by host. */
type Placement = (node: NodeState) => string;

/**
 * One loss for each zone that has nodes, by name. A cluster of which nobody owns a slot has nothing to lose: then there
 * are none.
 */
export function zoneLosses(state: ClusterState): ZoneLoss[] {
  const owners = ownersOf(state);
  if (owners.length === 0) return [];
  const zones = lossesBy(state, owners, ({ zone }) => zone);
  const hosts = lossesBy(state, owners, ({ host }) => host);
  const hostsOf = new Map<ZoneName, Set<HostName>>();
  for (const { zone, host } of Object.values(state.nodes))
    hostsOf.set(zone, (hostsOf.get(zone) ?? new Set()).add(host));
  return inOrder([...zones.keys()]).map((zone) => {
    const names = inOrder([...(hostsOf.get(zone) ?? [])]);
    return {
      zone,
      ...(zones.get(zone) as Loss),
      hosts: names.length < 2 ? [] : names.map((host) => ({ host, ...(hosts.get(host) as Loss) })),
    };
  });
}

function ownersOf({ nodes }: ClusterState): Owner[] {
  const followers = Map.groupBy(
    Object.values(nodes).filter(({ replicaOf }) => replicaOf !== null),
    ({ replicaOf }) => replicaOf as NodeName,
  );
  return Object.entries(nodes)
    .filter(([, node]) => ownsSlots(node))
    .map(([name, node]) => ({ name, node, followers: followers.get(name) ?? [] }));
}

function lossesBy(state: ClusterState, owners: readonly Owner[], place: Placement): Map<string, Loss> {
  const all = votersOf(state, owners);
  const here = new Map<string, Voters>();
  // A place concerns only the shards that have somebody there, so that all places together cost one pass.
  const concerned = new Map<string, Set<Owner>>();
  for (const node of Object.values(state.nodes)) concerned.set(place(node), new Set());
  for (const owner of owners) {
    const voters = here.get(place(owner.node)) ?? { total: 0, up: 0, unsure: 0 };
    count(voters, owner.node);
    here.set(place(owner.node), voters);
    for (const node of [owner.node, ...owner.followers]) concerned.get(place(node))?.add(owner);
  }
  return new Map(
    [...concerned].map(([name, affected]) => [
      name,
      lossOf([...affected], (node) => place(node) === name, quorumWithout(all, here.get(name))),
    ]),
  );
}

function count(voters: Voters, node: NodeState): void {
  voters.total += 1;
  if (isMember(node)) voters.up += 1;
  else if (node.reachable === 'unknown' || node.membership === 'unknown') voters.unsure += 1;
}

/** Members that are none of our nodes have a vote too, and belong to no place. */
function votersOf({ ghosts }: ClusterState, owners: readonly Owner[]): Voters {
  const voters: Voters = { total: 0, up: 0, unsure: 0 };
  for (const { node } of owners) count(voters, node);
  for (const { slots, state } of Object.values(ghosts)) {
    if (slots === '') continue;
    voters.total += 1;
    if (state === 'alive') voters.up += 1;
    if (state === 'unclear') voters.unsure += 1;
  }
  return voters;
}

function quorumWithout(all: Voters, gone: Voters = { total: 0, up: 0, unsure: 0 }): Loss['quorum'] {
  const up = all.up - gone.up;
  if (up * 2 > all.total) return 'kept';
  return (up + all.unsure - gone.unsure) * 2 > all.total ? 'unknown' : 'lost';
}

type Lists = 'failsOver' | 'behind' | 'stranded' | 'lost' | 'uncertain' | 'bare';

function lossOf(owners: readonly Owner[], gone: (node: NodeState) => boolean, quorum: Loss['quorum']): Loss {
  const found: Record<Lists, Set<ShardName>> = {
    failsOver: new Set(),
    behind: new Set(),
    stranded: new Set(),
    lost: new Set(),
    uncertain: new Set(),
    bare: new Set(),
  };
  let slotsLost = 0;
  let replicasMissing = 0;
  for (const { node, followers } of owners) {
    const left = followers.filter((follower) => !gone(follower));
    const away = followers.length - left.length;
    const copies = left.filter(isCandidate);
    const synced = left.filter(isSyncedReplica).length;
    if (!gone(node) && isMember(node)) {
      replicasMissing += away;
      if (away > 0 && synced === 0) found.bare.add(node.shard);
      continue;
    }
    // Of a primary elsewhere that is missing already, only what it would take the place's copies for is lost here.
    if (!gone(node) && !followers.some((follower) => gone(follower) && isCandidate(follower))) continue;
    if (copies.length > 0 && quorum === 'kept') {
      found.failsOver.add(node.shard);
      if (synced === 0) found.behind.add(node.shard);
      if (synced <= 1) found.bare.add(node.shard);
      replicasMissing += away + 1;
    } else if (copies.length > 0 && quorum === 'lost') found.stranded.add(node.shard);
    else if (copies.length > 0 || left.some(isUnclear)) found.uncertain.add(node.shard);
    else {
      found.lost.add(node.shard);
      slotsLost += slotCount(parseSlots(node.slots));
    }
  }
  const list = (name: Lists): ShardName[] => inOrder([...found[name]]);
  return {
    failsOver: list('failsOver'),
    behind: list('behind'),
    stranded: list('stranded'),
    lost: list('lost'),
    uncertain: list('uncertain'),
    slotsLost,
    quorum,
    replicasMissing,
    bare: list('bare'),
  };
}

/** Whether it may take over: Redis itself would promote a replica that never synchronised, RedisForge does not. */
function isCandidate(node: NodeState): boolean {
  return isMember(node) && node.role === 'replica' && node.copy === 'whole';
}

function isUnclear(node: NodeState): boolean {
  return node.reachable === 'unknown' || (isMember(node) && node.copy === 'unknown');
}

const numeric = new Intl.Collator('en', { numeric: true });

/** `s2` before `s10`. */
function inOrder<Name extends string>(names: Name[]): Name[] {
  return names.sort(numeric.compare);
}
