/** From spec to desired `ClusterState`: what the spec leaves open stays as it is live whenever that is allowed. */
import { type Columns, changedRows, Finder, ofEachNode } from '../model/census.ts';
import type { ClusterState, HostName, HostState, NodeName, NodeState } from '../model/cluster-state.ts';
import { isEqual } from '../model/equal.ts';
import type { Facts } from '../model/facts.ts';
import { NOTHING_THERE } from '../model/nothing-there.ts';
import { oncePer } from '../model/once.ts';
import { isGoneSurge, nodeOf } from '../model/topology.ts';
import { desiredSlots } from './desired-slots.ts';
import type { Intent, NodeIntent } from './intent.ts';
import { Latest } from './latest.ts';
import { ofEachPair } from './pairs.ts';
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
  return {
    cluster: intent.spec.metadata.name,
    serving: 'yes',
    agreement: 'yes',
    openSlots: '',
    hosts: hostsOf(intent, live),
    retired: Object.fromEntries(Object.entries(live.retired).filter(([, state]) => state === 'kept')),
    nodes: withDismissed(intent, live, nodesOf(intent).of(live, facts, primaries.of, slots)),
    ghosts: {},
  };
}

const surgeReplicas = ofEachNode(({ surge }) => surge || undefined);

/** A surge replica whose time is over should be gone with its volume. */
const dismissed = oncePer((node: NodeState): NodeState => {
  const { host, zone, shard, surge } = node;
  return isGoneSurge(node) ? node : { host, zone, shard, surge, ...NOTHING_THERE };
});

/** The nodes that are wanted, and what is to become of surge replicas that are not, or not yet. */
function withDismissed(
  intent: Intent,
  live: ClusterState,
  nodes: ClusterState['nodes'],
): ClusterState['nodes'] {
  const surplus = surgeReplicas(live).filter(([name]) => intent.nodes[name] === undefined);
  if (surplus.length === 0) return nodes;
  const others = surplus.map(([name]) => [name, dismissed(nodeOf(live, name))] as const);
  return Object.assign({}, nodes, Object.fromEntries(others));
}

const nodesOf = oncePer((intent: Intent) => new DesiredNodes(intent));

/** The nodes of one intent as they should be; worked out again only where something that decides it changed. */
class DesiredNodes {
  readonly #plans: readonly NodeIntent[];
  readonly #names: readonly NodeName[];
  readonly #found: Finder<NodeState>;
  readonly #leads = new Latest<readonly NodeName[]>();
  readonly #slots = new Latest<readonly string[]>();
  readonly #addresses = new Latest<readonly (string | undefined)[]>();
  #columns: Columns = [];
  #nodes: Readonly<Record<NodeName, NodeState>> = {};

  constructor({ nodes }: Intent) {
    this.#names = Object.keys(nodes);
    this.#plans = Object.values(nodes);
    this.#found = new Finder(this.#names);
  }

  of(
    live: ClusterState,
    facts: Facts,
    primaries: Primaries['of'],
    owned: ReadonlyMap<NodeName, string>,
  ): ClusterState['nodes'] {
    const before = this.#found.of(live.nodes);
    const leads = this.#leads.of([primaries], () =>
      this.#plans.map(({ shard }, row) => primaries.get(shard) ?? (this.#names[row] as NodeName)),
    );
    const slots = this.#slots.of([owned], () => this.#names.map((name) => owned.get(name) ?? ''));
    // The addresses that engines gave, where the spec does not fix them.
    const addresses = this.#addresses.of([facts], () =>
      this.#plans.map(({ address }, row) =>
        address === undefined ? facts.nodes[this.#names[row] as NodeName]?.address?.ip : undefined,
      ),
    );
    const columns = [before, leads, slots, addresses];
    const changed = [...changedRows(this.#columns, columns)].flatMap((row): [NodeName, NodeState][] => {
      const name = this.#names[row] as NodeName;
      const node = desiredNode(name, this.#plans[row] as NodeIntent, {
        before: before[row],
        primary: leads[row] as NodeName,
        slots: slots[row] as string,
        ip: addresses[row],
      });
      return isEqual(node, this.#nodes[name]) ? [] : [[name, node]];
    });
    this.#columns = columns;
    if (changed.length > 0) this.#nodes = Object.assign({}, this.#nodes, Object.fromEntries(changed));
    return this.#nodes;
  }
}

interface Circumstances {
  /** As it is live, undefined while it is not there at all. */
  readonly before: NodeState | undefined;
  readonly primary: NodeName;
  readonly slots: string;
  /** Address that its engine gave it; undefined when the spec fixes it, or nobody knows. */
  readonly ip: string | undefined;
}

function desiredNode(
  name: NodeName,
  plan: NodeIntent,
  { before, primary, slots, ip }: Circumstances,
): NodeState {
  return {
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
}

/** A node of which another version has to be made, or of which that is to be seen yet. */
const otherImage = ofEachPair<NodeIntent>()((is, plan): NodeIntent | undefined =>
  is.container === 'running' && is.launch?.image === plan.launch.image ? undefined : plan,
);

const hosts = oncePer((_: Intent) => new Latest<ClusterState['hosts']>());

/** A host needs its network, and an image only while a container is to be made from it. */
function hostsOf(intent: Intent, live: ClusterState): ClusterState['hosts'] {
  const awaiting = otherImage(live.nodes, intent.nodes);
  return hosts(intent).of([live.hosts, awaiting], () => {
    const wanted = Map.groupBy(awaiting, ([, { host }]) => host);
    const network = intent.spec.network.mode === 'bridge' ? 'ready' : 'none';
    return Object.fromEntries(
      intent.spec.hosts.map(({ name }): [HostName, HostState] => {
        const images = (wanted.get(name) ?? []).map(([, { launch }]) => [launch.image, 'present'] as const);
        return [
          name,
          { engine: 'yes', network, images: { ...live.hosts[name]?.images, ...Object.fromEntries(images) } },
        ];
      }),
    );
  });
}
