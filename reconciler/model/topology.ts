/** Questions about a `ClusterState` that several topics ask: who owns what, who follows whom, what is whole. */
import { type Answers, ofEachNode } from './census.ts';
import type { ClusterState, NodeId, NodeName, NodeState, ShardName } from './cluster-state.ts';
import { oncePer } from './once.ts';
import {
  ALL_SLOTS,
  parseSlots,
  type SlotSet,
  slotCount,
  slotSet,
  subtractSlots,
  unionSlots,
} from './slots.ts';

/** The node of that name. @throws RangeError when the document has none: a bug, never a state of the world. */
export function nodeOf(state: ClusterState, name: NodeName): NodeState {
  const node = state.nodes[name];
  if (node === undefined) throw new RangeError(`no node ${name} in cluster ${state.cluster}`);
  return node;
}

const shardOf = ofEachNode(({ shard }) => shard);

const membersByShard = oncePer((answers: Answers<ShardName>) => {
  const shards = groups(answers);
  for (const members of shards.values()) members.sort();
  return new Map([...shards].sort(([, [a = '']], [, [b = '']]) => (a < b ? -1 : 1)));
});

/** The nodes by what was answered of them. */
function groups<Answer>(answers: Answers<Answer>): Map<Answer, NodeName[]> {
  const found = new Map<Answer, NodeName[]>();
  for (const [name, answer] of answers) {
    const group = found.get(answer);
    if (group === undefined) found.set(answer, [name]);
    else group.push(name);
  }
  return found;
}

/** Node names of each shard, in alphabetical order; the shards in the order of their first ones. */
export function shardMembers(state: ClusterState): ReadonlyMap<ShardName, readonly NodeName[]> {
  return membersByShard(shardOf(state));
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

/** What each owner has, in the form of `formatSlots`. */
export const ownedSlots = ofEachNode(({ slots }) => (slots === '' ? undefined : slots));

const owners = oncePer((answers: Answers<string>) => answers.map(([name]) => name));

/** Names of all nodes that own slots. */
export function slotOwners(state: ClusterState): readonly NodeName[] {
  return owners(ownedSlots(state));
}

const reachOfOwner = ofEachNode((node) => {
  if (!ownsSlots(node)) return undefined;
  return isMember(node) ? 'reachable' : 'silent';
});

const ownersByReach = oncePer(groups<'reachable' | 'silent'>);

/** Owners of slots that run and that the others are connected with. */
export function reachableOwners(state: ClusterState): readonly NodeName[] {
  return ownersByReach(reachOfOwner(state)).get('reachable') ?? [];
}

/** Owners of slots that do not, or of which it is not known. */
export function silentOwners(state: ClusterState): readonly NodeName[] {
  return ownersByReach(reachOfOwner(state)).get('silent') ?? [];
}

const primaryOf = ofEachNode(({ replicaOf }) => replicaOf ?? undefined);
const followers = oncePer(groups<string>);

/** Nodes that replicate a node of ours, or the member of that id. */
export function followersOf(state: ClusterState, primary: NodeName | NodeId): readonly NodeName[] {
  return followers(primaryOf(state)).get(primary) ?? [];
}

const imports = ofEachNode((node) => node.imports !== '' || undefined);
const importers = oncePer((answers: Answers<true>) => answers.map(([name]) => name));

/** Targets of the slot migrations that are under way. */
export function importingNodes(state: ClusterState): readonly NodeName[] {
  return importers(imports(state));
}

const sources = ofEachNode(({ importsFrom }) => (importsFrom === '' ? undefined : importsFrom));
const exporters = oncePer((answers: Answers<string>) => new Set(answers.map(([, source]) => source)));

/** Whether slots are being moved away from the node. */
export function isExporting(state: ClusterState, name: NodeName): boolean {
  return exporters(sources(state)).has(name);
}

interface Claims {
  readonly covered: SlotSet;
  /** Sum over the owners: larger than what is covered when a slot has two of them. */
  readonly count: number;
}

function claimsOf(texts: readonly string[]): Claims {
  const sets = texts.map(parseSlots);
  return { covered: slotSet(sets.flat()), count: sets.reduce((sum, slots) => sum + slotCount(slots), 0) };
}

const ourClaims = oncePer((answers: Answers<string>) => claimsOf(answers.map(([, slots]) => slots)));
const ghostClaims = oncePer((ghosts: ClusterState['ghosts']) =>
  claimsOf(Object.values(ghosts).map(({ slots }) => slots)),
);

const claims = oncePer((state: ClusterState): Claims => {
  const ours = ourClaims(ownedSlots(state));
  const ghosts = ghostClaims(state.ghosts);
  if (ghosts.count === 0) return ours;
  return { covered: unionSlots(ours.covered, ghosts.covered), count: ours.count + ghosts.count };
});

/** Every slot that a node of ours or a ghost owns. */
export function coveredSlots(state: ClusterState): SlotSet {
  return claims(state).covered;
}

/** Number of slots over all owners, in which a slot with two of them counts twice. */
export function claimedSlotCount(state: ClusterState): number {
  return claims(state).count;
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
  const ghosts = Object.values(state.ghosts).filter(
    (ghost) => ghost.slots !== '' && ghost.state === 'lost',
  ).length;
  const up = reachableOwners(state).filter((name) => !except.has(name)).length;
  return up * 2 > slotOwners(state).length + ghosts;
}
