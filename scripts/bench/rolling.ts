/** A rolling change: every node of a loaded cluster gets another image. */

import { IMAGE } from '../../test/support/lab-containers.ts';
import type { RealCluster } from '../../test/support/real-cluster.ts';
import type { Benchmark } from './benchmark.ts';
import { clientPause, mustConverge, withLoadedCluster } from './loaded-cluster.ts';
import { quantity } from './report.ts';

const ROLL_MS = 300_000;
/** Of the first shard: how long it is watched before the others follow. */
const CANARY_SECONDS = 1;

export const rolling: Benchmark = {
  name: 'rolling',
  summary: 'another image for six nodes, one after the other, under load',
  run: ({ signal, runs, say }) =>
    withLoadedCluster(
      signal,
      { more: { policies: { canarySoak: CANARY_SECONDS } } },
      async ({ cluster, loader }) => {
        const times: number[] = [];
        const pauses: number[] = [];
        for (let round = 1; round <= runs; round += 1) {
          await useImage(cluster, `${cluster.name}:round-${round}`);
          const { result, load } = await loader.during(async () => {
            const began = performance.now();
            await mustConverge(cluster, AbortSignal.any([signal, AbortSignal.timeout(ROLL_MS)]));
            return performance.now() - began;
          });
          times.push(result);
          pauses.push(clientPause(load));
          say(
            `  round ${round}: ${quantity(result, 'ms')}, longest pause ${pauses.at(-1)} ms; the client itself was held up for ${load.ownDelayMs} ms`,
          );
        }
        return [
          { what: `six nodes, ${CANARY_SECONDS} s of canary`, unit: 'ms', samples: times },
          {
            what: 'longest pause of a client meanwhile',
            unit: 'ms',
            samples: pauses,
            bound: { atMost: 500, said: '0.5 s' },
          },
        ];
      },
    ),
};

/** The same image under another name: to RedisForge another one. */
async function useImage(cluster: RealCluster, image: string): Promise<void> {
  const [repo = '', tag = ''] = image.split(':');
  await cluster.docker.getImage(IMAGE).tag({ repo, tag });
  cluster.alsoRemove(() => cluster.docker.getImage(image).remove({ force: true }));
  cluster.edit((document) => {
    document.redis.image = image;
    document.redis.version = IMAGE.split(':')[1] as string;
  });
}
