/** What slots weigh, for balancing by memory or load: asked of the primaries now and then, and kept in between. */
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { SlotStats } from '../model/readings.ts';
import { SLOT_COUNT } from '../model/slots.ts';
import { PortError } from '../ports.ts';
import type { Cluster } from './cluster.ts';
import type { Observation } from './interpret/interpret.ts';

type By = ClusterSpec['balance']['by'];

/** Weights change slowly against the time that a rebalance takes; a new look at each pass would only make it swing. */
const FRESH_MS = 60_000;
/** Work is a rate, and servers count totals: two looks this far apart make one. */
const SAMPLE_MS = 1_000;

interface Stored {
  readonly at: number;
  readonly by: By;
  readonly weights: readonly number[];
}

/** The weights to go by; undefined when slots are balanced by number, or while the primaries cannot be asked. */
export async function slotWeights(
  cluster: Cluster,
  observation: Observation,
): Promise<readonly number[] | undefined> {
  const { by } = cluster.intent.spec.balance;
  if (by === 'slots') return undefined;
  const { store, clock } = cluster.ports;
  const key = `clusters/${cluster.intent.spec.metadata.name}/slot-weights.json`;
  const known = stored(await store.read(key));
  if (known?.by === by && clock.now() - known.at < FRESH_MS) return known.weights;
  // Old weights are better than none, and than those of a cluster that is not whole.
  if (observation.live.serving !== 'yes' || observation.live.agreement !== 'yes') return known?.weights;
  try {
    const weights = await measure(cluster, observation, by);
    await store.write(key, JSON.stringify({ at: clock.now(), by, weights } satisfies Stored));
    return weights;
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return known?.weights;
  }
}

function stored(text: string | undefined): Stored | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Stored;
  } catch {
    return undefined;
  }
}

async function measure(cluster: Cluster, observation: Observation, by: By): Promise<number[]> {
  const before = await readAll(cluster, observation);
  if (by === 'memory')
    return weigh(before, ({ memoryBytes, keys }) => (memoryBytes > 0 ? memoryBytes : keys));
  await cluster.ports.clock.sleep(SAMPLE_MS);
  const after = await readAll(cluster, observation);
  return weigh(after, (stats, slot) => {
    const earlier = before.get(slot);
    if (earlier === undefined) return 0;
    const cpu = stats.cpuMicroseconds - earlier.cpuMicroseconds;
    // Without CPU statistics the traffic is the best that is known of the work.
    return Math.max(0, cpu > 0 ? cpu : stats.networkBytes - earlier.networkBytes);
  });
}

async function readAll(cluster: Cluster, { live, facts }: Observation): Promise<Map<number, SlotStats>> {
  const owners = Object.entries(live.nodes).filter(
    ([, node]) => node.slots !== '' && node.reachable === 'yes',
  );
  const readings = await Promise.all(
    owners.map(([name]) =>
      cluster.ports.redis.at(facts.nodes[name]?.endpoints ?? [], cluster.credentials.operator).slotStats(),
    ),
  );
  return new Map(readings.flatMap((reading) => [...reading]));
}

function weigh(
  stats: ReadonlyMap<number, SlotStats>,
  weight: (stats: SlotStats, slot: number) => number,
): number[] {
  return Array.from({ length: SLOT_COUNT }, (_, slot) => {
    const known = stats.get(slot);
    return known === undefined ? 0 : weight(known, slot);
  });
}
