/** Questions about a `ClusterState` that several topics ask: who owns what, who follows whom, what is whole. */
import type { ClusterState, NodeName, NodeState, ShardName } from './cluster-state.ts';
import { ALL_SLOTS, parseSlots, slotCount, subtractSlots, unionSlots, type SlotSet } from './slots.ts';

/** The node of that name. @throws RangeError when the document has none: a bug, never a state of the world. */
export function nodeOf(state: ClusterState, name: NodeName): NodeState {
  const node = state.nodes[name];
  if (node === undefined) throw new RangeError(`no node ${name} in cluster ${state.cluster}`);
  return node;
}

/** Node names of each shard, both in alphabetical order. */
export function shardMembers(state: ClusterState): Map<ShardName, NodeName[]> {
  const shards = new Map<ShardName, NodeName[]>();
  for (const name of Object.keys(state.nodes).sort()) {
    const { shard } = nodeOf(state, name);
    const members = shards.get(shard);
    if (members === undefined) shards.set(shard, [name]);
    else members.push(name);
  }
  return new Map([...shards].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The other members of a node's shard, in alphabetical order. */
export function peersOf(state: ClusterState, name: NodeName): NodeName[] {
  const { shard } = nodeOf(state, name);
  return Object.keys(state.nodes)
    .filter((other) => other !== name && nodeOf(state, other).shard === shard)
    .sort();
}

/** Whether the node owns at least one slot. */
export function ownsSlots(node: NodeState): boolean {
  return node.slots !== '';
}

/** Names of all nodes that own slots. */
export function slotOwners(state: ClusterState): NodeName[] {
  return Object.keys(state.nodes).filter((name) => ownsSlots(nodeOf(state, name)));
}

/** Every slot that a node of ours or a ghost owns. */
export function coveredSlots(state: ClusterState): SlotSet {
  const owned = [...Object.values(state.nodes), ...Object.values(state.ghosts)].flatMap((owner) => [...parseSlots(owner.slots)]);
  return unionSlots(owned, []);
}

/** The slots that nobody owns. */
export function uncoveredSlots(state: ClusterState): SlotSet {
  return subtractSlots(ALL_SLOTS, coveredSlots(state));
}

/** No slot has an owner: the cluster is yet to be formed. */
export function isUnformed(state: ClusterState): boolean {
  return slotCount(coveredSlots(state)) === 0;
}

/** A running member that answers and that the others are connected with. */
export function isMember(node: NodeState): boolean {
  return node.reachable === 'yes' && node.membership === 'joined';
}

/** A replica from which nothing would be lost if its primary went away now. */
export function isSyncedReplica(node: NodeState): boolean {
  return isMember(node) && node.role === 'replica' && node.link === 'up' && node.synced;
}

/** Whether most of the primaries that own slots are reachable, so that failovers can be voted for. */
export function majorityReachable(state: ClusterState, except: ReadonlySet<NodeName> = new Set()): boolean {
  const owners = slotOwners(state);
  const ghosts = Object.values(state.ghosts).filter((ghost) => ghost.slots !== '' && ghost.state === 'lost').length;
  const up = owners.filter((name) => !except.has(name) && isMember(nodeOf(state, name))).length;
  return up * 2 > owners.length + ghosts;
}
