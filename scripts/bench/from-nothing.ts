/** From no containers at all to a converged cluster, against the time that it takes to start six containers by hand. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { IMAGE, labelsOf, removeCluster, uniqueCluster } from '../../test/support/lab-containers.ts';
import { RealCluster } from '../../test/support/real-cluster.ts';
import { ENGINE } from '../../test/support/real-spec.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { quantity } from './report.ts';

const execute = promisify(execFile);
const NODES = 6;

export const fromNothing: Benchmark = {
  name: 'from-nothing',
  summary: `no containers become a converged cluster, against ${NODES} docker run commands`,
  async run(context) {
    const inTurn: number[] = [];
    const atOnce: number[] = [];
    const ours: number[] = [];
    for (let round = 1; round <= context.runs; round += 1) {
      inTurn.push(await startByHand(context, false));
      atOnce.push(await startByHand(context, true));
      ours.push(await converge(context));
      const told = [inTurn, atOnce, ours].map((samples) => quantity(samples.at(-1) ?? 0, 'ms'));
      context.say(`  round ${round}: ${told[0]} one by one, ${told[1]} at once, ${told[2]} by RedisForge`);
    }
    const peer = { what: `${NODES} docker run, one after the other`, unit: 'ms', samples: inTurn } as const;
    return [
      peer,
      { what: `${NODES} docker run, all at once`, unit: 'ms', samples: atOnce },
      {
        what: 'RedisForge: converged',
        unit: 'ms',
        samples: ours,
        bound: { atMost: 2, said: '2x one after the other', of: peer },
      },
    ];
  },
};

/** Until the commands have returned: the servers need two seconds more before they take writes. */
async function startByHand({ signal }: BenchContext, atOnce: boolean): Promise<number> {
  const cluster = uniqueCluster();
  const start = async (index: number): Promise<void> => {
    const [label] = Object.entries(labelsOf(cluster)).map((pair) => pair.join('='));
    const name = `${cluster}-${index}`;
    const server = ['redis-server', '--cluster-enabled', 'yes', '--appendonly', 'yes'];
    await execute('docker', ['run', '-d', '--name', name, '--label', label ?? '', IMAGE, ...server], {
      signal,
      env: { ...process.env, DOCKER_HOST: ENGINE },
    });
  };
  const indexes = Array.from({ length: NODES }, (_, index) => index + 1);
  try {
    const began = performance.now();
    if (atOnce) await Promise.all(indexes.map(start));
    else for (const index of indexes) await start(index);
    return performance.now() - began;
  } finally {
    await removeCluster(cluster);
  }
}

async function converge({ signal }: BenchContext): Promise<number> {
  const cluster = await RealCluster.create({ config: { 'repl-diskless-sync-delay': 5 } });
  try {
    const began = performance.now();
    const { status } = await cluster.converge(
      () => {},
      AbortSignal.any([signal, AbortSignal.timeout(120_000)]),
    );
    const took = performance.now() - began;
    if (status !== 'converged') throw new Error(`RedisForge ended ${status}`);
    return took;
  } finally {
    await cluster.remove();
  }
}
