/** The simulated fleet behaves as Redis does, and the same seed always tells the same story. */
import { describe, expect, test } from 'vitest';
import { REDIS_CLAIMS } from '../support/contract/redis-claims.ts';
import { planFaults } from '../support/simulation/faults.ts';
import { Random } from '../support/simulation/random.ts';
import { newFleet, servingFleet } from '../support/simulation/serving-fleet.ts';
import { LAB_HOST, simulatedLab } from '../support/simulation/simulated-lab.ts';

const SEEDS = [1, 2, 3, 4, 5];

describe('it behaves as Redis does', () => {
  for (const claim of REDIS_CLAIMS) {
    test(`${claim.says} (${claim.fact})`, async () => {
      for (const seed of SEEDS) {
        const fleet = newFleet(seed, { writeEveryMs: 0 });
        try {
          await fleet.run(() => claim.prove(simulatedLab(fleet)));
        } catch (error) {
          throw new Error(fleet.describe(), { cause: error });
        }
      }
    });
  }

  test('some replicas, but not all, keep dialling an old address after all have changed (M8: 1 of 3)', async () => {
    let stale = 0;
    let replicas = 0;
    for (let seed = 1; seed <= 30; seed += 1) {
      const { fleet, cluster } = await servingFleet(seed, 1, { addresses: 'changing' }, { writeEveryMs: 0 });
      await fleet.run(async () => {
        await Promise.all(cluster.nodes.map((node) => node.stop()));
        await Promise.all(cluster.nodes.map((node) => node.start()));
        const [hub, ...others] = cluster.nodes;
        await Promise.all(others.map((other) => hub?.redis.meet(other.address())));
        await fleet.ports.clock.sleep(40_000);
        for (const node of cluster.nodes) {
          const { role, primaryLink, members } = await node.redis.read([]);
          if (role === 'primary') continue;
          const primary = members.find(({ id }) => id === members.find(({ myself }) => myself)?.primaryId);
          replicas += 1;
          if (primaryLink?.ip !== primary?.ip) stale += 1;
        }
      });
    }
    expect(stale / replicas).toBeGreaterThan(0.15);
    expect(stale / replicas).toBeLessThan(0.55);
  });
});

describe('the same seed tells the same story', () => {
  async function story(seed: number): Promise<string> {
    const { fleet, cluster } = await servingFleet(seed, 1, { restart: 'always' });
    const nodes = cluster.nodes.map(({ name }) => name);
    fleet.schedule(planFaults(new Random(seed, 'faults'), [LAB_HOST.name], nodes, 8, 60_000));
    await fleet.idle(90_000);
    return fleet.describe(10_000);
  }

  test('twice, to the last line', async () => {
    for (const seed of SEEDS) expect(await story(seed)).toBe(await story(seed));
  });

  test('and another seed another one', async () => {
    expect(await story(1)).not.toBe(await story(2));
  });
});
