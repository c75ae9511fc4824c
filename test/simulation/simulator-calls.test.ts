/** What befalls the calls of RedisForge in the simulation is what the fault says, and is counted. */
import { describe, expect, test } from 'vitest';
import { PortError } from '../../reconciler/ports.ts';
import { SimulatedCrash } from '../support/simulation/calls.ts';
import type { SimulatedFleet } from '../support/simulation/fleet.ts';
import { SimulationStuck } from '../support/simulation/scheduler.ts';
import { newFleet, servingFleet } from '../support/simulation/serving-fleet.ts';
import { LAB_HOST, simulatedLab } from '../support/simulation/simulated-lab.ts';

describe('what befalls the calls of RedisForge', () => {
  const volume = (fleet: SimulatedFleet) => fleet.ports.engines.of(LAB_HOST).createVolume('v', LABELS);
  const LABELS = { 'dev.redisforge.cluster': 'lab', 'dev.redisforge.node': 'v' };
  const exists = async (fleet: SimulatedFleet) => {
    const ask = { cluster: 'lab', containers: [], volumes: [], networks: [], images: [] };
    const read = () => fleet.ports.engines.of(LAB_HOST).read(ask, new AbortController().signal);
    return (await fleet.run(read)).volumes.length > 0;
  };

  for (const [mishap, done] of [
    ['crash-before', false],
    ['crash-after', true],
  ] as const) {
    test(`${mishap}: nothing of it runs on, and the effect has ${done ? '' : 'not '}happened`, async () => {
      const fleet = newFleet(1);
      fleet.inject({ kind: 'call', mishap, skip: 0 });
      let after = false;
      const task = async () => {
        await volume(fleet).finally(() => {
          after = true;
        });
      };
      await expect(fleet.run(task)).rejects.toBeInstanceOf(SimulatedCrash);
      await fleet.idle(60_000);
      expect(after).toBe(false);
      expect(await exists(fleet)).toBe(done);
    });
  }

  for (const [mishap, code, done] of [
    ['hang', 'timeout', false],
    ['timeout-undone', 'timeout', false],
    ['timeout-done', 'timeout', true],
    ['broken-undone', 'unreachable', false],
    ['broken-done', 'unreachable', true],
  ] as const) {
    test(`${mishap}: told as ${code}, and the effect has ${done ? '' : 'not '}happened`, async () => {
      const fleet = newFleet(1);
      fleet.inject({ kind: 'call', mishap, call: 'engine.createVolume', skip: 0 });
      const start = fleet.ports.clock.now();
      await expect(fleet.run(() => volume(fleet))).rejects.toMatchObject({ code });
      const took = fleet.ports.clock.now() - start;
      expect(took >= 10_000).toBe(code === 'timeout');
      expect(await exists(fleet)).toBe(done);
    });
  }

  test('a crash in the middle leaves a container that was made and never started', async () => {
    const fleet = newFleet(1);
    fleet.inject({ kind: 'call', mishap: 'crash-during', call: 'engine.runContainer', skip: 0 });
    const lab = simulatedLab(fleet);
    await expect(fleet.run(() => lab.start(1))).rejects.toBeInstanceOf(SimulatedCrash);
    const ask = { cluster: 'lab', containers: [], volumes: [], networks: [], images: [] };
    const read = () => fleet.ports.engines.of(LAB_HOST).read(ask, new AbortController().signal);
    const { containers } = await fleet.run(read);
    expect(containers.filter(({ status }) => status === 'created')).toHaveLength(1);
    expect(containers).toHaveLength(1);
  });

  test('a host without power is silent, one whose engine is stopped refuses, and its servers go on', async () => {
    const { fleet, cluster } = await servingFleet(1, 0);
    const engine = fleet.ports.engines.of(LAB_HOST);
    const pull = () => engine.pullImage('redis:8.6.3', new AbortController().signal);
    fleet.inject({ kind: 'engine-stop', host: LAB_HOST.name });
    await expect(fleet.run(pull)).rejects.toMatchObject({ code: 'unreachable' });
    await fleet.run(async () => expect((await cluster.nodes[0]?.redis.read([]))?.clusterOk).toBe(true));
    fleet.inject({ kind: 'host-down', host: LAB_HOST.name });
    await expect(fleet.run(pull)).rejects.toMatchObject({ code: 'timeout' });
    const gaveUp = new AbortController();
    fleet.world.scheduler.later(500, () => gaveUp.abort());
    await expect(fleet.run(() => engine.pullImage('x', gaveUp.signal))).rejects.toMatchObject({
      code: 'aborted',
    });
  });

  test('mutating calls are counted, reading ones are not', async () => {
    const { fleet, cluster } = await servingFleet(1, 0);
    expect(fleet.mutations()).toBeGreaterThan(0);
    fleet.clearCounts();
    await fleet.run(() => Promise.all(cluster.nodes.map((node) => node.redis.read([]))));
    await fleet.run(() => fleet.ports.store.write('journal', 'x'));
    expect(fleet.mutations()).toBe(0);
    expect(fleet.counts()).toEqual({ 'store.write': 1 });
  });

  test('whoever waits for what never comes is told so', async () => {
    const fleet = newFleet(1, { writeEveryMs: 0 });
    await expect(fleet.run(() => new Promise(() => {}), 1000)).rejects.toBeInstanceOf(SimulationStuck);
    const task = () => fleet.ports.clock.sleep(5000);
    await expect(fleet.run(task, 1000)).rejects.toBeInstanceOf(SimulationStuck);
  });

  test('wrong passwords and missing rights are told apart', async () => {
    const { fleet, cluster } = await servingFleet(1, 0);
    const [node] = cluster.nodes;
    const set = () =>
      node?.redis.setUsers([{ name: 'redisforge', enabled: true, passwordHashes: [], rules: '+info' }], []) ??
      Promise.resolve();
    await fleet.run(set);
    await expect(fleet.run(async () => node?.redis.read([]))).rejects.toMatchObject({ code: 'auth' });
    await expect(fleet.run(async () => node?.redis.read([]))).rejects.toBeInstanceOf(PortError);
  });
});

test('a lease outlives its dead holder for a while, but not for a holder of the same name', async () => {
  const fleet = newFleet(1);
  const acquire = (holder: string) => fleet.run(() => fleet.ports.leases.acquire('orders', holder));
  const first = await acquire('a');
  await expect(acquire('b')).rejects.toMatchObject({ code: 'conflict' });
  fleet.crash('power');
  await expect(acquire('b')).rejects.toMatchObject({ code: 'conflict' });
  const second = await acquire('a');
  expect(second.epoch).toBe(first.epoch + 1);
  await fleet.run(() => second.release());
  expect((await acquire('b')).epoch).toBe(second.epoch + 1);
});
