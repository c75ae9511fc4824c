/** What goes wrong around pull requests: RedisForge dies at any moment, the forge lies or is away, two of us run at once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CALL_MISHAPS } from '../support/simulation/calls.ts';
import { clusterText, Flow, POLL_MS } from '../support/simulation/flow.ts';

const PATH = 'orders/cluster.yaml';
const START = { [PATH]: clusterText('orders') };
const LRU = { [PATH]: clusterText('orders', { config: { 'maxmemory-policy': 'allkeys-lru' } }) };
const numRuns = Number(process.env['STORIES'] ?? 15);
const seed = Number(process.env['STORY_SEED'] ?? 20_261_124);

/** One pull request from its beginning to its end, with a command in it; everything that must be so afterwards is. */
async function wholeStory(flow: Flow): Promise<void> {
  const id = flow.place.propose({ branch: 'lru', files: LRU });
  await flow.until('a plan is shown', () => flow.planShown(id, 'orders') !== '', 20 * POLL_MS);
  await flow.until('its status too', () => flow.planStatus(id) === 'success', 20 * POLL_MS);
  const pause = flow.place.remark(id, 'ada', '/redisforge pause 5m a look');
  const resume = flow.place.remark(id, 'grace', '/redisforge resume');
  await flow.until(
    'both are answered',
    () => [pause, resume].every((each) => flow.place.reactions.has(each)),
    20 * POLL_MS,
  );
  await flow.until('it is not paused', () => flow.planStatus(id) === 'success', 20 * POLL_MS);
  const merge = flow.place.merge(id);
  await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 40 * POLL_MS);
  await flow.until('the comment says so', () => flow.comment(id, 'orders').includes('✅'), 20 * POLL_MS);
  await flow.settle();
  const comments = [...flow.place.comments(id).keys()].sort();
  expect(comments).toEqual([`answer/${pause}`, `answer/${resume}`, 'plan/orders'].sort());
  for (const remark of [pause, resume]) expect(flow.place.reactions.get(remark)).toEqual(['done']);
  expect(flow.place.issues.filter(({ state }) => state === 'open')).toEqual([]);
  const { writes } = flow.place;
  await flow.pass(4 * POLL_MS);
  expect(flow.place.writes, flow.describe()).toBe(writes);
  expect(new Set(flow.fleet.servers.map(({ config }) => config.get('maxmemory-policy')))).toEqual(
    new Set(['allkeys-lru']),
  );
}

describe('RedisForge', () => {
  it(
    'may die, lose answers and be told lies at any moment: everything is said and done in the end, once',
    () =>
      fc.assert(
        fc.asyncProperty(
          fc.nat({ max: 0x7fffffff }),
          fc.array(
            fc.record({
              mishap: fc.constantFrom(...CALL_MISHAPS),
              call: fc.constantFrom(
                undefined,
                'store.write',
                'store.append',
                'forge.ensureComment',
                'forge.setStatus',
                'forge.react',
                'forge.answer',
                'forge.remarks',
                'forge.pullRequests',
                'forge.pullRequestOf',
                'forge.permissionOf',
              ),
              skip: fc.nat({ max: 30 }),
            }),
            { minLength: 1, maxLength: 5 },
          ),
          async (simulation, mishaps) => {
            const flow = await Flow.begun(simulation, START);
            for (const { mishap, call, skip } of mishaps)
              flow.fleet.inject({ kind: 'call', mishap, skip, ...(call === undefined ? {} : { call }) });
            await wholeStory(flow);
          },
        ),
        { numRuns, seed },
      ),
    60_000 + numRuns * 4_000,
  );

  it('begins nothing anew when it is killed in the middle of a rollout, and tells the rest of it', async () => {
    const flow = await Flow.begun(61, START);
    const id = flow.place.propose({
      branch: 'grow',
      files: { [PATH]: clusterText('orders', { shards: 4 }) },
    });
    await flow.until('a plan is shown', () => flow.planShown(id, 'orders') !== '', 2 * POLL_MS);
    const merge = flow.place.merge(id);
    await flow.until('it is under way', () => flow.fleet.servers.length > 6, 4 * POLL_MS);
    flow.restart();
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 20 * POLL_MS);
    expect(flow.comment(id, 'orders')).toMatch(/✅.*steps done/);
    expect(flow.fleet.lostWrites()).toEqual([]);
  });

  it('edits the comment of a rollout at most once in 30 seconds, and says the result at once', async () => {
    const flow = await Flow.begun(62, START);
    const id = flow.place.propose({
      branch: 'grow',
      files: { [PATH]: clusterText('orders', { shards: 5 }) },
    });
    await flow.until('a plan is shown', () => flow.planShown(id, 'orders') !== '', 2 * POLL_MS);
    await flow.pass(5_000);
    const before = flow.place.editsOf(id, 'plan/orders');
    const merge = flow.place.merge(id);
    const begun = flow.fleet.world.now;
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 20 * POLL_MS);
    const minutes = (flow.fleet.world.now - begun) / 60_000;
    expect(flow.place.editsOf(id, 'plan/orders') - before).toBeLessThanOrEqual(Math.ceil(minutes * 2) + 2);
    expect(flow.comment(id, 'orders')).toContain('✅');
  });

  it('tells of a change that fails: the merge commit is red, there is one issue, and it is closed when it is over', async () => {
    const flow = await Flow.begun(63, START);
    const id = flow.place.propose({
      branch: 'grow',
      files: { [PATH]: clusterText('orders', { shards: 4 }) },
    });
    await flow.until('a plan is shown', () => flow.planShown(id, 'orders') !== '', 2 * POLL_MS);
    const merge = flow.place.merge(id);
    await flow.until('it is under way', () => flow.fleet.servers.length > 6, 4 * POLL_MS);
    flow.fleet.inject({ kind: 'host-down', host: 'h1', answer: 'silence' });
    await flow.until('it has failed', () => flow.applyStatus(merge) === 'failure', 40 * POLL_MS);
    await flow.until(
      'there is an issue',
      () => flow.place.issue('failure/orders')?.state === 'open',
      2 * POLL_MS,
    );
    expect(flow.comment(id, 'orders')).toContain('git revert');
    flow.fleet.healAll();
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 80 * POLL_MS);
    await flow.until(
      'the issue is closed',
      () => flow.place.issue('failure/orders')?.state === 'closed',
      2 * POLL_MS,
    );
  });

  it('tells of drift that it does not repair, in one issue for the cluster, and closes it with proof', async () => {
    const flow = await Flow.begun(64, START);
    flow.fleet.inject({ kind: 'host-down', host: 'h2', answer: 'silence' });
    await flow.until('there is an issue', () => flow.place.issue('drift/orders') !== undefined, 40 * POLL_MS);
    await flow.pass(10 * POLL_MS);
    expect(flow.place.issue('drift/orders')?.state).toBe('open');
    const { writes } = flow.place;
    await flow.pass(10 * POLL_MS);
    expect(flow.place.writes).toBe(writes);
    flow.fleet.healAll();
    await flow.until(
      'it is closed',
      () => flow.place.issue('drift/orders')?.state === 'closed',
      20 * POLL_MS,
    );
    expect(flow.place.issue('drift/orders')?.body).toContain('as its spec says');
  });

  it('acts alone: a second one says why it does not, and takes over when the first has died', async () => {
    const flow = await Flow.begun(65, START);
    const first = flow.reconciler;
    const second = flow.start('second');
    await flow.settle();
    expect(second.status().standby).toContain('redisforge');
    expect(second.status().clusters).toEqual({});
    expect(flow.events.filter(({ kind }) => kind === 'pull-requests')).toMatchObject([
      { state: 'acting' },
      { state: 'standby' },
    ]);
    const id = flow.place.propose({ branch: 'lru', files: LRU });
    await flow.until('a plan is shown', () => flow.planShown(id, 'orders') !== '', 2 * POLL_MS);
    expect(first?.status().standby).toBeUndefined();
    expect(flow.place.editsOf(id, 'plan/orders')).toBe(1);
    flow.fleet.crash('by the story');
    flow.start('second');
    const merge = flow.place.merge(id);
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 10 * POLL_MS);
  });
});
