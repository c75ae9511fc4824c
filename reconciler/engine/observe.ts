/** Observation: every engine and every node is asked, all in parallel, under one deadline; what fails is a value. */
import type { HostSpec } from '../../spec-schema/cluster-spec.ts';
import { containerName, networkName, volumeName } from '../../spec-schema/effective.ts';
import type { HostName, NodeName } from '../model/cluster-state.ts';
import type { EngineReading, NodeReading } from '../model/readings.ts';
import { type SlotSet, slotSet } from '../model/slots.ts';
import { isUnformed, nodeOf, ownsSlots, shardMembers, uncoveredSlots } from '../model/topology.ts';
import type { Engine, EngineQuestion } from '../ports.ts';
import type { Cluster } from './cluster.ts';
import { withHalt } from './halt.ts';
import type { Evidence, Reading } from './interpret/evidence.ts';
import { interpret, type Observation } from './interpret/interpret.ts';
import { unusedVolumes } from './interpret/retirement.ts';
import { type Subject, subjects } from './interpret/subjects.ts';
import { type Memory, recall, remember } from './memory.ts';
import { slotWeights } from './slot-weights.ts';
import { findStrangers } from './strangers.ts';
import { withDeadline } from './timely-reading.ts';

/** One silent host must not hold up the others for longer than this. */
const OBSERVE_DEADLINE_MS = 5_000;

/** Looks at everything once. Changes nothing outside, except that identities are remembered when they changed. */
export async function observe(cluster: Cluster): Promise<Observation> {
  return observeNodes(cluster, await readEngines(cluster));
}

/** What engines have told, by host; hosts that share an engine share its reading. */
export type EngineReadings = ReadonlyMap<HostName, Reading<EngineReading>>;

/** Looks at every node, where the engines have said that they are. */
export async function observeNodes(cluster: Cluster, engines: EngineReadings): Promise<Observation> {
  const { clock, store } = cluster.ports;
  const now = clock.now();
  const memory = await recall(store, cluster.intent.spec.metadata.name);
  const observed = subjects(cluster.intent, engines, memory.ips);
  const asked = observed.filter(({ truth }) => truth.endpoints.length > 0);
  const asking = findStrangers(cluster, observed);
  const nodes = new Map(
    await Promise.all(
      asked.map(async ({ entry: { name }, truth }) => {
        const node = cluster.ports.redis.at(truth.endpoints, cluster.credentials.operator);
        return [
          name,
          await withDeadline(clock, OBSERVE_DEADLINE_MS, name, () => node.read(cluster.intent.directives)),
        ] as const;
      }),
    ),
  );
  const unused = unusedVolumes(cluster.intent, { engines }, observed);
  const retiredSince = Object.fromEntries(unused.map((name) => [name, memory.retiredSince[name] ?? now]));
  const evidence: Evidence = {
    now,
    engines,
    nodes,
    strangers: await asking,
    stranded: new Map(),
    remembered: memory.ids,
    former: memory.formerIds,
    retiredSince,
    elections: memory.elections,
  };
  const observation = interpret(cluster.intent, evidence, observed, cluster.credentials.digester);
  const stranded = await strandedKeys(cluster, observation);
  const seen = {
    ...identitiesOf(memory, observed, nodes, observation.live.ghosts),
    ...electionsOf(memory, observation.live, now),
  };
  await remember(store, cluster.intent.spec.metadata.name, memory, { ...memory, ...seen, retiredSince });
  const whole =
    stranded.size === 0
      ? observation
      : interpret(cluster.intent, { ...evidence, stranded }, observed, cluster.credentials.digester);
  const weights = await slotWeights(cluster, whole);
  const facts = await withHalt(cluster, whole.facts);
  return { live: whole.live, facts: weights === undefined ? facts : { ...facts, slotWeights: weights } };
}

/** Engines shared by several hosts are asked once. */
export async function readEngines(cluster: Cluster): Promise<EngineReadings> {
  const { spec } = cluster.intent;
  const groups = new Map<Engine, HostSpec[]>();
  for (const host of spec.hosts) {
    const engine = cluster.ports.engines.of(host);
    groups.set(engine, [...(groups.get(engine) ?? []), host]);
  }
  const readings = new Map<HostName, Reading<EngineReading>>();
  await Promise.all(
    [...groups].map(async ([engine, hosts]) => {
      const names = new Set(hosts.map((host) => host.name));
      const nodes = spec.nodes.filter((node) => names.has(node.host));
      const question: EngineQuestion = {
        cluster: spec.metadata.name,
        containers: nodes.map((node) => containerName(spec, node)),
        volumes: nodes.map((node) => volumeName(spec, node)),
        networks: spec.network.mode === 'bridge' ? [networkName(spec)] : [],
        images: [
          ...new Set(nodes.map((node) => cluster.intent.nodes[node.name]?.launch.image ?? spec.redis.image)),
        ],
      };
      const reading = await withDeadline(
        cluster.ports.clock,
        OBSERVE_DEADLINE_MS,
        `engine of ${hosts[0]?.name}`,
        (signal) => engine.read(question, signal),
      );
      for (const host of hosts) readings.set(host.name, reading);
    }),
  );
  return readings;
}

/** Keys in slots that nobody owns: asked only when a formed cluster has such slots. */
async function strandedKeys(cluster: Cluster, { live, facts }: Observation): Promise<Map<NodeName, SlotSet>> {
  const uncovered = uncoveredSlots(live);
  const stranded = new Map<NodeName, SlotSet>();
  if (uncovered.length === 0 || isUnformed(live)) return stranded;
  await Promise.all(
    Object.entries(live.nodes).map(async ([name, node]) => {
      if (node.reachable !== 'yes' || node.role !== 'primary' || node.contents !== 'keys') return;
      const redis = cluster.ports.redis.at(facts.nodes[name]?.endpoints ?? [], cluster.credentials.operator);
      const counts = await withDeadline(cluster.ports.clock, OBSERVE_DEADLINE_MS, name, () =>
        redis.keysInSlots(uncovered),
      );
      if (counts.ok && counts.value.size > 0)
        stranded.set(name, slotSet([...counts.value.keys()].map((slot) => [slot, slot])));
    }),
  );
  return stranded;
}

/** Who owns the slots of each shard now, and whoever does so since a moment ago. */
function electionsOf(
  memory: Memory,
  live: Observation['live'],
  now: number,
): Pick<Memory, 'primaries' | 'elections'> {
  const primaries = { ...memory.primaries };
  const elections = { ...memory.elections };
  for (const [shard, members] of shardMembers(live)) {
    const owners = members.filter((name) => ownsSlots(nodeOf(live, name)));
    const [owner] = owners;
    if (owner === undefined || owners.length > 1) continue;
    const before = primaries[shard];
    if (before !== undefined && before !== owner) elections[owner] = { from: before, at: now };
    primaries[shard] = owner;
  }
  return { primaries, elections };
}

/** Ids and addresses of the nodes that have answered, added to those of the others. */
function identitiesOf(
  memory: Memory,
  observed: readonly Subject[],
  nodes: ReadonlyMap<NodeName, Reading<NodeReading>>,
  ghosts: Observation['live']['ghosts'],
): Pick<Memory, 'ids' | 'ips' | 'formerIds'> {
  const ids = { ...memory.ids };
  const ips = { ...memory.ips };
  const formerIds = { ...memory.formerIds };
  for (const { entry, truth } of observed) {
    if (truth.volume === 'absent') {
      const listed = Object.keys(ghosts).find((id) => ghosts[id]?.formerly === entry.name);
      const lost = ids[entry.name] ?? listed;
      if (lost !== undefined) formerIds[entry.name] = lost;
      delete ids[entry.name];
    }
    const reading = nodes.get(entry.name);
    if (reading?.ok !== true || reading.value.nodeId === '') continue;
    ids[entry.name] = reading.value.nodeId;
    if (truth.address !== undefined) ips[entry.name] = truth.address.ip;
  }
  return { ids, ips, formerIds };
}
