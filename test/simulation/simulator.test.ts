/** The simulated fleet keeps its own promises: it is faithful to what was measured, deterministic, and fast. */
import { describe, test } from 'vitest';
import { REDIS_CLAIMS } from '../support/contract/redis-claims.ts';
import { SimulatedFleet } from '../support/simulation/fleet.ts';
import { LAB_HOST, simulatedLab } from '../support/simulation/simulated-lab.ts';

const SEEDS = [1, 2, 3, 4, 5];

describe('the simulation behaves as Redis does', () => {
  for (const claim of REDIS_CLAIMS) {
    test(`${claim.says} (${claim.fact})`, async () => {
      for (const seed of SEEDS) {
        const fleet = new SimulatedFleet({ seed, hosts: [LAB_HOST], writeEveryMs: 0, reuseAddresses: false });
        try {
          await fleet.run(() => claim.prove(simulatedLab(fleet)));
        } catch (error) {
          throw new Error(fleet.describe(), { cause: error });
        }
      }
    });
  }
});
