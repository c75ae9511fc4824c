/** An image that cannot run: the canary finds out, and everybody else goes on as before. */
import { expect } from 'vitest';
import { containerIds, untouched } from '../changes.ts';
import { eventually } from '../lab-containers.ts';
import type { FaultMatrix } from './matrix.ts';
import { DEADLINE_MS, type Site } from './site.ts';

export function imagesBreak(matrix: FaultMatrix, site: () => Site): void {
  matrix.row({
    number: 16,
    fault: 'the new image cannot run redis-server',
    expected: 'the roll stops at the canary, everybody else is untouched; the next commit mends it',
    cells: {
      out: 'a new node that does not start: nothing depends on it yet',
      in: 'no image changes',
      roll: async () => {
        await site().prepare('roll');
        return site().weather(async () => {
          const { cluster, keeping } = site();
          const good = cluster.spec.redis.image;
          const before = await containerIds(cluster);
          const broken = await brokenImage(site());
          cluster.edit(({ redis }) => {
            redis.image = broken;
          });
          keeping.commit();
          const failure = await eventually(
            'the canary fails',
            () => keeping.status().failures.find(({ step }) => step !== 'lease'),
            DEADLINE_MS,
          );
          const kept = untouched(before, await containerIds(cluster));
          expect(kept).toHaveLength(Object.keys(before).length - 1);
          cluster.edit(({ redis }) => {
            redis.image = good;
          });
          keeping.commit();
          await keeping.converged(DEADLINE_MS);
          expect(untouched(before, await containerIds(cluster))).toEqual(kept);
          return cluster.short(`${failure.step}: ${failure.reason}`);
        });
      },
    },
  });
}

/** The image that all nodes run, without the server in it. */
async function brokenImage(site: Site): Promise<string> {
  const { cluster } = site;
  const { docker, name } = cluster;
  const container = await docker.createContainer({
    Image: 'redis:8.6.3',
    Entrypoint: ['sh', '-c', 'rm "$(command -v redis-server)"'],
    User: 'root',
    Labels: { 'dev.redisforge.test': name },
  });
  try {
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    expect(StatusCode).toBe(0);
    await container.commit({ repo: name, tag: '8.6.3-broken' });
  } finally {
    await container.remove({ force: true, v: true });
  }
  return site.alsoRemoveImage(`${name}:8.6.3-broken`);
}
