/** From the readings of one round to the live `ClusterState` and the `Facts` beside it. Pure. */
import { networkName } from '../../../spec-schema/effective.ts';
import type { Problem } from '../../../spec-schema/problem.ts';
import type { ClusterState, HostState, NodeName, NodeState } from '../../model/cluster-state.ts';
import type { Facts, HostFacts, NodeFacts, ReadingFailure } from '../../model/facts.ts';
import type { NodeReading } from '../../model/readings.ts';
import { formatSlots } from '../../model/slots.ts';
import { uncoveredSlots } from '../../model/topology.ts';
import { userText } from '../../planner/access.ts';
import type { Intent, NodeIntent } from '../../planner/intent.ts';
import type { ContainerTruth } from './containers.ts';
import { type Evidence, valueIn } from './evidence.ts';
import { ghosts } from './ghosts.ts';
import { type Identities, identify, membersById } from './identity.ts';
import { CLUSTER_LABEL } from './labels.ts';
import { type Memberships, memberships } from './membership.ts';
import { migrationsOf } from './migrations.ts';
import { type Ownership, ownership } from './ownership.ts';
import { linkTruth } from './replication.ts';
import { retiredVolumes } from './retirement.ts';
import type { RosterEntry } from './roster.ts';
import type { Subject } from './subjects.ts';

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

export function interpret(
  intent: Intent,
  evidence: Evidence,
  observed: readonly Subject[],
  digester: Digester,
): Observation {
  const truths = new Map(observed.map(({ entry, truth }) => [entry.name, truth]));
  const names = [...truths.keys()];
  const answered = new Map<NodeName, NodeReading>();
  for (const [name, reading] of evidence.nodes) {
    const value = valueIn(reading);
    if (value !== undefined) answered.set(name, value);
  }
  const readings = new Map([...answered].filter(([, reading]) => !reading.loading));
  const listed = membersById(readings.values());
  const candidates = new Map(
    observed.map(({ entry: { name }, truth }) => [
      name,
      { reading: answered.get(name), address: truth.address, volumeGone: truth.volume === 'absent' },
    ]),
  );
  const identities = identify(candidates, listed, evidence.remembered, evidence.former);
  const novel = new Set(
    observed.filter((subject) => isNovel(subject, evidence)).map(({ entry }) => entry.name),
  );
  const members = memberships(names, novel, readings, identities);
  const joined = [...readings.keys()].filter((name) => members.of.get(name) === 'joined');
  // What a stranger knows, or claims by the keys that it holds, is none of this cluster's business.
  const ours = new Map([...readings].filter(([name, reading]) => !isStranger(members.of.get(name), reading)));
  const ofOurs = membersById(ours.values());
  const owned = ownership(ours, joined, ofOurs);
  const picture: Picture = { evidence, truths, readings: answered, identities, members, owned, digester };

  const live: ClusterState = {
    cluster: intent.spec.metadata.name,
    serving: 'unknown',
    agreement: owned.agreement,
    openSlots: formatSlots(owned.openSlots),
    hosts: hostStates(intent, evidence),
    nodes: Object.fromEntries(observed.map(({ entry }) => [entry.name, nodeState(intent, entry, picture)])),
    retired: retiredVolumes(intent, evidence, observed),
    ghosts: ghosts(ofOurs, identities, owned, truths, [evidence.remembered, evidence.former]),
  };
  live.serving = serving(live, readings, joined);
  return {
    live,
    facts: {
      now: evidence.now,
      hosts: hostFacts(intent, evidence),
      nodes: Object.fromEntries(names.map((name) => [name, factsOf(name, picture)])),
      warnings: warnings(intent, evidence),
      strays: observed.filter(({ entry }) => entry.leaving).map(({ entry }) => entry.name),
    },
  };
}

/** A member of something else, or one that knows nobody and holds keys: they are not this cluster's. */
function isStranger(membership: NodeState['membership'] | undefined, { keys }: NodeReading): boolean {
  return membership === 'elsewhere' || (membership === 'alone' && keys > 0);
}

/** A node that has never run: it has no volume, or one that nobody remembers in use. */
function isNovel({ entry, truth }: Subject, { remembered }: Evidence): boolean {
  const unused =
    truth.volume === 'ready' && truth.container === 'absent' && remembered[entry.name] === undefined;
  return truth.volume === 'absent' || unused;
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

function nodeState(intent: Intent, node: RosterEntry, picture: Picture): NodeState {
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
    zone: node.zone,
    shard: node.shard,
    surge: plan?.surge ?? false,
    volume: isLeftOver(name, membership, picture) ? 'used' : truth.volume,
    container: picture.evidence.strangers.has(name) ? 'foreign' : truth.container,
    launch: truth.launch,
    reachable: reachability(truth, reading),
    membership,
    contents: !answers ? 'unknown' : reading.keys > 0 ? 'keys' : 'empty',
    epoch: epochOf(reading, membership),
    role,
    replicaOf: primaryId === null ? null : (picture.identities.nameOf.get(primaryId) ?? primaryId),
    slots: id === undefined ? '' : formatSlots(picture.owned.slots.get(id) ?? []),
    ...migrationsOf(reading, picture.identities),
    saving: reading?.saving === true || reading?.rewriting === true,
    soaked: hasSoaked(intent, truth, picture.evidence.now),
    ...linkOf(name, role, primaryId, picture),
    strandedKeys: formatSlots(picture.evidence.stranded.get(name) ?? []),
    config: answers ? configOf(plan, reading, picture.digester) : {},
    users: answers ? usersOf(reading, picture.digester) : {},
  };
}

/** A volume without a container whose node ran before, and which a cluster that serves no longer knows. */
function isLeftOver(name: NodeName, membership: NodeState['membership'], picture: Picture): boolean {
  const truth = picture.truths.get(name) as ContainerTruth;
  const { remembered } = picture.evidence;
  const formed = [...picture.owned.slots.values()].some((slots) => slots.length > 0);
  return (
    truth.volume === 'ready' &&
    truth.container === 'absent' &&
    membership === 'none' &&
    remembered[name] !== undefined &&
    formed
  );
}

/** Whether the container has run for the time that the policy wants to see of a canary. */
function hasSoaked({ spec }: Intent, { reading }: ContainerTruth, now: number): boolean {
  return reading === undefined || now - reading.startedAt >= spec.policies.canarySoak * 1000;
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
  const elected = picture.evidence.elections[name];
  const stranger = picture.evidence.strangers.get(name);
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
    ...(stranger === undefined ? {} : { stranger }),
    ...(lagBytes === undefined ? {} : { lagBytes }),
    ...(elected === undefined ? {} : { elected }),
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
