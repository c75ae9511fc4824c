/** RedisForge is killed by SIGKILL, again and again, and the next one goes on from where things stand. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isWait } from '../../reconciler/steps/table.ts';
import { livesUntilConverged } from '../support/lives.ts';
import { RealCluster } from '../support/real-cluster.ts';

let cluster: RealCluster;
beforeEach(async () => {
  cluster = await RealCluster.create({ more: { policies: { canarySoak: 0 } } });
});
afterEach(() => cluster?.remove());

async function expectWhole(): Promise<void> {
  const run = await cluster.mustRun();
  expect(run.steps).toEqual([]);
  expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  const { live: state } = await cluster.observe();
  expect(state).toMatchObject({ serving: 'yes', agreement: 'yes', ghosts: {} });
  const filters = { label: [`dev.redisforge.cluster=${cluster.name}`] };
  expect(await cluster.docker.listContainers({ all: true, filters })).toHaveLength(6);
  expect((await cluster.docker.listVolumes({ filters })).Volumes).toHaveLength(6);
  expect(await cluster.docker.listNetworks({ filters })).toHaveLength(1);
}

it('a cluster comes from nothing though RedisForge dies before and after every single step', async () => {
  const { waves } = await cluster.plan();
  const steps = waves
    .flat()
    .filter(({ step }) => !isWait(step))
    .map(({ id }) => cluster.short(id).split(':')[0])
    .sort();
  const { before, after } = await livesUntilConverged(cluster, (lives) => [
    lives % 2 === 0 ? 'before' : 'after',
  ]);
  const taken = Map.groupBy(after, (id) => id.split(':')[0]);
  // Whatever a life was cut off from is done by a later one. Which step comes first in a wave may differ between the
  // two: gossip goes on while nobody looks.
  for (const id of before) expect([...taken.keys()], id).toContain(id.split(':')[0]);
  // A node that is met alone takes a step more than in the plan; none is missing.
  for (const [kind, planned] of Map.groupBy(steps, (kind) => kind))
    expect(taken.get(kind)?.length, kind).toBeGreaterThanOrEqual(planned.length);
  await expectWhole();
});

it('and though it dies at any moment, with steps under way side by side', async () => {
  await livesUntilConverged(cluster, (lives) => ['any', 600 + ((lives * 130) % 900)]);
  await expectWhole();
});

it('a rolling restart goes on under which RedisForge dies at any moment, and no key is lost', async () => {
  await cluster.mustRun();
  await cluster.fill(20_000);
  cluster.edit((document) => {
    document.redis.config['io-threads'] = 2;
  });
  await livesUntilConverged(cluster, (lives) => ['any', 700 + ((lives * 170) % 900)]);
  await expectWhole();
  expect(await cluster.countIntact(20_000)).toBe(20_000);
  expect(await cluster.asAdmin('1a', 'CONFIG', 'GET', 'io-threads')).toEqual(['io-threads', '2']);
});
