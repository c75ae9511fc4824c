/** From six running empty nodes to a cluster that serves, against `redis-cli --cluster create`. */

import type { RealCluster } from '../../test/support/real-cluster.ts';
import { LOADER_PASSWORD } from '../../test/support/real-spec.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { type Formation, FormationWatch } from './formation-watch.ts';
import { withNewbornNodes } from './newborn-nodes.ts';

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
type Work = (
  cluster: RealCluster,
  signal: AbortSignal,
) => Promise<{ readonly began: number; readonly done: number }>;

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

/**
 * In a node's container, so that both have the same servers and the same network. The clock starts when the
 * container's shell says that it gives way to redis-cli: how long the engine takes to start a process is not counted.
 */
const createByRedisCli: Work = async (cluster) => {
  // It makes primaries of the first half.
  const primariesFirst = [...cluster.spec.nodes].sort((a, b) => (a.role ?? '').localeCompare(b.role ?? ''));
  const addresses = await Promise.all(
    primariesFirst.map(async ({ name }) => {
      const { host, port } = await cluster.endpoint(cluster.short(name));
      return `${host}:${port}`;
    }),
  );
  const command = `redis-cli --user loader --cluster create ${addresses.join(' ')} --cluster-replicas 1 --cluster-yes`;
  const exec = await cluster.container('1a').exec({
    Cmd: ['sh', '-c', `echo ready; exec ${command}`],
    Env: [`REDISCLI_AUTH=${LOADER_PASSWORD}`],
    AttachStdout: true,
    AttachStderr: true,
    Tty: true,
  });
  const stream = await exec.start({ Tty: true });
  let began: number | undefined;
  let text = '';
  for await (const chunk of stream) {
    began ??= performance.now();
    text += String(chunk);
  }
  const done = performance.now();
  const { ExitCode } = await exec.inspect();
  if (began === undefined || ExitCode !== 0) throw new Error(`redis-cli ended with ${ExitCode}:\n${text}`);
  return { began, done };
};
