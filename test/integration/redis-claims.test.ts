/**
 * The claims by which the simulation is held to be like Redis, on Redis itself: whatever the simulated fleet shows is worth
 * only as much as they are true. Most of the time is waiting, so several are proved at once.
 */
import { describe, test } from 'vitest';
import { dockerLab } from '../support/contract/docker-lab.ts';
import { REDIS_CLAIMS } from '../support/contract/redis-claims.ts';

describe.concurrent('Redis behaves as the simulation does', () => {
  for (const claim of REDIS_CLAIMS) {
    test(`${claim.says} (${claim.fact})`, { timeout: 300_000 }, async () => {
      const lab = await dockerLab();
      try {
        await claim.prove(lab);
      } finally {
        await lab.dispose();
      }
    });
  }
});
