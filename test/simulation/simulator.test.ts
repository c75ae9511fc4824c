/** The simulated fleet keeps its own promises: it is faithful to what was measured, deterministic, and honest. */
import { describe, expect, test } from 'vitest';
import { PortError } from '../../reconciler/ports.ts';
import { REDIS_CLAIMS } from '../support/contract/redis-claims.ts';
import { formCluster, type LabCluster, type LabOptions } from '../support/contract/redis-lab.ts';
import { SimulatedCrash } from '../support/simulation/calls.ts';
import { planFaults } from '../support/simulation/faults.ts';
import { type FleetOptions, SimulatedFleet } from '../support/simulation/fleet.ts';
import { Random } from '../support/simulation/random.ts';
import { SimulationStuck } from '../support/simulation/scheduler.ts';
import { LAB_HOST, simulatedLab } from '../support/simulation/simulated-lab.ts';

const SEEDS = [1, 2, 3, 4, 5];

function newFleet(seed: number, options: Partial<FleetOptions> = {}): SimulatedFleet {
  return new SimulatedFleet({ seed, hosts: [LAB_HOST], reuseAddresses: false, ...options });
}

/** A fleet with a serving cluster of three shards. */
async function servingFleet(
  seed: number,
  replicas: number,
  options: LabOptions = {},
  fleetOptions: Partial<FleetOptions> = {},
): Promise<{ fleet: SimulatedFleet; cluster: LabCluster }> {
  const fleet = newFleet(seed, fleetOptions);
  const config = { 'cluster-node-timeout': '1000', ...options.config };
  const cluster = await fleet.run(() =>
    formCluster(simulatedLab(fleet), 3, replicas, { ...options, config }),
  );
  await fleet.idle(2000);
  return { fleet, cluster };
}

function lostBy(fleet: SimulatedFleet, by: 'redisforge' | 'fault'): number {
  return fleet.lostWrites().reduce((sum, entry) => (entry.by === by ? sum + entry.lost : sum), 0);
}

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

describe('containers behave as under Docker', () => {
  const read = async (fleet: SimulatedFleet, name: string) => {
    const ask = { cluster: 'lab', containers: [name], volumes: [], networks: [], images: [] };
    const ask1 = () => fleet.ports.engines.of(LAB_HOST).read(ask, new AbortController().signal);
    return (await fleet.run(ask1)).containers.find((container) => container.name === name);
  };

  test('policy always brings a killed container back, but not one that was stopped, until the machine restarts', async () => {
    const { fleet, cluster } = await servingFleet(1, 0, { restart: 'always' });
    const [killed, stopped] = cluster.nodes.map(({ name }) => name) as [string, string];
    fleet.inject({ kind: 'container-kill', node: killed });
    fleet.inject({ kind: 'container-stop', node: stopped });
    await fleet.idle(5000);
    expect((await read(fleet, killed))?.status).toBe('running');
    expect((await read(fleet, stopped))?.status).toBe('exited');
    fleet.inject({ kind: 'host-down', host: LAB_HOST.name });
    fleet.inject({ kind: 'host-up', host: LAB_HOST.name });
    await fleet.idle(5000);
    expect((await read(fleet, stopped))?.status).toBe('running');
  });

  test('policy no leaves it down', async () => {
    const { fleet, cluster } = await servingFleet(1, 0, { restart: 'no' });
    const name = cluster.nodes[0]?.name ?? '';
    fleet.inject({ kind: 'container-kill', node: name, oom: true });
    await fleet.idle(60_000);
    expect(await read(fleet, name)).toMatchObject({ status: 'exited', exitCode: 137, oomKilled: true });
  });

  test('what is not ours, or in the wrong state, is left alone', async () => {
    const { fleet, cluster } = await servingFleet(1, 0);
    const engine = fleet.ports.engines.of(LAB_HOST);
    const name = cluster.nodes[0]?.name ?? '';
    const foreign = { 'dev.redisforge.cluster': 'other', 'dev.redisforge.node': name };
    await expect(fleet.run(() => engine.createVolume(name, foreign))).rejects.toMatchObject({
      code: 'conflict',
    });
    await expect(fleet.run(() => engine.removeContainer(name))).rejects.toMatchObject({ code: 'conflict' });
    await expect(fleet.run(() => engine.startContainer('nobody'))).rejects.toMatchObject({
      code: 'not-found',
    });
    await fleet.run(() => engine.removeContainer('nobody'));
    fleet.world.missingImages.add('redis:9.9.9');
    const pull = () => engine.pullImage('redis:9.9.9', new AbortController().signal);
    await expect(fleet.run(pull)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a broken image fails the start, and nothing of it is left behind', async () => {
    const fleet = newFleet(1);
    fleet.world.brokenImages.add('redis:8.6.3');
    await expect(fleet.run(() => simulatedLab(fleet).start(1))).rejects.toMatchObject({ code: 'refused' });
    expect(await read(fleet, 'n1')).toBeUndefined();
  });

  test('events tell of deaths within a third of a second', async () => {
    const { fleet, cluster } = await servingFleet(1, 0);
    const stop = new AbortController();
    const seen = await fleet.run(async () => {
      const events = fleet.ports.engines.of(LAB_HOST).events('lab', stop.signal)[Symbol.asyncIterator]();
      const next = events.next();
      await cluster.primaries[0]?.kill();
      const killedAt = fleet.ports.clock.now();
      const { value } = await next;
      stop.abort();
      expect((await events.next()).done).toBe(true);
      return { ...value, inMs: fleet.ports.clock.now() - killedAt };
    });
    expect(seen).toMatchObject({ action: 'die', container: 'n1', node: 'n1' });
    expect(seen.inMs).toBeLessThan(350);
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
