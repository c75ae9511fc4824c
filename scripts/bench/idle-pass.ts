/** What it costs to look at a converged cluster and find nothing to do. */
import { RealCluster } from '../../test/support/real-cluster.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';

const PASSES_EACH_RUN = 20;
/** Passes of a process that has just started open connections and are compiled as they go. */
const FIRST_PASSES = 5;

export const idlePass: Benchmark = {
  name: 'idle-pass',
  summary: 'one pass over a converged cluster of six nodes: observe, compare, decide',
  async run(context) {
    const cluster = await RealCluster.create();
    try {
      await form(cluster, context);
      await cluster.restart();
      const first = await pass(cluster, context);
      for (let index = 1; index < FIRST_PASSES; index += 1) await pass(cluster, context);
      cluster.clearCalls();
      const passes: number[] = [];
      for (let index = 0; index < PASSES_EACH_RUN * context.runs; index += 1)
        passes.push(await pass(cluster, context));
      return [
        { what: 'the first pass of a process, with its connections', unit: 'ms', samples: [first] },
        { what: 'an idle pass', unit: 'ms', samples: passes, bound: { atMost: 50, said: '50 ms' } },
        {
          what: `calls that change something, in ${passes.length} passes`,
          unit: 'count',
          samples: [cluster.calls.length],
          bound: { atMost: 0, said: 'none' },
        },
      ];
    } finally {
      await cluster.remove();
    }
  },
};

async function form(cluster: RealCluster, { signal }: BenchContext): Promise<void> {
  const { status } = await cluster.converge(
    () => {},
    AbortSignal.any([signal, AbortSignal.timeout(120_000)]),
  );
  signal.throwIfAborted();
  if (status !== 'converged') throw new Error(`RedisForge ended ${status}`);
}

/** The whole of what the reconciler does each time: secrets are read and everybody is asked anew. */
async function pass(cluster: RealCluster, { signal }: BenchContext): Promise<number> {
  const began = performance.now();
  const outcome = await cluster.converge(() => {}, signal);
  const took = performance.now() - began;
  signal.throwIfAborted();
  if (outcome.status !== 'converged' || outcome.steps !== 0)
    throw new Error(`a pass over a converged cluster ended ${outcome.status} after ${outcome.steps} steps`);
  return took;
}
