/** Questions about a `ClusterState` that several topics ask: who owns what, who follows whom, what is whole. */
import type { ClusterState, NodeName, NodeState, ShardName } from './cluster-state.ts';
import { ALL_SLOTS, parseSlots, type SlotSet, slotCount, subtractSlots, unionSlots } from './slots.ts';

/** The node of that name. @throws RangeError when the document has none: a bug, never a state of the world. */
export function nodeOf(state: ClusterState, name: NodeName): NodeState {
  const node = state.nodes[name];
  if (node === undefined) throw new RangeError(`no node ${name} in cluster ${state.cluster}`);
  return node;
}

/** Documents are never changed in place, so that their shards need to be worked out only once. */
const shardIndex = new WeakMap<ClusterState['nodes'], Map<ShardName, NodeName[]>>();

/** Node names of each shard, in alphabetical order. */
export function shardMembers({ nodes }: ClusterState): ReadonlyMap<ShardName, readonly NodeName[]> {
  const known = shardIndex.get(nodes);
  if (known !== undefined) return known;
  const shards = new Map<ShardName, NodeName[]>();
  for (const name of Object.keys(nodes).sort()) {
    const shard = nodes[name]?.shard ?? '';
    const members = shards.get(shard);
    if (members === undefined) shards.set(shard, [name]);
    else members.push(name);
  }
  shardIndex.set(nodes, shards);
  return shards;
}

/** The other members of a node's shard, in alphabetical order. */
export function peersOf(state: ClusterState, name: NodeName): NodeName[] {
  const { shard } = nodeOf(state, name);
  return (shardMembers(state).get(shard) ?? []).filter((other) => other !== name);
}

/** Whether the node owns at least one slot. */
export function ownsSlots(node: NodeState): boolean {
  return node.slots !== '';
}

/** Names of all nodes that own slots. */
export function slotOwners(state: ClusterState): NodeName[] {
  return Object.keys(state.nodes).filter((name) => ownsSlots(nodeOf(state, name)));
}

const coverage = new WeakMap<ClusterState, SlotSet>();

/** Every slot that a node of ours or a ghost owns. */
export function coveredSlots(state: ClusterState): SlotSet {
  const known = coverage.get(state);
  if (known !== undefined) return known;
  const owners = [...Object.values(state.nodes), ...Object.values(state.ghosts)].filter(
    (owner) => owner.slots !== '',
  );
  const covered = unionSlots(
    owners.flatMap((owner) => [...parseSlots(owner.slots)]),
    [],
  );
  coverage.set(state, covered);
  return covered;
}

/** The slots that nobody owns. */
export function uncoveredSlots(state: ClusterState): SlotSet {
  return subtractSlots(ALL_SLOTS, coveredSlots(state));
}

/**
 * No slot has an owner, and there is nobody who might turn out to own some: the cluster is yet to be formed. When all
 * nodes are down nothing is known of their slots, which is another thing.
 */
export function isUnformed(state: ClusterState): boolean {
  return (
    slotCount(coveredSlots(state)) === 0 &&
    Object.values(state.nodes).every((node) => node.membership !== 'unknown')
  );
}

/** A surge replica of which nothing of ours is there. What has its name and is not ours is not touched. */
export function isGoneSurge({ surge, container, volume }: NodeState): boolean {
  const isNothing = (part: string): boolean => part === 'absent' || part === 'foreign';
  return surge && isNothing(container) && isNothing(volume);
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
  const ghosts = Object.values(state.ghosts).filter(
    (ghost) => ghost.slots !== '' && ghost.state === 'lost',
  ).length;
  const up = owners.filter((name) => !except.has(name) && isMember(nodeOf(state, name))).length;
  return up * 2 > owners.length + ghosts;
}
