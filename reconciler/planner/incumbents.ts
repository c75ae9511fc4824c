/** Which member of each shard the live cluster itself decides for, and who takes over from a primary that leaves. */
import { type Answers, Finder, Recount } from '../model/census.ts';
import type { ClusterState, NodeName, NodeState, ShardName } from '../model/cluster-state.ts';
import { parseSlots, slotCount } from '../model/slots.ts';
import { isSyncedReplica, nodeOf } from '../model/topology.ts';
import { type Intent, leaversOf } from './intent.ts';

/** What the live cluster itself decides for, shard by shard; worked out again only for shards that changed. */
export class Incumbents {
  readonly #intent: Intent;
  /** The first members of all shards, the second ones, and so on. */
  readonly #seats: readonly Finder<NodeState>[];
  #recount = new Recount<NodeName>();
  #hosts: ClusterState['hosts'] = {};
  #ghosts: ClusterState['ghosts'] = {};

  constructor(intent: Intent) {
    this.#intent = intent;
    const members = intent.shards.map((shard) => intent.members.get(shard) ?? []);
    const most = Math.max(0, ...members.map(({ length }) => length));
    this.#seats = Array.from(
      { length: most },
      (_, seat) => new Finder<NodeState>(members.map((names) => names[seat] ?? '')),
    );
  }

  of(live: ClusterState, outgoing: ReadonlyMap<ShardName, NodeName>): Answers<NodeName> {
    const { shards } = this.#intent;
    if (live.hosts !== this.#hosts || live.ghosts !== this.#ghosts) this.#recount = new Recount();
    this.#hosts = live.hosts;
    this.#ghosts = live.ghosts;
    const leavers = shards.map((shard) => outgoing.get(shard));
    const columns = [
      leavers,
      leavers.map((name) => (name === undefined ? undefined : live.nodes[name])),
      ...this.#seats.map((seat) => seat.of(live.nodes)),
    ];
    return this.#recount.of(shards, columns, (row) =>
      presentChoice(this.#intent, live, shards[row] as ShardName, leavers[row]),
    );
  }
}

/** The member that the live cluster itself decides for; it looks at the members of that shard, at hosts and ghosts. */
function presentChoice(
  intent: Intent,
  live: ClusterState,
  shard: ShardName,
  leaver: NodeName | undefined,
): NodeName | undefined {
  if (leaver !== undefined) return heirOf(intent, live, shard, leaver);
  return (
    heirOfLost(intent, live, shard) ?? incumbentOf(intent, live, shard) ?? preferredOf(intent, live, shard)
  );
}

/** Nodes that the spec no longer names and that still own slots of a shard that it does name. */
export function leavingPrimaries(intent: Intent, live: ClusterState): Map<ShardName, NodeName> {
  const leaving = leaversOf(intent, live)
    .map((name) => [name, nodeOf(live, name)] as const)
    .filter(([, node]) => node.slots !== '' && intent.members.has(node.shard));
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
export function isUsable(live: ClusterState, name: NodeName): boolean {
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
  return preferred.find((name) => isUsable(live, name));
}
