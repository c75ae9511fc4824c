/** Simulated containers behave as under a Docker Engine. */
import { describe, expect, test } from 'vitest';
import type { SimulatedFleet } from '../support/simulation/fleet.ts';
import { newFleet, servingFleet } from '../support/simulation/serving-fleet.ts';
import { LAB_HOST, simulatedLab } from '../support/simulation/simulated-lab.ts';

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
