/** What would risk data is not repaired blindly: it is blocked with the explanation, and the rest goes on. */
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RealCluster } from '../support/real-cluster.ts';
import { settleBeforeSecondTry } from '../support/second-try.ts';

const KEYS = 20_000;

describe('in a cluster that serves', () => {
  let cluster: RealCluster;

  beforeAll(async () => {
    cluster = await RealCluster.create();
    await cluster.mustConverge();
    await cluster.fill(KEYS);
  });
  afterAll(() => cluster?.remove());
  settleBeforeSecondTry(() => cluster.mustRun());
  afterEach(async () => {
    expect(await cluster.countIntact(KEYS)).toBe(KEYS);
  });

  it('a member that the spec does not name is shown and left alone, and the rest goes on', async () => {
    const stranger = await RealCluster.create();
    try {
      // A server of somebody else: one node of another test cluster, in our network, met by hand.
      await cluster.docker.createContainer({
        name: `${stranger.name}-x`,
        Image: 'redis:8.6.3',
        Entrypoint: ['redis-server'],
        Cmd: ['--port', '6379', '--cluster-enabled', 'yes', '--protected-mode', 'no'],
        Labels: { 'dev.redisforge.cluster': stranger.name },
        HostConfig: { NetworkMode: `redisforge-${cluster.name}` },
      });
      const container = cluster.docker.getContainer(`${stranger.name}-x`);
      await container.start();
      const { NetworkSettings } = await container.inspect();
      const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '';
      await cluster.asAdmin('1a', 'CLUSTER', 'MEET', address, 6379, 16379);
      await expect
        .poll(async () => Object.values((await cluster.observe()).live.ghosts).map(({ state }) => state), {
          timeout: 15_000,
        })
        .toEqual(['alive']);
      await cluster.asAdmin('2b', 'CONFIG', 'SET', 'cluster-node-timeout', '7777');
      const run = await cluster.run();
      expect(run.status).toBe('blocked');
      expect(run.blocks).toMatchObject([{ code: 'foreign-member' }]);
      expect(run.blocks[0]?.hint).toContain('spec');
      expect(run.steps.map(({ id }) => cluster.short(id))).toEqual([
        'configure:2b:cluster-node-timeout=5000',
      ]);
      await container.remove({ force: true });
      // Gone, it is lost and owns nothing: now it is forgotten.
      await expect
        .poll(async () => (await cluster.run()).status, { timeout: 60_000, interval: 2_000 })
        .toBe('converged');
    } finally {
      await stranger.remove();
    }
  });

  it('an image that does not exist stops before anything is touched', async () => {
    const before = (
      await cluster.docker.listContainers({
        all: true,
        filters: { label: [`dev.redisforge.cluster=${cluster.name}`] },
      })
    ).map(({ Id }) => Id);
    cluster.edit((document) => {
      document.redis.image = 'redisforge.invalid/no-such-image:8.6.3';
    });
    const run = await cluster.run();
    expect(run.status).toBe('failed');
    expect(run.failures[0]?.step.step.kind).toBe('pull-image');
    expect(run.failures[0]?.reason).toMatch(/no-such-image/);
    const after = (
      await cluster.docker.listContainers({
        all: true,
        filters: { label: [`dev.redisforge.cluster=${cluster.name}`] },
      })
    ).map(({ Id }) => Id);
    expect(after.sort()).toEqual(before.sort());
    cluster.edit((document) => {
      document.redis.image = 'redis:8.6.3';
    });
    await cluster.mustConverge();
  });

  it('a node that holds keys of unknown origin is refused, and its keys stay', async () => {
    // Detached for good and filled by somebody: alone, with keys, under the node's own name.
    await cluster.asAdmin('3b', 'CLUSTER', 'RESET', 'HARD');
    await cluster.asAdmin('3b', 'CLUSTER', 'ADDSLOTSRANGE', 0, 16383).catch(() => undefined);
    await expect
      .poll(
        async () =>
          cluster.asLoader('3b', 'SET', 'theirs', 'precious').catch((error: Error) => error.message),
        { timeout: 30_000 },
      )
      .toBe('OK');
    const run = await cluster.run();
    expect(run.status).toBe('blocked');
    expect(run.blocks.map(({ code }) => code)).toContain('foreign-data');
    expect(await cluster.asLoader('3b', 'GET', 'theirs')).toBe('precious');
    await cluster.asLoader('3b', 'FLUSHALL');
    await cluster.asAdmin('3b', 'CLUSTER', 'RESET', 'HARD');
    await cluster.mustConverge();
  });
});

describe('before a cluster is formed', () => {
  let cluster: RealCluster;
  afterEach(() => cluster?.remove());

  it.each(['container', 'volume'] as const)(
    'a %s of that name that is not ours is never touched',
    async (what) => {
      cluster = await RealCluster.create();
      const name =
        what === 'container' ? cluster.node('1b') : `redisforge-${cluster.name}-${cluster.node('1b')}`;
      // Found and removed by a label of the test's own, since it must not carry ours.
      if (what === 'container') {
        await cluster.docker.createContainer({
          name,
          Image: 'redis:8.6.3',
          Labels: { 'dev.redisforge.test': cluster.name },
        });
        cluster.alsoRemove(() => cluster.docker.getContainer(name).remove({ force: true }));
      } else {
        await cluster.docker.createVolume({ Name: name, Labels: { 'dev.redisforge.test': cluster.name } });
        cluster.alsoRemove(() => cluster.docker.getVolume(name).remove());
      }
      const run = await cluster.run();
      expect(run.status).toBe('blocked');
      expect(run.blocks.map(({ code }) => code)).toContain(`foreign-${what}`);
      expect(run.steps.some(({ id }) => id.endsWith(cluster.node('1b')))).toBe(false);
    },
  );

  it('a port that somebody else has is named', async () => {
    const taken = await listening();
    const { port } = taken.address() as { port: number };
    cluster = await RealCluster.create();
    cluster.edit((document) => {
      document.network.publish = '127.0.0.1';
      const node = document.nodes.find(({ name }) => name === cluster.node('1a'));
      if (node !== undefined) node.port = port;
    });
    try {
      const run = await cluster.run();
      expect(run.status).toBe('failed');
      const failure = run.failures.find(({ step }) => step.id === `deploy-node:${cluster.node('1a')}`);
      expect(failure?.reason).toMatch(new RegExp(`${port}`));
      // Nothing half-made is left of it.
      await expect(cluster.container('1a').inspect()).rejects.toMatchObject({ statusCode: 404 });
    } finally {
      taken.close();
    }
  });

  it('an engine that accepts and never answers delays nobody else, and is named', async () => {
    cluster = await RealCluster.create();
    await cluster.mustConverge();
    const socket = join(cluster.directory, 'silent.sock');
    const silent = createServer(() => {}).listen(socket);
    try {
      cluster.edit((document) => {
        const host = document.hosts.find(({ name }) => name === 'h3');
        if (host !== undefined) host.docker = `unix://${socket}`;
      });
    } catch (error) {
      // A bridge network ends at its engine, so the spec itself refuses that; the observation is asked directly.
      expect(String(error)).toContain('engine');
      cluster.spec = {
        ...cluster.spec,
        hosts: cluster.spec.hosts.map((host) =>
          host.name === 'h3' ? { ...host, docker: `unix://${socket}` } : host,
        ),
      };
    }
    const began = performance.now();
    const { live, facts } = await cluster.observe();
    expect(performance.now() - began).toBeLessThan(12_000);
    expect(live.hosts['h3']?.engine).toBe('no');
    expect(facts.hosts['h3']?.failure?.message).toBeTruthy();
    expect(live.hosts['h1']?.engine).toBe('yes');
    // What was not read is unknown, not absent.
    const there = Object.values(live.nodes).filter(({ host }) => host === 'h3');
    expect(there.map(({ container }) => container)).toEqual(['unknown', 'unknown']);
    silent.close();
  });
});

async function listening(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe('without persistence', () => {
  let cluster: RealCluster;
  afterAll(() => cluster?.remove());

  it('a dead primary is not started before its replica has taken over, and no key is lost', async () => {
    cluster = await RealCluster.create({ config: { appendonly: 'no', save: '' } });
    await cluster.mustConverge();
    await cluster.fill(KEYS);
    await cluster.container('1a').kill();
    const run = await cluster.mustRun();
    expect(run.steps.map(({ id }) => cluster.short(id).split(':')[0]).slice(0, 2)).toEqual([
      'failover',
      'start-node',
    ]);
    expect(await cluster.countIntact(KEYS)).toBe(KEYS);
  });

  it('and with the quorum gone it is left down, with what a person has to decide', async () => {
    await Promise.all([
      cluster.container('1b').kill(),
      cluster.container('2b').kill(),
      cluster.container('3b').kill(),
    ]);
    const { live } = await cluster.observe();
    const primaries = Object.entries(live.nodes).filter(([, node]) => node.slots !== '');
    const dead = primaries.slice(0, 2).map(([name]) => cluster.short(name));
    await Promise.all(
      ['1b', '2b', '3b']
        .filter((node) => !dead.includes(node))
        .map((node) => cluster.container(node).start()),
    );
    await expect
      .poll(
        async () =>
          Object.values((await cluster.observe()).live.nodes).filter(
            ({ link, synced }) => link === 'up' && synced,
          ).length,
        { timeout: 60_000 },
      )
      .toBe(3);
    for (const node of dead)
      await cluster
        .container(node)
        .kill()
        .catch(() => undefined);
    const run = await cluster.run();
    expect(run.status).toBe('blocked');
    expect(run.blocks.map(({ code }) => code)).toContain('quorum-lost');
    expect(run.blocks.find(({ code }) => code === 'quorum-lost')?.hint).toContain('recovery');
  });
});
