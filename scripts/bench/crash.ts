/** How long a shard takes no writes when its primary's process dies: with nothing else to do, and amid a rebalance. */

import { Keeping } from '../../test/support/kept-cluster.ts';
import { eventually } from '../../test/support/lab-containers.ts';
import type { RealCluster } from '../../test/support/real-cluster.ts';
import type { Benchmark } from './benchmark.ts';
import { type LoadedCluster, unservedPause, withLoadedCluster } from './loaded-cluster.ts';
import type { Measure } from './measure.ts';
import { quantity } from './report.ts';

const BUSY_MS = 60_000;
/** Of a migration that is to outlast the crash: for each key that its source sends. */
const KEY_DELAY_MICROSECONDS = 3_000;

export const crash: Benchmark = {
  name: 'crash',
  summary: 'SIGKILL of a primary, in the care of a running keeper, under load',
  async run(context) {
    const quiet: number[] = [];
    const busy: number[] = [];
    for (let round = 1; round <= context.runs; round += 1)
      await withLoadedCluster(context.signal, {}, async (loaded) => {
        const keeping = Keeping.start(loaded.cluster);
        await keeping.converged();
        for (const shard of ['s1', 's2']) quiet.push(await kill(loaded, keeping, shard));
        await keeping.converged(BUSY_MS);
        busy.push(await killAmidRebalance(loaded, keeping));
        const told = [...quiet.slice(-2), ...busy.slice(-1)].map((pause) => quantity(pause, 'ms'));
        context.say(`  round ${round}: ${told[0]}, ${told[1]}; amid a rebalance ${told[2]}`);
      });
    const alone: Measure = {
      what: 'after the crash of a primary nobody accepts writes for',
      unit: 'ms',
      samples: quiet,
      bound: { atMost: 500, said: '0.5 s' },
    };
    return [
      alone,
      {
        what: 'the same amid a long rebalance elsewhere',
        unit: 'ms',
        samples: busy,
        bound: { atMost: 2, said: '2x of when all is quiet', of: alone },
      },
    ];
  },
};

async function kill({ cluster, loader }: LoadedCluster, keeping: Keeping, shard: string): Promise<number> {
  await keeping.converged(BUSY_MS);
  const victim = await cluster.memberOf(shard, 'primary');
  const { load } = await loader.during(async () => {
    await cluster.container(victim).kill();
    await eventually(`a failover of ${shard}`, () => hasFailedOver(keeping, shard, victim), BUSY_MS);
  });
  return unservedPause(load, shard);
}

/** Slots of s2 are on their way to s1, for longer than all of this takes, when the primary of s3 dies. */
async function killAmidRebalance({ cluster, loader }: LoadedCluster, keeping: Keeping): Promise<number> {
  const victim = await cluster.memberOf('s3', 'primary');
  const source = await cluster.memberOf('s2', 'primary');
  await cluster.asAdmin(source, 'CONFIG', 'SET', 'rdb-key-save-delay', KEY_DELAY_MICROSECONDS);
  cluster.edit((document) => {
    document.shards = [
      { name: 's1', weight: 2 },
      { name: 's2', weight: 1 },
      { name: 's3', weight: 2 },
    ];
  });
  keeping.commit();
  await eventually('slots are on their way', () => isMoving(cluster), BUSY_MS);
  const { load } = await loader.during(async () => {
    await cluster.container(victim).kill();
    await eventually('a failover of s3', () => hasFailedOver(keeping, 's3', victim), BUSY_MS);
  });
  if (!(await isMoving(cluster))) throw new Error('the rebalance was over before the crash was');
  return unservedPause(load, 's3');
}

/** Whether the keeper has seen the shard's other member take over. */
function hasFailedOver(keeping: Keeping, shard: string, victim: string): boolean {
  return keeping.events.some(
    (event) =>
      event.kind === 'progress' &&
      event.event.kind === 'step-ended' &&
      event.event.outcome.result === 'done' &&
      new RegExp(`^failover:${shard}:.*-${victim}>`).test(event.event.step.id),
  );
}

async function isMoving(cluster: RealCluster): Promise<boolean> {
  const { nodes } = (await cluster.observe()).live;
  return Object.values(nodes).some(({ imports }) => imports !== '');
}
