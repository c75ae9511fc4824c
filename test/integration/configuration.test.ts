/** What a changed file costs: nothing but a command where that is enough, otherwise one node at a time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../reconciler/engine/progress.ts';
import { eventually } from '../support/lab-containers.ts';
import { RealCluster } from '../support/real-cluster.ts';
import { settleBeforeSecondTry } from '../support/second-try.ts';

const KEYS = 20_000;
const ALL = ['1a', '1b', '2a', '2b', '3a', '3b'];

describe('three shards with a replica each', () => {
  let cluster: RealCluster;

  beforeAll(async () => {
    cluster = await RealCluster.create({
      config: { maxmemory: '64mb' },
      more: { resources: { memory: '200mb' }, policies: { canarySoak: 0 } },
    });
    await cluster.mustRun();
    await cluster.fill(KEYS);
  });
  afterAll(() => cluster?.remove());
  settleBeforeSecondTry(() => cluster.mustRun());

  const startTimes = () =>
    Promise.all(ALL.map(async (node) => (await cluster.container(node).inspect()).State.StartedAt));
  const nodeIds = () => Promise.all(ALL.map((node) => cluster.idOf(node)));
  const volumes = async () => {
    const filters = { label: [`dev.redisforge.cluster=${cluster.name}`] };
    const { Volumes } = await cluster.docker.listVolumes({ filters });
    return Volumes.map(({ Name }) => Name).sort();
  };

  /** What was away at the same time, by every look that was taken: at most one member per shard, in one zone. */
  function expectOneAtATime(events: readonly ProgressEvent[]): void {
    let looks = 0;
    for (const event of events) {
      if (event.kind !== 'observed') continue;
      const away = Object.entries(event.observation.live.nodes).filter(
        ([, node]) => node.reachable !== 'yes' || node.membership !== 'joined',
      );
      if (away.length > 0) looks += 1;
      const names = away.map(([name]) => cluster.short(name));
      expect(new Set(away.map(([, { zone }]) => zone)).size, names.join()).toBeLessThanOrEqual(1);
      expect(new Set(away.map(([, { shard }]) => shard)).size, names.join()).toBe(away.length);
    }
    // It was really looked at while nodes were away.
    expect(looks).toBeGreaterThan(0);
  }

  it('take limits of their containers, up and down, without a restart', async () => {
    const before = await startTimes();
    for (const memory of ['300mb', '180mb']) {
      cluster.edit((document) => {
        document.resources = { memory, cpus: 1.5 };
      });
      const run = await cluster.mustRun();
      expect(run.steps.map(({ step }) => step.kind)).toEqual(Array(6).fill('update-limits'));
    }
    const { HostConfig } = await cluster.container('2b').inspect();
    expect([HostConfig.Memory, HostConfig.NanoCpus]).toEqual([180 * 1024 * 1024, 1.5e9]);
    expect(await startTimes()).toEqual(before);
  });

  it('take a directive on one node alone, and converge', async () => {
    const before = await startTimes();
    cluster.edit((document) => {
      for (const node of document.nodes)
        if (node.name === cluster.node('3b')) node.config = { 'slowlog-max-len': 77 };
    });
    const run = await cluster.mustRun();
    expect(run.steps.map(({ id }) => cluster.short(id))).toEqual(['configure:3b:slowlog-max-len=77']);
    expect(await startTimes()).toEqual(before);
    expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  });

  it('restart one at a time, zone by zone, for a directive that takes effect at a start only', async () => {
    const containers = await Promise.all(
      ALL.map(async (node) => (await cluster.container(node).inspect()).Id),
    );
    cluster.edit((document) => {
      document.redis.config['io-threads'] = 2;
    });
    const run = await cluster.mustRun();
    expectOneAtATime(run.events);
    for (const node of ALL)
      expect(await cluster.asAdmin(node, 'CONFIG', 'GET', 'io-threads')).toEqual(['io-threads', '2']);
    expect(await Promise.all(ALL.map(async (node) => (await cluster.container(node).inspect()).Id))).toEqual(
      containers,
    );
    expect(await cluster.countIntact(KEYS)).toBe(KEYS);
  });

  it('are replaced one at a time for another image, on their volumes and as the members that they were', async () => {
    const [ids, stores] = [await nodeIds(), await volumes()];
    const image = `${cluster.name}:8.6.3`;
    await cluster.docker.getImage('redis:8.6.3').tag({ repo: cluster.name, tag: '8.6.3' });
    cluster.alsoRemove(() => cluster.docker.getImage(image).remove({ force: true }));
    cluster.edit((document) => {
      document.redis.image = image;
    });
    const run = await cluster.mustRun();
    expectOneAtATime(run.events);
    for (const node of ALL) expect((await cluster.container(node).inspect()).Config.Image).toBe(image);
    expect(await nodeIds()).toEqual(ids);
    expect(await volumes()).toEqual(stores);
    expect(await cluster.countIntact(KEYS)).toBe(KEYS);
    expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  });

  it('wait for a replica to write its first log, in which it would not heed the signal to stop', async () => {
    const replica = await cluster.memberOf('s2', 'replica');
    // 200 µs a key make a second of it.
    await cluster.asAdmin(replica, 'CONFIG', 'SET', 'rdb-key-save-delay', 200);
    const [own, other] = [await cluster.memberOf('s2', 'primary'), await cluster.memberOf('s1', 'primary')];
    await cluster.asAdmin(replica, 'CLUSTER', 'REPLICATE', await cluster.idOf(other));
    await eventually('it has given its copy up', async () =>
      String(await cluster.asAdmin(replica, 'INFO', 'replication')).includes('master_link_status:up'),
    );
    await cluster.asAdmin(replica, 'CLUSTER', 'REPLICATE', await cluster.idOf(own));
    cluster.edit((document) => {
      for (const node of document.nodes)
        if (node.name === cluster.node(replica)) Object.assign(node, { resources: { nofile: 2048 } });
    });
    const run = await cluster.mustRun();
    expect(run.waits.map(({ id }) => cluster.short(id))).toContain(`await-save:${replica}`);
    const times = (kind: 'step-started' | 'step-ended') =>
      run.events.filter((event) => event.kind === kind && event.step.step.kind === 'remove-container')[0];
    const [begun, ended] = [times('step-started'), times('step-ended')];
    if (begun?.kind !== 'step-started' || ended?.kind !== 'step-ended')
      throw new Error('it was not replaced');
    expect(ended.at - begun.at).toBeLessThan(10_000);
  });

  it('ends between two steps when it is asked to stop, and goes on from there', async () => {
    cluster.edit((document) => {
      document.redis.config['io-threads'] = 3;
    });
    const stop = new AbortController();
    const begun: string[] = [];
    const ended: string[] = [];
    const outcome = await cluster.converge((event) => {
      if (event.kind === 'step-started' && event.step.step.kind === 'restart-node') {
        begun.push(event.step.step.node);
        stop.abort();
      }
      if (event.kind === 'step-ended') ended.push(event.step.id);
    }, stop.signal);
    expect(outcome.status).toBe('stopped');
    // The restart that had begun was carried through: the node runs, with what it was restarted for.
    expect(begun).toHaveLength(1);
    const [node = ''] = begun;
    const { State } = await cluster.container(cluster.short(node)).inspect();
    expect(State.Running).toBe(true);
    expect(await cluster.countIntact(KEYS)).toBe(KEYS);

    const run = await cluster.mustRun();
    const rest = run.steps
      .filter(({ step }) => step.kind === 'restart-node')
      .map(({ id }) => cluster.short(id));
    expect(rest).toHaveLength(5);
    expect(rest).not.toContain(`restart-node:${cluster.short(node)}`);
    expect(await cluster.countIntact(KEYS)).toBe(KEYS);
  });
});
