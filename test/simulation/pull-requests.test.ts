/** Open pull requests on simulated fleets: what they would do is shown, and stays right while the world moves. */
import { describe, expect, it } from 'vitest';
import { clusterText, Flow, POLL_MS } from '../support/simulation/flow.ts';

const PATH = 'orders/cluster.yaml';
const LRU = { 'maxmemory-policy': 'allkeys-lru' };
const START = { [PATH]: clusterText('orders') };

function withConfig(config: Record<string, string>) {
  return { [PATH]: clusterText('orders', { config }) };
}

async function shown(flow: Flow, id: string, cluster = 'orders'): Promise<void> {
  await flow.until('a plan is shown', () => flow.comment(id, cluster) !== '', 2 * POLL_MS);
  await flow.pass(5_000);
}

describe('an open pull request', () => {
  it('shows its plan, in a comment and as a status, and is left alone afterwards', async () => {
    const flow = await Flow.begun(1, START);
    const id = flow.place.propose({ branch: 'lru', files: withConfig(LRU) });
    await shown(flow, id);
    expect(flow.comment(id, 'orders')).toContain('maxmemory-policy');
    expect(flow.planStatus(id)).toBe('success');
    expect(flow.place.checks(flow.place.pullRequest(id).head.commit)).toHaveLength(1);
    const { writes } = flow.place;
    await flow.pass(20 * POLL_MS);
    expect(flow.place.writes).toBe(writes);
    expect(flow.place.editsOf(id, 'plan/orders')).toBe(1);
  });

  it('is planned anew after a push, in the same comment, with the earlier plan below', async () => {
    const flow = await Flow.begun(2, START);
    const id = flow.place.propose({ branch: 'lru', files: withConfig(LRU) });
    await shown(flow, id);
    const first = flow.planShown(id, 'orders');
    const head = flow.place.push(id, withConfig({ 'maxmemory-policy': 'volatile-ttl' }));
    await flow.until(
      'the new head is planned',
      () => flow.comment(id, 'orders').includes('volatile-ttl') && flow.planStatus(id) === 'success',
      POLL_MS + 10_000,
    );
    expect(flow.place.comments(id).size).toBe(1);
    expect(flow.planShown(id, 'orders')).not.toBe(first);
    expect(flow.comment(id, 'orders')).toContain(first);
    // The status of the new head was pending before it was anything else.
    expect(flow.place.statesOf(head, 'redisforge/plan')).toEqual(['pending', 'success']);
  });

  it('is planned on the result of its merge: a base that moved on is in the plan, an unrelated one is not told of', async () => {
    const files = { ...START, 'cart/cluster.yaml': clusterText('cart', {}, 1) };
    const flow = await Flow.begun(3, files);
    const id = flow.place.propose({ branch: 'lru', files: withConfig(LRU) });
    await shown(flow, id);
    const before = flow.comment(id, 'orders');
    flow.place.repository.commit('main', { 'README.md': 'words\n' });
    await flow.settle();
    expect(flow.comment(id, 'orders')).toBe(before);
    // The same file changes on both sides, at different places.
    const saving = START[PATH]?.replace('save: ""', 'save: 3600 1') ?? '';
    flow.place.repository.commit('main', { [PATH]: saving });
    await flow.until(
      'the moved base is in the plan',
      () => flow.comment(id, 'orders').includes('3600'),
      POLL_MS + 10_000,
    );
    expect(flow.comment(id, 'orders')).toContain('maxmemory-policy');
  });

  it('follows the live cluster: what is changed by hand shows as drift, and goes again', async () => {
    const flow = await Flow.begun(4, START);
    const id = flow.place.propose({ branch: 'lru', files: withConfig(LRU) });
    await shown(flow, id);
    const before = flow.planShown(id, 'orders');
    // Otherwise it would be repaired before anybody sees it.
    flow.place.remark(id, 'ada', '/redisforge pause 1h while we look');
    await flow.settle();
    expect(flow.comment(id, 'orders')).toContain('while we look');
    const byHand = { kind: 'config-set', node: 'orders-1a', directive: 'repl-diskless-sync-delay' } as const;
    flow.fleet.inject({ ...byHand, value: '50' });
    await flow.until(
      'the drift is shown',
      () => flow.comment(id, 'orders').includes('already different'),
      POLL_MS + 10_000,
    );
    expect(flow.planShown(id, 'orders')).not.toBe(before);
    flow.fleet.inject({ ...byHand, value: '5' });
    await flow.until('the drift is gone', () => flow.planShown(id, 'orders') === before, POLL_MS + 10_000);
    expect(flow.comment(id, 'orders')).not.toContain('already different');
  });

  it('says what is proved to do nothing, what is not valid, and what cannot be planned, and mixes up none of them', async () => {
    const flow = await Flow.begun(5, START);
    const nothing = flow.place.propose({
      branch: 'words',
      files: {
        [PATH]: clusterText('orders', {
          edit: (raw) => void Object.assign(raw, { policies: { canarySoak: 0, parallelShards: 2 } }),
        }),
      },
    });
    const invalid = flow.place.propose({
      branch: 'wrong',
      files: withConfig({ 'maxmemory-policy': 'evict-all' }),
    });
    const dark = flow.place.propose({
      branch: 'dark',
      files: {
        [PATH]: clusterText('orders', {
          edit: (raw) =>
            void Object.assign(raw, {
              auth: {
                operator: { password: { file: 'nobody' } },
                replication: { password: { file: 'replication' } },
              },
            }),
        }),
      },
    });
    flow.fleet.setSecret({ file: 'nobody' }, '');
    const outside = flow.place.propose({ branch: 'docs', files: { 'README.md': 'more words\n' } });
    for (const id of [nothing, invalid, dark]) await shown(flow, id);
    await flow.settle();
    expect(flow.planStatus(nothing)).toBe('success');
    expect(flow.comment(nothing, 'orders')).toContain('Proved');
    expect(flow.planStatus(invalid)).toBe('failure');
    expect(flow.comment(invalid, 'orders')).toContain('evict-all');
    const [check] = flow.place.checks(flow.place.pullRequest(invalid).head.commit);
    expect(check?.annotations[0]?.path).toBe(PATH);
    expect(flow.planStatus(dark)).toBe('error');
    expect(flow.comment(dark, 'orders')).toContain('no plan');
    expect(flow.planStatus(outside)).toBe('success');
    expect(flow.place.comments(outside).size).toBe(0);
  });

  it('may neither take the name of another cluster nor leave a policy behind that is none', async () => {
    const flow = await Flow.begun(10, START);
    const twin = flow.place.propose({
      branch: 'twin',
      files: { 'other/cluster.yaml': clusterText('orders') },
    });
    const lawless = flow.place.propose({
      branch: 'lawless',
      files: { 'redisforge.policy.yaml': 'kind: None\n' },
    });
    const moved = flow.place.propose({
      branch: 'moved',
      files: { [PATH]: undefined, 'moved/cluster.yaml': clusterText('orders', { config: LRU }) },
    });
    await flow.settle();
    await flow.settle();
    expect(flow.planStatus(twin)).toBe('failure');
    expect(flow.place.comments(twin).get('plan/other/cluster.yaml')).toContain('is used by');
    expect(flow.planStatus(lawless)).toBe('failure');
    expect(flow.planStatus(moved)).toBe('success');
    expect(flow.comment(moved, 'orders')).toContain('allkeys-lru');
  });

  it('that contradicts the base says so, and is planned again once that is settled', async () => {
    const flow = await Flow.begun(6, START);
    const id = flow.place.propose({ branch: 'lru', files: withConfig(LRU) });
    await shown(flow, id);
    flow.place.repository.commit('main', withConfig({ 'maxmemory-policy': 'volatile-lru' }));
    await flow.until('the conflict is shown', () => flow.planStatus(id) === 'error', POLL_MS + 10_000);
    expect(flow.comment(id, 'orders')).toContain('in conflict');
  });

  it('of several clusters has an index above them, and a comment for each that changes', async () => {
    const names = ['cart', 'orders', 'search'];
    const paths = names.map((name) => `${name}/cluster.yaml`);
    const at = (config: Record<string, string>, which = names) =>
      Object.fromEntries(
        names.flatMap((name, place) =>
          which.includes(name) ? [[paths[place], clusterText(name, { config }, place)] as const] : [],
        ),
      );
    const flow = await Flow.begun(7, at({}));
    const id = flow.place.propose({ branch: 'lru', files: at(LRU, ['cart', 'search']) });
    await shown(flow, id, 'search');
    expect([...flow.place.comments(id).keys()].sort()).toEqual(['index', 'plan/cart', 'plan/search']);
    expect(flow.place.comments(id).get('index')).toMatch(/cart[\s\S]*search/);
    const { commit } = flow.place.pullRequest(id).head;
    expect(flow.place.status(commit, 'redisforge/plan: cart')?.state).toBe('success');
    expect(flow.place.status(commit, 'redisforge/plan: orders')).toBeUndefined();
  });

  it('goes on after RedisForge was killed, without a word more', async () => {
    const flow = await Flow.begun(8, START);
    const id = flow.place.propose({ branch: 'lru', files: withConfig(LRU) });
    await shown(flow, id);
    const { writes } = flow.place;
    flow.restart();
    await flow.pass(4 * POLL_MS);
    expect(flow.allConverged()).toBe(true);
    expect(flow.place.writes).toBe(writes);
  });
});

describe('a pull request from a fork', () => {
  it('is compared offline, until somebody who may write names its commit in full', async () => {
    const flow = await Flow.begun(9, START);
    const id = flow.place.propose({
      branch: 'patch-1',
      author: 'mallory',
      fork: true,
      files: withConfig(LRU),
    });
    await shown(flow, id);
    expect(flow.planStatus(id)).toBe('pending');
    expect(flow.planShown(id, 'orders')).toBe('');
    const { commit } = flow.place.pullRequest(id).head;
    const byStranger = flow.place.remark(id, 'mallory', `/redisforge plan ${commit}`);
    const short = flow.place.remark(id, 'ada', '/redisforge plan');
    await flow.settle();
    expect(flow.place.reactions.get(byStranger)).toEqual(['refused']);
    expect(flow.place.reactions.get(short)).toEqual(['refused']);
    expect(flow.planStatus(id)).toBe('pending');
    flow.place.remark(id, 'ada', `/redisforge plan ${commit}`);
    await flow.until('the live plan is shown', () => flow.planShown(id, 'orders') !== '', 2 * POLL_MS);
    await flow.until('its status too', () => flow.planStatus(id) === 'success', 2 * POLL_MS);
    // What is pushed afterwards was not meant.
    flow.place.push(id, withConfig({ 'maxmemory-policy': 'volatile-ttl' }));
    await flow.settle();
    expect(flow.planStatus(id)).toBe('pending');
    expect(flow.comment(id, 'orders')).toContain(
      `/redisforge plan ${flow.place.pullRequest(id).head.commit}`,
    );
  });
});
