/** From the readings of one round to the live `ClusterState` and the `Facts` beside it. Pure. */
import type { NodeSpec } from '../../../spec-schema/cluster-spec.ts';
import { networkName } from '../../../spec-schema/effective.ts';
import type { Problem } from '../../../spec-schema/problem.ts';
import type { ClusterState, HostState, NodeName, NodeState } from '../../model/cluster-state.ts';
import type { Facts, HostFacts, NodeFacts, ReadingFailure } from '../../model/facts.ts';
import type { NodeReading } from '../../model/readings.ts';
import { formatSlots } from '../../model/slots.ts';
import { uncoveredSlots } from '../../model/topology.ts';
import { userText } from '../../planner/access.ts';
import type { Intent, NodeIntent } from '../../planner/intent.ts';
import { CLUSTER_LABEL, type ContainerTruth, containerTruth, NODE_LABEL } from './containers.ts';
import { type Evidence, valueIn } from './evidence.ts';
import { ghosts } from './ghosts.ts';
import { type Identities, identify, membersById } from './identity.ts';
import { type Memberships, memberships } from './membership.ts';
import { type Ownership, ownership } from './ownership.ts';
import { linkTruth } from './replication.ts';

/** Turns a secret, or the SHA-256 of a password, into the keyed digest that the documents may show. */
export interface Digester {
  ofSecret(plain: string): string;
  ofPasswordHash(sha256: string): string;
}

export interface Observation {
  readonly live: ClusterState;
  readonly facts: Facts;
}

/** What has been found out about all nodes together, for the judgement of each. */
interface Picture {
  readonly evidence: Evidence;
  readonly truths: ReadonlyMap<NodeName, ContainerTruth>;
  readonly readings: ReadonlyMap<NodeName, NodeReading>;
  readonly identities: Identities;
  readonly members: Memberships;
  readonly owned: Ownership;
  readonly digester: Digester;
}

/** The containers of the spec's nodes, as the engines tell; also where each node can be asked. */
export function containerTruths(
  intent: Intent,
  evidence: Pick<Evidence, 'engines'>,
  lastIps: ReadonlyMap<NodeName, string>,
): Map<NodeName, ContainerTruth> {
  return new Map(
    intent.spec.nodes.map((node) => [
      node.name,
      containerTruth(intent.spec, node, valueIn(evidence.engines.get(node.host)), lastIps.get(node.name)),
    ]),
  );
}

export function interpret(
  intent: Intent,
  evidence: Evidence,
  truths: ReadonlyMap<NodeName, ContainerTruth>,
  digester: Digester,
): Observation {
  const answered = new Map<NodeName, NodeReading>();
  for (const [name, reading] of evidence.nodes) {
    const value = valueIn(reading);
    if (value !== undefined) answered.set(name, value);
  }
  const readings = new Map([...answered].filter(([, reading]) => !reading.loading));
  const listed = membersById(readings.values());
  const candidates = new Map(
    intent.spec.nodes.map(({ name }) => {
      const truth = truths.get(name) as ContainerTruth;
      return [
        name,
        { reading: answered.get(name), address: truth.address, volumeGone: truth.volume === 'absent' },
      ] as const;
    }),
  );
  const identities = identify(candidates, listed, evidence.remembered);
  const novel = new Set(
    intent.spec.nodes
      .map(({ name }) => name)
      .filter((name) => {
        const truth = truths.get(name) as ContainerTruth;
        const unused =
          truth.volume === 'ready' && truth.container === 'absent' && evidence.remembered[name] === undefined;
        return truth.volume === 'absent' || unused;
      }),
  );
  const members = memberships(Object.keys(intent.nodes), novel, readings, identities);
  const joined = [...readings.keys()].filter((name) => members.of.get(name) === 'joined');
  const owned = ownership(readings, joined, listed);
  const picture: Picture = { evidence, truths, readings: answered, identities, members, owned, digester };

  const nodes: Record<NodeName, NodeState> = {};
  const nodeFacts: Record<NodeName, NodeFacts> = {};
  for (const node of intent.spec.nodes) {
    nodes[node.name] = nodeState(intent, node, picture);
    nodeFacts[node.name] = factsOf(node.name, picture);
  }
  const addresses = new Map([...truths].map(([name, truth]) => [name, truth.address]));
  const live: ClusterState = {
    cluster: intent.spec.metadata.name,
    serving: 'unknown',
    agreement: owned.agreement,
    openSlots: formatSlots(owned.openSlots),
    hosts: hostStates(intent, evidence),
    nodes,
    ghosts: ghosts(listed, identities, owned, addresses, evidence.remembered),
  };
  live.serving = serving(live, readings, joined);
  return {
    live,
    facts: {
      now: evidence.now,
      hosts: hostFacts(intent, evidence),
      nodes: nodeFacts,
      warnings: warnings(intent, evidence),
      strays: strays(intent, evidence),
    },
  };
}

function serving(
  live: ClusterState,
  readings: ReadonlyMap<NodeName, NodeReading>,
  joined: readonly NodeName[],
): ClusterState['serving'] {
  if (readings.size === 0) return 'unknown';
  const ok = joined.length > 0 && joined.every((name) => readings.get(name)?.clusterOk === true);
  return ok && uncoveredSlots(live).length === 0 ? 'yes' : 'no';
}

function nodeState(intent: Intent, node: NodeSpec, picture: Picture): NodeState {
  const { name } = node;
  const truth = picture.truths.get(name) as ContainerTruth;
  const reading = picture.readings.get(name);
  const plan = intent.nodes[name];
  const id = picture.identities.idOf.get(name);
  const membership = picture.members.of.get(name) ?? 'unknown';
  const role =
    id === undefined
      ? membership === 'none'
        ? 'none'
        : 'unknown'
      : (picture.owned.role.get(id) ?? reading?.role ?? 'unknown');
  const primaryId = id === undefined ? null : (picture.owned.primaryOf.get(id) ?? null);
  const answers = reading !== undefined && !reading.loading;
  return {
    host: node.host,
    zone: plan?.zone ?? '',
    shard: node.shard,
    volume: truth.volume,
    container: truth.container,
    launch: truth.launch,
    reachable: reachability(truth, reading),
    membership,
    contents: !answers ? 'unknown' : reading.keys > 0 ? 'keys' : 'empty',
    epoch: epochOf(reading, membership),
    role,
    replicaOf: primaryId === null ? null : (picture.identities.nameOf.get(primaryId) ?? primaryId),
    slots: id === undefined ? '' : formatSlots(picture.owned.slots.get(id) ?? []),
    ...linkOf(name, role, primaryId, picture),
    strandedKeys: formatSlots(picture.evidence.stranded.get(name) ?? []),
    config: answers ? configOf(plan, reading, picture.digester) : {},
    users: answers ? usersOf(reading, picture.digester) : {},
  };
}

function reachability(truth: ContainerTruth, reading: NodeReading | undefined): NodeState['reachable'] {
  if (reading !== undefined) return reading.loading ? 'loading' : 'yes';
  return truth.container === 'unknown' ? 'unknown' : 'no';
}

function epochOf(reading: NodeReading | undefined, membership: NodeState['membership']): NodeState['epoch'] {
  if (membership === 'joined' || membership === 'parted') return 'set';
  const me = reading?.members.find((member) => member.myself);
  return me === undefined ? 'unknown' : me.configEpoch > 0 ? 'set' : 'unset';
}

function linkOf(
  name: NodeName,
  role: NodeState['role'],
  primaryId: string | null,
  picture: Picture,
): Pick<NodeState, 'link' | 'synced' | 'copy'> {
  if (role !== 'replica') return { link: 'none', synced: true, copy: 'whole' };
  const reading = picture.readings.get(name);
  if (reading === undefined) return { link: 'down', synced: false, copy: 'unknown' };
  const primary = primaryId === null ? undefined : picture.identities.nameOf.get(primaryId);
  const { link, synced, copy } = linkTruth(
    reading,
    primary === undefined ? undefined : picture.readings.get(primary),
    primary === undefined ? undefined : picture.truths.get(primary)?.address,
  );
  return { link, synced, copy };
}

/** The directives that are converged on this node; others are asked for only because another node sets them. */
function configOf(
  plan: NodeIntent | undefined,
  reading: NodeReading,
  digester: Digester,
): Record<string, string> {
  const config: Record<string, string> = {};
  for (const directive of [...Object.keys(plan?.config ?? {}), 'cluster-announce-ip'].sort()) {
    const value = reading.config[directive];
    if (value !== undefined)
      config[directive] = directive === 'masterauth' ? digester.ofSecret(value) : value;
  }
  return config;
}

function usersOf(reading: NodeReading, digester: Digester): Record<string, string> {
  return Object.fromEntries(
    reading.users.map((user) => [
      user.name,
      userText(
        user,
        user.passwordHashes.map((hash) => digester.ofPasswordHash(hash)),
      ),
    ]),
  );
}

function factsOf(name: NodeName, picture: Picture): NodeFacts {
  const truth = picture.truths.get(name) as ContainerTruth;
  const reading = picture.readings.get(name);
  const outcome = picture.evidence.nodes.get(name);
  const failure: ReadingFailure | undefined = outcome?.ok === false ? outcome.failure : undefined;
  const nodeId = picture.identities.idOf.get(name);
  const primaryId = nodeId === undefined ? null : (picture.owned.primaryOf.get(nodeId) ?? null);
  const primary =
    primaryId === null ? undefined : picture.readings.get(picture.identities.nameOf.get(primaryId) ?? '');
  const lagBytes =
    reading !== undefined && primary !== undefined ? Math.max(0, primary.offset - reading.offset) : undefined;
  return {
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(truth.address === undefined ? {} : { address: truth.address }),
    endpoints: truth.endpoints,
    ...(truth.reading === undefined ? {} : { container: truth.reading }),
    ...(reading === undefined ? {} : { reading }),
    ...(failure === undefined ? {} : { failure }),
    ...(lagBytes === undefined ? {} : { lagBytes }),
    remarks: [...(picture.members.remarks.get(name) ?? []), ...(picture.owned.remarks.get(name) ?? [])],
  };
}

function hostStates(intent: Intent, evidence: Evidence): Record<string, HostState> {
  const hosts: Record<string, HostState> = {};
  const wanted = networkName(intent.spec);
  for (const host of intent.spec.hosts) {
    const engine = valueIn(evidence.engines.get(host.name));
    const network = engine?.networks.find(({ name }) => name === wanted);
    const images = new Set(
      intent.spec.nodes
        .filter((node) => node.host === host.name)
        .map((node) => intent.nodes[node.name]?.launch.image ?? ''),
    );
    hosts[host.name] = {
      engine: engine === undefined ? 'no' : 'yes',
      network:
        intent.spec.network.mode === 'host'
          ? 'none'
          : engine === undefined
            ? 'unknown'
            : network === undefined
              ? 'absent'
              : network.labels[CLUSTER_LABEL] === intent.spec.metadata.name
                ? 'ready'
                : 'foreign',
      images: Object.fromEntries(
        [...images]
          .sort()
          .map((image) => [
            image,
            engine === undefined ? 'unknown' : engine.images[image] === true ? 'present' : 'absent',
          ]),
      ),
    };
  }
  return hosts;
}

function hostFacts(intent: Intent, evidence: Evidence): Record<string, HostFacts> {
  return Object.fromEntries(
    intent.spec.hosts.map((host) => {
      const outcome = evidence.engines.get(host.name);
      if (outcome === undefined) return [host.name, {}];
      return [
        host.name,
        outcome.ok
          ? { engineId: outcome.value.engineId, engineVersion: outcome.value.version }
          : { failure: outcome.failure },
      ];
    }),
  );
}

/** Several zones behind one engine: what the spec calls separate fails together. */
function warnings(intent: Intent, evidence: Evidence): Problem[] {
  const byEngine = new Map<string, { hosts: string[]; zones: Set<string> }>();
  for (const host of intent.spec.hosts) {
    const engine = valueIn(evidence.engines.get(host.name));
    if (engine === undefined) continue;
    const group = byEngine.get(engine.engineId) ?? { hosts: [], zones: new Set() };
    group.hosts.push(host.name);
    group.zones.add(host.zone);
    byEngine.set(engine.engineId, group);
  }
  return [...byEngine.values()]
    .filter(({ zones }) => zones.size > 1)
    .map(({ hosts, zones }) => ({
      severity: 'warning',
      code: 'one-engine-many-zones',
      subject: `hosts ${hosts.join(', ')}`,
      summary: `${hosts.join(', ')} are one and the same Docker Engine, but the spec puts them into zones ${[...zones].join(', ')}: they fail together`,
      hint: 'fine for a demo; otherwise give each zone an engine of its own',
    }));
}

function strays(intent: Intent, evidence: Evidence): string[] {
  const found = new Set<string>();
  for (const outcome of evidence.engines.values()) {
    for (const container of valueIn(outcome)?.containers ?? []) {
      const node = container.labels[NODE_LABEL];
      if (
        container.labels[CLUSTER_LABEL] === intent.spec.metadata.name &&
        node !== undefined &&
        intent.nodes[node] === undefined
      )
        found.add(container.name);
    }
  }
  return [...found].sort();
}
