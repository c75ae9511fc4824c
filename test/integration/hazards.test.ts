/** Where a hasty repair would cost data, and where the outside is not as it should be: the last key is there after. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import type { Problem } from '../../spec-schema/problem.ts';
import { Machine } from '../support/machine.ts';
import { readdress } from '../support/mishaps.ts';
import { RealCluster, type Run } from '../support/real-cluster.ts';
import { ENGINE } from '../support/real-spec.ts';

const IMAGE = 'redis:8.6.3';
let cluster: RealCluster;
afterEach(() => cluster?.remove());

function theBlock({ blocks }: Run, code: string): Problem {
  const found = blocks.find((block) => block.code === code);
  if (found === undefined) throw new Error(`no ${code} among ${JSON.stringify(blocks)}`);
  // Law 11: every refusal names the smallest change that would unblock it.
  expect(found.hint).not.toBe('');
  return found;
}

it('a volume that holds foreign data stays as it is, and the others form the cluster without its node', async () => {
  cluster = await RealCluster.create();
  const volume = `redisforge-${cluster.name}-${cluster.node('3b')}`;
  const labels = { 'dev.redisforge.cluster': cluster.name, 'dev.redisforge.node': cluster.node('3b') };
  await cluster.docker.createVolume({ Name: volume, Labels: labels });
  await fillVolume(cluster, volume);

  const run = await cluster.run();
  expect(run.status).toBe('blocked');
  expect(theBlock(run, 'foreign-data')).toMatchObject({
    subject: `node ${cluster.node('3b')}`,
    evidence: '100 keys',
  });
  const { live } = await cluster.observe();
  expect(live).toMatchObject({ serving: 'yes', agreement: 'yes' });
  for (const node of ['1a', '1b', '2a', '2b', '3a']) {
    const state = live.nodes[cluster.node(node)];
    expect(state, node).toMatchObject({ membership: 'joined', synced: true });
    // What hastened the formation is put back, although one node is missing.
    expect(state?.config['cluster-node-timeout'], node).toBe('5000');
  }
  // It claims the slots of its keys, which nobody believes.
  expect(live.nodes[cluster.node('3b')]).toMatchObject({ membership: 'alone', contents: 'keys', slots: '' });
  expect(await cluster.asAdmin('3b', 'DBSIZE')).toBe(100);
  expect(await cluster.anotherPass()).toEqual({ status: 'blocked', steps: [], calls: [] });
});

it('a primary that came back empty at another address does not get its replica emptied by us', async () => {
  cluster = await RealCluster.create({ floating: true, config: { appendonly: 'no', save: '' } });
  await cluster.mustRun();
  await cluster.fill(3000);
  const keys = Number(await cluster.asAdmin('2b', 'DBSIZE'));
  // Somebody starts it by hand. Its replica knows its former address only, and so keeps the keys.
  await readdress(cluster, ['2a']);

  const run = await cluster.run();
  expect(run.status).toBe('blocked');
  expect(theBlock(run, 'empty-primary').evidence).toBe(
    `${keys} keys on ${cluster.node('2b')}, 0 on ${cluster.node('2a')}`,
  );
  expect(await cluster.asAdmin('2b', 'DBSIZE')).toBe(keys);
  // As the hint says.
  await cluster.container('2a').stop();
  const steps = (await cluster.mustRun()).steps.map(({ id }) => cluster.short(id));
  expect(steps.slice(0, 2)).toEqual(['failover:s2:2a>2b', 'start-node:2a']);
  expect(await cluster.countIntact(3000)).toBe(3000);
});

it('a role that moves to and fro in quick succession costs no acknowledged write', async () => {
  cluster = await RealCluster.create({ config: { 'cluster-node-timeout': 2000 } });
  await cluster.mustRun();
  const primaries = (first: 'a' | 'b') =>
    cluster.edit((document) => {
      for (const node of document.nodes) node.role = node.name.endsWith(first) ? 'primary' : 'replica';
    });
  const acknowledged: string[] = [];
  let over = false;
  // Two writers that each hold on to one server, as clients do that have not heard of anything yet.
  const writers = ['1a', '1b'].map(async (node) => {
    const client = await cluster.client(node);
    for (let index = 0; !over; index += 1) {
      const key = `{tag 1}${node}:${index}`;
      const answer = await client.set(key, '').catch(() => undefined);
      if (answer === 'OK') acknowledged.push(key);
      if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    client.disconnect();
  });
  for (const first of ['b', 'a', 'b'] as const) {
    primaries(first);
    const run = await cluster.mustRun();
    expect(run.steps.map(({ step }) => step.kind)).toEqual(Array(3).fill('switchover'));
  }
  over = true;
  await Promise.all(writers);
  const client = await cluster.client('1b');
  expect(acknowledged.length).toBeGreaterThan(1000);
  expect(await client.exists(...acknowledged)).toBe(acknowledged.length);
  client.disconnect();
});

it('a network of our name that is not ours is not used', async () => {
  cluster = await RealCluster.create();
  const network = await cluster.docker.createNetwork({ Name: `redisforge-${cluster.name}` });
  cluster.alsoRemove(() => network.remove());
  const run = await cluster.run();
  expect(run.status).toBe('blocked');
  expect(new Set(run.blocks.map(({ code }) => code))).toEqual(new Set(['foreign-network']));
  expect(Object.keys((await network.inspect()).Containers ?? {})).toEqual([]);
});

it('an image that its registry does not have leaves nothing half-made', async () => {
  cluster = await RealCluster.create();
  const registry = createServer((_, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  cluster.alsoRemove(async () => registry.close());
  const image = `127.0.0.1:${(registry.address() as AddressInfo).port}/none/redis:8.6.3`;
  cluster.edit((document) => {
    document.redis.image = image;
  });
  const run = await cluster.run();
  expect(run.status).toBe('failed');
  expect(run.failures.map(({ step }) => step.step.kind)).toEqual(['pull-image']);
  expect(run.failures[0]?.reason).toContain(image);
  const filters = { label: [`dev.redisforge.cluster=${cluster.name}`] };
  expect(await cluster.docker.listContainers({ all: true, filters })).toEqual([]);

  cluster.edit((document) => {
    document.redis.image = IMAGE;
  });
  await cluster.mustRun();
});

it('two primaries that are gone with their volumes are explained at once, and taken over only when that is decided', async () => {
  cluster = await RealCluster.create();
  await cluster.mustRun();
  await cluster.fill(3000);
  const held = async () => [await cluster.asAdmin('2b', 'DBSIZE'), await cluster.asAdmin('3b', 'DBSIZE')];
  const before = await held();
  for (const node of ['2a', '3a']) {
    await cluster.container(node).remove({ force: true });
    await cluster.docker.getVolume(`redisforge-${cluster.name}-${cluster.node(node)}`).remove();
  }
  const run = await cluster.run();
  expect(run.status).toBe('blocked');
  const block = theBlock(run, 'quorum-lost');
  expect(block.evidence).toContain('5461-10922');
  expect(block.evidence).toContain('10923-16383');
  expect(block.hint).toContain(cluster.node('2b'));
  expect(block.hint).toContain(cluster.node('3b'));
  // The members still take them for alive; the engine knows better.
  expect(run.blocks.map(({ code }) => code)).not.toContain('foreign-member');
  expect(run.steps).toEqual([]);
  expect(await held()).toEqual(before);

  cluster.edit((document) => {
    const takeover = ['2b', '3b'].map((node) => cluster.node(node));
    document.recovery = { takeover, reason: 'both machines are gone' };
  });
  await cluster.mustRun();
  expect(await cluster.countIntact(3000)).toBe(3000);
});

it('a machine whose engine hangs, or is stopped, holds nobody up, and what runs there is left alone', async () => {
  cluster = await RealCluster.create();
  const machines = await onThreeMachines(cluster);
  const away = machines[2] as Machine;
  await cluster.mustRun();
  await cluster.fill(3000);
  const startedAt = async () => (await cluster.container('3a').inspect()).State.StartedAt;
  const before = await startedAt();

  for (const [shut, reason] of [
    [() => away.hang(), 'did not answer within 5 s'],
    [() => away.stop(), 'engine-3.sock'],
  ] as const) {
    await shut();
    await cluster.container('1b').kill();
    const begun = Date.now();
    const run = await cluster.run();
    const [first] = run.events.filter((event) => event.kind === 'step-started');
    expect(first?.step.id).toBe(`start-node:${cluster.node('1b')}`);
    expect((first?.at ?? 0) - begun).toBeLessThan(7000);
    expect(run.status).toBe('blocked');
    expect(theBlock(run, 'host-unreachable')).toMatchObject({
      subject: 'host h3',
      evidence: expect.stringContaining(reason),
    });
    expect(run.steps.map(({ id }) => cluster.short(id))).toEqual(['start-node:1b']);
    expect(await cluster.countIntact(3000)).toBe(3000);
  }
  await away.run();
  expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  expect(await startedAt()).toBe(before);
});

/** Puts 100 keys into a volume, as a server that is none of ours would. */
async function fillVolume(owner: RealCluster, volume: string): Promise<void> {
  const container = await owner.docker.createContainer({
    Image: IMAGE,
    Cmd: ['redis-server', '--appendonly', 'yes', '--save', '', '--dir', '/data', '--protected-mode', 'no'],
    Labels: { 'dev.redisforge.cluster': owner.name },
    HostConfig: { Mounts: [{ Type: 'volume', Source: volume, Target: '/data' }] },
  });
  await container.start();
  const { NetworkSettings } = await container.inspect();
  const redis = new Redis({ host: NetworkSettings.Networks['bridge']?.IPAddress ?? '' });
  redis.on('error', () => {});
  const pipeline = redis.pipeline();
  for (let index = 0; index < 100; index += 1) pipeline.set(`foreign:${index}`, index);
  await pipeline.exec();
  expect(await redis.call('WAITAOF', 1, 0, 5000)).toEqual([1, 0]);
  redis.disconnect();
  await container.remove({ force: true });
}

/** Gives each host a machine of its own. They have no bridge network in common: nodes use those of their machines. */
async function onThreeMachines(owner: RealCluster): Promise<Machine[]> {
  const cidr = owner.spec.network.mode === 'bridge' ? (owner.spec.network.subnet ?? '') : '';
  const subnet = cidr.slice(0, cidr.lastIndexOf('.'));
  // Addresses of this machine, one per host: those of the gateways of three small networks.
  for (const first of [0, 16, 32]) {
    await owner.docker.createNetwork({
      Name: `${owner.name}-${first}`,
      Labels: { 'dev.redisforge.cluster': owner.name },
      IPAM: {
        Driver: 'default',
        Config: [{ Subnet: `${subnet}.${first}/28`, Gateway: `${subnet}.${first + 1}` }],
      },
    });
  }
  const machines = owner.spec.hosts.map(({ name }, index) => {
    const nodes = owner.spec.nodes.filter(({ host }) => host === name).map((node) => node.name);
    return new Machine(join(owner.directory, `engine-${index + 1}.sock`), ENGINE, nodes);
  });
  for (const machine of machines) {
    owner.alsoRemove(() => machine.stop());
    await machine.run();
  }
  owner.edit((document) => {
    document.network = { mode: 'host' };
    for (const node of document.nodes) {
      delete node.address;
      // Nobody else's on this machine.
      node.port += 14_000;
    }
    for (const [index, host] of document.hosts.entries()) {
      host.address = `${subnet}.${index * 16 + 1}`;
      host.docker = machines[index]?.docker ?? '';
    }
  });
  return machines;
}
