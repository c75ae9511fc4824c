/** How long each kind of step takes, from what was measured and from what the nodes hold. */
import type { ClusterState, NodeName } from '../model/cluster-state.ts';
import { nodeOf } from '../model/topology.ts';
import type { Step, StepName } from '../steps/table.ts';
import { type Guess, plus } from './guess.ts';
import type { LoadGuess, Loads } from './loads.ts';

/** How long something takes in milliseconds, and where that number comes from. */
export interface StepTime {
  readonly ms: Guess;
  /** What is certain of it when the rest is unknown. */
  readonly atLeastMs: number;
  readonly basis: string;
}

/**
 * Measured with Redis 8.6.3 in containers on a machine with two cores. It is the machines, not RedisForge, that these
 * depend on: a fast one takes half of it, a busy one twice as long.
 */
const MEASURED = {
  /** One command and its answer: CONFIG SET 1.3 to 2.5 ms, FORGET 3 ms, a whole set of them for six nodes 7 ms. */
  commandMs: 5,
  /** `docker volume create` 24 ms. */
  volumeMs: 30,
  /** `docker network create` 121 ms. */
  networkMs: 120,
  /** `docker update` 46 ms. */
  limitsMs: 50,
  /** `docker run` 342 to 511 ms when nothing else starts. */
  startMs: 450,
  /** Six at once on one engine took 1.0 s (quiet) to 1.4 s (busy): so much more for each of the others. */
  startMoreMs: 150,
  /** `docker stop` 183 to 278 ms with up to a million keys: the log is on disk already. */
  stopMs: 250,
  /** `docker rm` 26 ms. */
  removeMs: 30,
  /** MEET of every pair of six nodes: all know all after 0.24 to 0.28 s. */
  meshMs: 280,
  /** Where not every pair is introduced, gossip tells the rest: 1.06 s. */
  gossipMs: 1_100,
  /** A server accepts writes two seconds after its start (CLUSTER_WRITABLE_DELAY in the source). */
  writableDelayMs: 2_000,
  /** All agree so long after the last delay has passed: 0.587 s with a node timeout of 500 ms. */
  agreeMs: 90,
  /** `CLUSTER FAILOVER`: roles change after 9 ms, writes pause for 14 to 41 ms; seen by the next look. */
  switchoverMs: 40,
  /** `CLUSTER FAILOVER FORCE` 0.19 s, TAKEOVER 0.12 s. */
  failoverMs: 190,
  /** A replica that has the data follows another primary by partial resynchronisation: 12 to 590 ms. */
  partialSyncMs: 300,
  /** A full synchronisation of nothing: links of empty replicas were up after 0.18 s. */
  fullSyncMs: 180,
  /** Beside its keys each migration takes 50 to 90 ms. */
  migrationMs: 70,
  /**
   * Keys of 100 bytes that are written, sent and read per millisecond, one shard after the other: a migration with a
   * replica at its target 459, without 658; a full synchronisation 689; reading a data set at the start 230 to 593.
   */
  keysPerMs: 450,
  /** The same in bytes of `used_memory`, of which such a key takes 157. Larger values were not measured. */
  bytesPerMs: 70_000,
} as const;

/** Above this many members not every pair is introduced. */
const MESH_LIMIT = 32;
/** Bounds that Redis itself puts to the time that a node waits before it rejoins a majority. */
const REJOIN_MS = { least: 500, most: 5_000 } as const;

/** What a time is worked out from. */
export interface Timing {
  readonly before: ClusterState;
  readonly loads: Loads;
  /** For how long the policy wants to watch what was changed first. */
  readonly soakMs: number;
  /** How many containers start on the machine of that node in the same wave, it included. */
  startsBeside(node: NodeName): number;
}

type Timer<S> = (step: S, timing: Timing) => StepTime;

function known(ms: number, basis: string): StepTime {
  return { ms, atLeastMs: ms, basis };
}

function unknown(atLeastMs: number, basis: string): StepTime {
  return { ms: 'unknown', atLeastMs, basis };
}

function fixed(ms: number, basis: string): Timer<unknown> {
  const time = known(ms, basis);
  return () => time;
}

const command = fixed(MEASURED.commandMs, 'one command');

function copying(load: LoadGuess, overheadMs: number, what: string): StepTime {
  if (load === 'unknown') return unknown(overheadMs, 'what the nodes hold was not read');
  const ms = overheadMs + Math.max(load.keys / MEASURED.keysPerMs, load.bytes / MEASURED.bytesPerMs);
  return known(Math.round(ms), what);
}

/** A server answers once its process runs and it has read its data set. */
function starting(name: NodeName, timing: Timing): StepTime {
  const others = timing.startsBeside(name) - 1;
  const startMs = MEASURED.startMs + others * MEASURED.startMoreMs;
  const node = timing.before.nodes[name];
  if (node?.membership === 'none') return known(startMs, 'a container that starts');
  return copying(timing.loads.of(timing.before, name), startMs, 'a container that reads its data set');
}

function synchronising(name: NodeName, { before, loads }: Timing): StepTime {
  const { replicaOf, copy } = nodeOf(before, name);
  if (copy === 'whole') return known(MEASURED.partialSyncMs, 'a partial resynchronisation');
  if (replicaOf === null) return unknown(0, 'whom it follows was not read');
  // The primary waits for more replicas before it begins, by default five seconds.
  const delay = Number(before.nodes[replicaOf]?.config['repl-diskless-sync-delay'] ?? 5);
  const load = loads.of(before, replicaOf);
  const overheadMs = MEASURED.fullSyncMs + delay * 1000;
  return copying(load, overheadMs, `a full synchronisation after ${delay} s of delay`);
}

/** Members rejoin after the node timeout, and take writes two seconds after their start. */
function agreeing({ before }: Timing): StepTime {
  const timeouts = Object.values(before.nodes).map(({ config }) =>
    Number(config['cluster-node-timeout'] ?? REJOIN_MS.most),
  );
  const rejoinMs = Math.min(Math.max(REJOIN_MS.least, ...timeouts), REJOIN_MS.most);
  return known(
    Math.max(rejoinMs, MEASURED.writableDelayMs) + MEASURED.agreeMs,
    'nodes rejoin after their node timeout and take writes two seconds after their start',
  );
}

/** The same after something that takes so long. */
function later(firstMs: number, { ms, atLeastMs, basis }: StepTime): StepTime {
  return { ms: plus(ms, firstMs), atLeastMs: atLeastMs + firstMs, basis };
}

const TIMERS: { readonly [K in StepName]: Timer<Extract<Step, { kind: K }>> } = {
  'create-network': fixed(MEASURED.networkMs, 'one call of the engine'),
  'pull-image': () => unknown(0, 'how long an image takes depends on its registry'),
  'prepare-volume': fixed(MEASURED.volumeMs, 'one call of the engine'),
  'deploy-node': (step, timing) => starting(step.node, timing),
  'start-node': (step, timing) => starting(step.node, timing),
  'restart-node': (step, timing) => later(MEASURED.stopMs, starting(step.node, timing)),
  'update-limits': fixed(MEASURED.limitsMs, 'one call of the engine'),
  'remove-container': fixed(MEASURED.stopMs + MEASURED.removeMs, 'a container that stops'),
  'set-config-epoch': command,
  'assign-slots': command,
  meet: (_, { before }) => {
    const mesh = Object.keys(before.nodes).length <= MESH_LIMIT;
    return mesh ? known(MEASURED.meshMs, 'a full mesh') : known(MEASURED.gossipMs, 'gossip');
  },
  replicate: command,
  'repair-link': command,
  configure: command,
  'set-users': command,
  switchover: fixed(MEASURED.switchoverMs, 'a planned failover'),
  failover: fixed(MEASURED.failoverMs, 'a failover that the majority votes for'),
  takeover: fixed(MEASURED.failoverMs, 'a failover without a vote'),
  'migrate-slots': (step, { before, loads }) =>
    copying(loads.carried(before, step), MEASURED.migrationMs, 'one migration'),
  'cancel-migration': command,
  'remove-node': fixed(MEASURED.stopMs + MEASURED.removeMs, 'a container that stops'),
  'remove-surge': fixed(MEASURED.stopMs + MEASURED.removeMs + MEASURED.volumeMs, 'a container that stops'),
  'fence-node': fixed(MEASURED.stopMs, 'a container that stops'),
  'remove-volume': fixed(MEASURED.volumeMs, 'one call of the engine'),
  'forget-ghost': command,
  'await-start': (step, timing) => starting(step.node, timing),
  'await-sync': (step, timing) => synchronising(step.node, timing),
  'await-links': fixed(MEASURED.gossipMs, 'gossip'),
  'await-agreement': (_, timing) => agreeing(timing),
  // How far it has got is not told: at the most, all of it is still to come.
  'await-migration': (step, { before, loads }) =>
    copying(loads.carried(before, step), MEASURED.migrationMs, 'one migration, at the most'),
  'await-save': () => unknown(0, 'how far a snapshot has got is not told'),
  'await-soak': (_, { soakMs }) => known(soakMs, 'policies.canarySoak'),
};

export function stepTime(step: Step, timing: Timing): StepTime {
  // The table pairs each kind with its own type; TypeScript cannot follow it through the union.
  const timer = TIMERS[step.kind] as Timer<Step>;
  return timer(step, timing);
}
