/**
 * Servers in no container of ours that answer where a node is to be: those of a cluster that somebody else made, before
 * it is taken over. Started beside them, a node could not listen; or it would, and be a second cluster.
 */
import type { NodeName } from '../model/cluster-state.ts';
import type { Endpoint, Stranger } from '../model/facts.ts';
import type { NodeReading } from '../model/readings.ts';
import { type RedisCredentials, Secret } from '../ports.ts';
import type { Cluster } from './cluster.ts';
import type { ContainerTruth } from './interpret/containers.ts';
import type { Reading } from './interpret/evidence.ts';
import type { Subject } from './interpret/subjects.ts';
import { withDeadline } from './timely-reading.ts';

/** Nobody is expected there, so that silence is not waited for as long as that of a node. */
const DEADLINE_MS = 1_000;
const NOBODY: ReadonlySet<string> = new Set(['unreachable', 'timeout', 'aborted']);
/** Who asks without a password gives none away. */
const ANYBODY: RedisCredentials = { username: 'default', password: new Secret('') };

/** Asks at the fixed addresses of nodes of which nothing was made yet. */
export async function findStrangers(
  cluster: Cluster,
  observed: readonly Subject[],
): Promise<Map<NodeName, Stranger>> {
  // In a network of the cluster's own there is nobody else.
  if (cluster.intent.spec.network.mode !== 'host') return new Map();
  const ours = new Set(
    observed.filter(({ truth }) => !isNothing(truth)).map(({ truth }) => keyOf(truth.address)),
  );
  const empty = observed.filter(
    ({ entry, truth }) =>
      isNothing(truth) &&
      truth.volume === 'absent' &&
      truth.address !== undefined &&
      !ours.has(keyOf(truth.address)) &&
      cluster.intent.nodes[entry.name]?.surge !== true,
  );
  const found = await Promise.all(
    empty.map(async ({ entry: { name }, truth }) => {
      const stranger = await askStranger(cluster, name, truth.address as Endpoint);
      return stranger === undefined ? [] : [[name, stranger] as const];
    }),
  );
  return new Map(found.flat());
}

/** Whether there is no container of ours. */
function isNothing({ container }: ContainerTruth): boolean {
  return container === 'absent' || container === 'foreign';
}

function keyOf(address: Endpoint | undefined): string {
  return address === undefined ? '' : `${address.ip}:${address.port}`;
}

async function askStranger(
  cluster: Cluster,
  name: NodeName,
  endpoint: Endpoint,
): Promise<Stranger | undefined> {
  const { redis, clock } = cluster.ports;
  const ask = (credentials: RedisCredentials): Promise<Reading<NodeReading>> =>
    withDeadline(clock, DEADLINE_MS, name, () => redis.at([endpoint], credentials).read([]));
  const first = await ask(ANYBODY);
  // Whoever wants it looked at before it is taken over has made our user there.
  const answer = !first.ok && first.failure.code === 'auth' ? await ask(cluster.credentials.operator) : first;
  if (answer.ok) return { reading: answer.value };
  return NOBODY.has(answer.failure.code) && NOBODY.has(first.ok ? '' : first.failure.code)
    ? undefined
    : { failure: answer.failure };
}
