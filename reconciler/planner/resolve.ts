/** From spec to desired `ClusterState`: what the spec leaves open stays as it is live whenever that is allowed. */
import type { ClusterState, HostState, NodeName, NodeState } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { formatSlots, parseSlots, type SlotSet, subtractSlots, unionSlots } from '../model/slots.ts';
import { isGoneSurge } from '../model/topology.ts';
import { NOTHING_THERE } from '../steps/remove-surge.ts';
import { balanceSlots, type Share, thresholdOf } from './balance.ts';
import { balanceByWeight } from './balance-by-weight.ts';
import { fillCoverage } from './coverage.ts';
import type { Intent, NodeIntent } from './intent.ts';
import { choosePrimaries, type Primaries } from './primaries.ts';
import { intentNow } from './surge.ts';

/**
 * The desired document. It is worked out anew on every state, also on paper: after a switchover the new primary is
 * what the spec accepts.
 * @param facts for the addresses that engines gave to nodes whose address the spec does not fix.
 */
export function resolve(whole: Intent, live: ClusterState, facts: Facts): ClusterState {
  const intent = intentNow(whole, live, facts);
  const primaries = choosePrimaries(intent, live);
  const slots = desiredSlots(intent, live, facts, primaries);
  const nodes: Record<NodeName, NodeState> = {};
  for (const [name, node] of Object.entries(intent.nodes)) {
    const primary = primaries.of.get(node.shard) ?? name;
    const ip = node.address === undefined ? facts.nodes[name]?.address?.ip : undefined;
    nodes[name] = desiredNode(
      intent,
      name,
      live.nodes[name],
      primary,
      formatSlots(slots.get(name) ?? []),
      ip,
    );
  }
  for (const [name, node] of Object.entries(live.nodes)) {
    if (node.surge && intent.nodes[name] === undefined)
      nodes[name] = isGoneSurge(node) ? node : dismissed(node);
  }
  return {
    cluster: intent.spec.metadata.name,
    serving: 'yes',
    agreement: 'yes',
    openSlots: '',
    hosts: hostsOf(intent, live),
    retired: Object.fromEntries(Object.entries(live.retired).filter(([, state]) => state === 'kept')),
    nodes,
    ghosts: {},
  };
}

const gone = new WeakMap<NodeState, NodeState>();

/** A surge replica whose time is over. */
function dismissed(before: NodeState): NodeState {
  const { host, zone, shard, surge } = before;
  const node = gone.get(before) ?? { host, zone, shard, surge, ...NOTHING_THERE };
  gone.set(before, node);
  return node;
}

interface Resolved {
  readonly primary: NodeName;
  readonly slots: string;
  readonly ip: string | undefined;
  readonly node: NodeState;
}

/** What came out for a node as it was; most nodes are the same in the next wave, and need not be compared again. */
const resolved = new WeakMap<Intent, WeakMap<NodeState, Resolved>>();

/**
 * One node as it should be.
 * @param before as it is live, undefined while it is not there at all.
 * @param ip address that its engine gave it; undefined when the spec fixes it, or nobody knows.
 */
function desiredNode(
  intent: Intent,
  name: NodeName,
  before: NodeState | undefined,
  primary: NodeName,
  slots: string,
  ip: string | undefined,
): NodeState {
  const cache = resolved.get(intent) ?? new WeakMap<NodeState, Resolved>();
  resolved.set(intent, cache);
  const known = before === undefined ? undefined : cache.get(before);
  if (known !== undefined && known.primary === primary && known.slots === slots && known.ip === ip)
    return known.node;
  const plan = intent.nodes[name] as NodeIntent;
  const node: NodeState = {
    host: plan.host,
    zone: plan.zone,
    shard: plan.shard,
    surge: plan.surge,
    volume: 'ready',
    container: 'running',
    launch: plan.launch,
    reachable: 'yes',
    membership: 'joined',
    contents: before?.contents ?? 'unknown',
    epoch: 'set',
    role: primary === name ? 'primary' : 'replica',
    replicaOf: primary === name ? null : primary,
    slots,
    imports: '',
    importsFrom: '',
    saving: before?.saving ?? false,
    soaked: before?.soaked ?? true,
    link: primary === name ? 'none' : 'up',
    synced: true,
    copy: 'whole',
    strandedKeys: '',
    config: ip === undefined ? { ...plan.config } : { ...plan.config, 'cluster-announce-ip': ip },
    users: { ...plan.users },
  };
  if (before !== undefined) cache.set(before, { primary, slots, ip, node });
  return node;
}

/**
 * Who should own what. Slots that nobody owns come first; only when all have an owner are any moved. A migration under
 * way counts as done: what is decided beside it must not depend on how far it has got.
 */
function desiredSlots(
  intent: Intent,
  live: ClusterState,
  facts: Facts,
  primaries: Primaries,
): Map<NodeName, SlotSet> {
  const slots = new Map(Object.entries(live.nodes).map(([name, node]) => [name, parseSlots(node.slots)]));
  const added = fillCoverage(intent, live, primaries.of);
  if (added.size > 0) {
    for (const [name, more] of added) slots.set(name, unionSlots(slots.get(name) ?? [], more));
    return slots;
  }
  for (const [name, node] of Object.entries(live.nodes)) {
    const imported = parseSlots(node.imports);
    if (imported.length === 0 || intent.nodes[name] === undefined) continue;
    for (const [other, owned] of slots) slots.set(other, subtractSlots(owned, imported));
    slots.set(name, unionSlots(slots.get(name) ?? [], imported));
  }
  const shares = intent.shards.flatMap((shard): Share[] => {
    const node = primaries.of.get(shard);
    if (node === undefined) return [];
    // A heir takes over what the leaving primary has; a member that takes over a role, what the present one has.
    const owner = (intent.members.get(shard) ?? []).find((name) => (slots.get(name) ?? []).length > 0);
    const from = primaries.outgoing.get(shard) ?? owner ?? node;
    return [{ shard, node, weight: intent.weights.get(shard) ?? 1, slots: slots.get(from) ?? [] }];
  });
  const staying = new Set([
    ...intent.shards.flatMap((shard) => [...(intent.members.get(shard) ?? [])]),
    ...primaries.outgoing.values(),
  ]);
  const homeless = Object.keys(live.nodes)
    .filter((name) => !staying.has(name))
    .flatMap((name) => [...(slots.get(name) ?? [])]);
  const { balance } = intent.spec;
  const weights = facts.slotWeights;
  if (balance.by !== 'slots' && weights !== undefined && weights.some((weight) => weight > 0)) {
    return balanceByWeight(shares, unionSlots(homeless, []), thresholdOf(balance, true), weights);
  }
  return balanceSlots(shares, unionSlots(homeless, []), thresholdOf(balance, false));
}

/** A host needs its network, and an image only while a container is to be made from it. */
function hostsOf(intent: Intent, live: ClusterState): Record<string, HostState> {
  const hosts: Record<string, HostState> = {};
  for (const host of intent.spec.hosts) {
    const before = live.hosts[host.name];
    hosts[host.name] = {
      engine: 'yes',
      network: intent.spec.network.mode === 'bridge' ? 'ready' : 'none',
      images: { ...before?.images },
    };
  }
  for (const [name, node] of Object.entries(intent.nodes)) {
    const before = live.nodes[name];
    const images = hosts[node.host]?.images;
    if (
      images === undefined ||
      (before?.container === 'running' && before.launch?.image === node.launch.image)
    )
      continue;
    images[node.launch.image] = 'present';
  }
  return hosts;
}
