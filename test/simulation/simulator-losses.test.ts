/** The simulation's book of acknowledged writes blames whoever lost them. */
import { describe, expect, test } from 'vitest';
import type { SimulatedFleet } from '../support/simulation/fleet.ts';
import { newFleet, servingFleet } from '../support/simulation/serving-fleet.ts';
import { LAB_HOST, simulatedLab } from '../support/simulation/simulated-lab.ts';

const SEEDS = [1, 2, 3, 4, 5];

function lostBy(fleet: SimulatedFleet, by: 'redisforge' | 'fault'): number {
  return fleet.lostWrites().reduce((sum, entry) => (entry.by === by ? sum + entry.lost : sum), 0);
}

describe('who lost the writes', () => {
  test('nobody, while nothing happens and after a graceful failover', async () => {
    for (const seed of SEEDS) {
      const { fleet, cluster } = await servingFleet(seed, 1);
      await fleet.run(async () => cluster.replicas[0]?.[0]?.redis.failover('graceful'));
      await fleet.idle(20_000);
      expect(fleet.lostWrites(), fleet.describe()).toEqual([]);
    }
  });

  test('a fault, when a primary dies with writes that its replica had not received', async () => {
    for (const seed of SEEDS) {
      const { fleet, cluster } = await servingFleet(seed, 1, {}, { writeEveryMs: 5 });
      await fleet.run(async () => cluster.primaries[0]?.kill());
      await fleet.idle(20_000);
      expect(lostBy(fleet, 'redisforge'), fleet.describe()).toBe(0);
    }
  });

  test('a fault, when the only copy of a shard is destroyed', async () => {
    const { fleet, cluster } = await servingFleet(1, 0);
    fleet.inject({ kind: 'volume-lose', node: cluster.nodes[0]?.name ?? '' });
    await fleet.idle(5000);
    expect(lostBy(fleet, 'fault')).toBeGreaterThan(0);
    expect(lostBy(fleet, 'redisforge')).toBe(0);
  });

  test('RedisForge, when it forces a failover away from a primary that takes writes', async () => {
    let lost = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      const { fleet, cluster } = await servingFleet(seed, 1, {}, { writeEveryMs: 2 });
      await fleet.run(async () => cluster.replicas[0]?.[0]?.redis.failover('force'));
      await fleet.idle(10_000);
      lost += lostBy(fleet, 'redisforge');
    }
    expect(lost).toBeGreaterThan(0);
  });

  test('RedisForge, when it starts a primary without persistence again before its replica has taken over', async () => {
    const { fleet, cluster } = await servingFleet(1, 1, { config: { appendonly: 'no' } });
    await fleet.run(async () => {
      await cluster.primaries[0]?.kill();
      await cluster.primaries[0]?.start();
    });
    await fleet.idle(20_000);
    expect(lostBy(fleet, 'redisforge'), fleet.describe()).toBeGreaterThan(0);
  });

  test('RedisForge, when it imports into a primary that lacks replicas, or evicts what does not fit', async () => {
    for (const config of [
      { 'min-replicas-to-write': '1' },
      { maxmemory: '2001000', 'maxmemory-policy': 'allkeys-lru' },
    ]) {
      const { fleet, cluster } = await servingFleet(1, 0);
      await fleet.run(async () => {
        await cluster.primaries[1]?.redis.configure(config);
        await cluster.primaries[1]?.redis.importSlots([[0, 4000]]);
        await fleet.ports.clock.sleep(2000);
      });
      expect(lostBy(fleet, 'redisforge'), fleet.describe()).toBeGreaterThan(0);
    }
  });

  test('RedisForge, when foreign keys are not left alone', async () => {
    const fleet = newFleet(1);
    const [node] = await fleet.run(() => simulatedLab(fleet).start(1));
    expect(fleet.inject({ kind: 'foreign-keys', node: node?.name ?? '', keys: 7 })).toBe(true);
    expect(fleet.lostWrites()).toEqual([]);
    await fleet.run(async () => {
      await node?.stop();
      await fleet.ports.engines.of(LAB_HOST).removeContainer(node?.name ?? '');
      await fleet.ports.engines.of(LAB_HOST).removeVolume(node?.name ?? '');
    });
    expect(lostBy(fleet, 'redisforge')).toBe(7);
  });

  test('outages of slots that had been served are known', async () => {
    const { fleet, cluster } = await servingFleet(1, 1);
    expect(fleet.outages()).toEqual([]);
    await fleet.run(async () => cluster.primaries[0]?.kill());
    await fleet.idle(30_000);
    expect(fleet.outages().length).toBeGreaterThan(0);
    expect(fleet.outages().every(({ to }) => Number.isFinite(to))).toBe(true);
  });
});
