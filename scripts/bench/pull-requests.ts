/** What it takes to plan a pull request that touches 200 clusters, and to look at 50 open ones while nothing happens. */
import { PullRequests } from '../../reconciler/engine/pull-requests/pull-requests.ts';
import { clusterText, Flow, POLL_MS } from '../../test/support/simulation/flow.ts';
import type { Carry } from '../../test/support/simulation/forge.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import type { Measure } from './measure.ts';

const CLUSTERS = 200;
const OPEN = 50;
const POLLS_PER_HOUR = 3_600_000 / POLL_MS;
const EDIT = { 'maxmemory-policy': 'allkeys-lru' };

export const pullRequests: Benchmark = {
  name: 'pull-requests',
  summary: `one pull request over ${CLUSTERS} clusters, and ${OPEN} open ones, on a simulated fleet`,
  async run(context) {
    const first: number[] = [];
    const again: number[] = [];
    for (let run = 0; run < context.runs; run += 1) {
      const { plannedMs, lookedMs } = await manyClusters(context);
      first.push(plannedMs);
      again.push(lookedMs);
    }
    const interval = { atMost: POLL_MS, said: `one poll interval (${POLL_MS / 1000} s)` };
    const measures: Measure[] = [
      {
        what: `${CLUSTERS} clusters of six nodes in one pull request: processor time until all are planned`,
        unit: 'ms',
        samples: first,
        bound: interval,
      },
      {
        what: 'the same while nothing changes: processor time of a poll',
        unit: 'ms',
        samples: again,
        bound: interval,
      },
      {
        what: `questions to the forge in an hour, with ${OPEN} open pull requests and nothing new`,
        unit: 'count',
        samples: [await questionsOfAnHour(context)],
        bound: { atMost: 240, said: '240' },
      },
    ];
    return measures;
  },
};

function texts(config: Readonly<Record<string, string>>, from: number, to: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: to - from }, (_, index) => {
      const name = `c${from + index}`;
      return [`${name}/cluster.yaml`, clusterText(name, { config }, from + index)] as const;
    }),
  );
}

interface Desk {
  readonly flow: Flow;
  readonly questions: { count: number };
  poll(): Promise<void>;
}

/** The life of pull requests alone, over a repository whose clusters have not been made yet. */
async function desk({ signal }: BenchContext): Promise<Desk> {
  const flow = new Flow(1, texts({}, 0, CLUSTERS));
  const { ports } = flow.fleet;
  const carried = flow.fleet.carrier();
  const questions = { count: 0 };
  const counting: Carry = (call, subject, mutating, run, limit) => {
    if (!mutating) questions.count += 1;
    return carried(call, subject, mutating, run, limit);
  };
  const life = new PullRequests({
    forge: flow.place.client(counting),
    repository: flow.repository,
    ports,
    leases: ports.leases,
    settings: { branch: 'main', version: '0.0.0', holder: 'bench' },
    report: () => {},
  });
  const poll = async (): Promise<void> => {
    signal.throwIfAborted();
    await flow.fleet.run(async () => life.poll(await flow.repository.fetchHead(signal), () => {}, signal));
  };
  return { flow, questions, poll };
}

async function manyClusters(context: BenchContext): Promise<{ plannedMs: number; lookedMs: number }> {
  const { flow, poll } = await desk(context);
  const id = flow.place.propose({ branch: 'all', files: texts(EDIT, 0, CLUSTERS) });
  const plannedMs = await processorTime(async () => {
    await poll();
    while (flow.place.comments(id).size <= CLUSTERS) await flow.fleet.idle(1_000);
  });
  return { plannedMs, lookedMs: await processorTime(poll) };
}

async function questionsOfAnHour(context: BenchContext): Promise<number> {
  const { flow, poll, questions } = await desk(context);
  for (let index = 0; index < OPEN; index += 1)
    flow.place.propose({ branch: `topic-${index}`, files: texts(EDIT, index, index + 1) });
  await poll();
  await flow.fleet.idle(POLL_MS);
  questions.count = 0;
  const polls = 4;
  for (let count = 0; count < polls; count += 1) {
    await poll();
    await flow.fleet.idle(POLL_MS);
  }
  return (questions.count / polls) * POLLS_PER_HOUR;
}

async function processorTime(work: () => Promise<void>): Promise<number> {
  const began = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / 1000;
}
