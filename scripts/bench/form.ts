/** From six running empty nodes to a cluster that serves, against `redis-cli --cluster create`. */

import type { RealCluster } from '../../test/support/real-cluster.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { type Formation, FormationWatch } from './formation-watch.ts';
import { withNewbornNodes } from './newborn-nodes.ts';
import { redisCli, type Timed } from './redis-cli.ts';

/** Durations in milliseconds. */
interface Formed {
  readonly serving: number;
  readonly whole: number;
  /** Until the one who did it was done with everything. */
  readonly done: number;
}

export const form: Benchmark = {
  name: 'form',
  summary: 'six running empty nodes become a cluster, against redis-cli --cluster create on equal ones',
  async run(context) {
    const theirs: Formed[] = [];
    const ours: Formed[] = [];
    for (let round = 1; round <= context.runs; round += 1) {
      theirs.push(await measure(context, createByRedisCli));
      ours.push(await measure(context, convergeByRedisForge));
      context.say(
        `  round ${round}: ${said(theirs.at(-1))} by redis-cli, ${said(ours.at(-1))} by RedisForge`,
      );
    }
    const peer = {
      what: 'redis-cli --cluster create: links up, too',
      unit: 'ms',
      samples: theirs.map(({ whole }) => whole),
    } as const;
    const bound = { atMost: 1 / 6, said: '1/6 of redis-cli', of: peer };
    return [
      {
        what: 'redis-cli --cluster create: every node says ok',
        unit: 'ms',
        samples: theirs.map(({ serving }) => serving),
      },
      peer,
      { what: 'RedisForge: every node says ok', unit: 'ms', samples: ours.map(({ serving }) => serving) },
      { what: 'RedisForge: links up, too', unit: 'ms', samples: ours.map(({ whole }) => whole), bound },
      {
        what: 'RedisForge: converged, all directives as in the spec',
        unit: 'ms',
        samples: ours.map(({ done }) => done),
        bound,
      },
    ];
  },
};

function said(formed: Formed | undefined): string {
  return `${((formed?.done ?? 0) / 1000).toFixed(2)} s`;
}

/** Does the work, and returns when it began and when it was done. */
type Work = (cluster: RealCluster, signal: AbortSignal) => Promise<Timed>;

async function measure({ signal }: BenchContext, work: Work): Promise<Formed> {
  return withNewbornNodes(signal, async (cluster) => {
    const watch = await FormationWatch.open(cluster);
    const over = new AbortController();
    try {
      const [{ began, done }, { serving, whole }]: [Awaited<ReturnType<Work>>, Formation] = await Promise.all(
        [
          work(cluster, signal),
          watch.formation(AbortSignal.any([signal, over.signal, AbortSignal.timeout(60_000)])),
        ],
      );
      return {
        serving: serving - began,
        whole: whole - began,
        done: Math.max(done, whole) - began,
      };
    } finally {
      over.abort();
      watch.close();
    }
  });
}

/** With connections of its own, as a process that has just started. */
const convergeByRedisForge: Work = async (cluster, signal) => {
  await cluster.restart();
  const began = performance.now();
  const { status } = await cluster.converge(() => {}, AbortSignal.any([signal, AbortSignal.timeout(60_000)]));
  const done = performance.now();
  if (status !== 'converged') throw new Error(`RedisForge ended ${status}`);
  return { began, done };
};

const createByRedisCli: Work = async (cluster, signal) => {
  // It makes primaries of the first half.
  const primariesFirst = [...cluster.spec.nodes].sort((a, b) => (a.role ?? '').localeCompare(b.role ?? ''));
  const addresses = await Promise.all(
    primariesFirst.map(async ({ name }) => {
      const { host, port } = await cluster.endpoint(cluster.short(name));
      return `${host}:${port}`;
    }),
  );
  const how = ['--cluster create', ...addresses, '--cluster-replicas 1', '--cluster-yes'];
  return redisCli(cluster, '1a', how, signal);
};
