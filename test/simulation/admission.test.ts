/** What came onto the branch, on simulated fleets: it comes into force as it was shown, or is held until somebody decides. */
import { describe, expect, it } from 'vitest';
import { PortError } from '../../reconciler/ports.ts';
import { type ClusterShape, clusterText, Flow, POLL_MS } from '../support/simulation/flow.ts';

const PATH = 'orders/cluster.yaml';
const POLICY = 'redisforge.policy.yaml';
const LRU = { config: { 'maxmemory-policy': 'allkeys-lru' } };
const TTL = { config: { 'maxmemory-policy': 'volatile-ttl' } };
const AWAY = new PortError('unreachable', 'the forge is away');

function orders(shape: ClusterShape = {}) {
  return { [PATH]: clusterText('orders', shape) };
}

function policy(text: string) {
  return { [POLICY]: `apiVersion: redisforge.dev/v1\nkind: Policy\n${text}` };
}

async function proposed(flow: Flow, shape: ClusterShape, branch = 'topic'): Promise<string> {
  const id = flow.place.propose({ branch, files: orders(shape) });
  await flow.until('a plan is shown', () => flow.comment(id, 'orders') !== '', 2 * POLL_MS);
  await flow.pass(5_000);
  return id;
}

function evictionOf(flow: Flow): Set<string> {
  return new Set(flow.fleet.servers.map(({ config }) => config.get('maxmemory-policy')));
}

const ALL_LRU = new Set(['allkeys-lru']);
const NONE = new Set(['noeviction']);

describe('a merged pull request', () => {
  it.each(['merge', 'squash'] as const)('is carried out as it was shown, by a %s', async (how) => {
    const flow = await Flow.begun(11, orders());
    const id = await proposed(flow, LRU);
    const merge = flow.place.merge(id, how);
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 3 * POLL_MS);
    expect(evictionOf(flow)).toEqual(ALL_LRU);
    expect(flow.comment(id, 'orders')).toMatch(/✅.*steps done/);
    expect(flow.place.status(merge, 'redisforge/apply: orders')?.state).toBe('success');
    const { writes } = flow.place;
    await flow.pass(10 * POLL_MS);
    expect(flow.place.writes).toBe(writes);
  });

  it('is held when the live cluster is another one by then, and runs when its new plan is approved', async () => {
    const flow = await Flow.begun(12, orders());
    const id = await proposed(flow, LRU);
    const shown = flow.planShown(id, 'orders');
    flow.place.remark(id, 'ada', '/redisforge pause 1h to see');
    await flow.settle();
    flow.fleet.inject({
      kind: 'config-set',
      node: 'orders-2a',
      directive: 'repl-diskless-sync-delay',
      value: '50',
    });
    flow.place.failure = AWAY;
    await flow.settle();
    flow.place.failure = undefined;
    const merge = flow.place.merge(id);
    await flow.until('it is held', () => flow.held('orders') === 'plan-changed', 3 * POLL_MS);
    await flow.pass(5_000);
    expect(evictionOf(flow)).toEqual(NONE);
    expect(flow.applyStatus(merge)).toBe('pending');
    const now = flow.planShown(id, 'orders');
    expect(now).not.toBe(shown);
    flow.place.remark(id, 'ada', '/redisforge resume');
    const past = flow.place.remark(id, 'ada', `/redisforge approve ${shown}`);
    const stranger = flow.place.remark(id, 'eve', `/redisforge approve ${now}`);
    const valid = flow.place.remark(id, 'ada', `/redisforge approve ${now}`);
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 4 * POLL_MS);
    const reactions = [past, stranger, valid].map((remark) => flow.place.reactions.get(remark));
    expect(reactions).toEqual([['refused'], ['refused'], ['done']]);
    expect(evictionOf(flow)).toEqual(ALL_LRU);
  });

  it('goes on by itself when less is to be done than was shown', async () => {
    const flow = await Flow.begun(13, orders());
    const id = await proposed(flow, LRU);
    flow.place.remark(id, 'ada', '/redisforge pause 1h to see');
    await flow.settle();
    flow.fleet.inject({
      kind: 'config-set',
      node: 'orders-1a',
      directive: 'maxmemory-policy',
      value: 'allkeys-lru',
    });
    flow.place.failure = AWAY;
    await flow.settle();
    flow.place.failure = undefined;
    const merge = flow.place.merge(id);
    flow.place.remark(id, 'ada', '/redisforge resume');
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 4 * POLL_MS);
    expect(evictionOf(flow)).toEqual(ALL_LRU);
  });

  it('is held when it was merged before its plan was shown', async () => {
    const flow = await Flow.begun(14, orders());
    const id = flow.place.propose({ branch: 'hasty', files: orders(LRU) });
    const merge = flow.place.merge(id);
    await flow.until('it is held', () => flow.held('orders') === 'plan-not-shown', 3 * POLL_MS);
    await flow.settle();
    expect(evictionOf(flow)).toEqual(NONE);
    flow.place.remark(id, 'ada', `/redisforge approve ${flow.planShown(id, 'orders')}`);
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 4 * POLL_MS);
  });

  it('removes nodes only because the shown plan did', async () => {
    const flow = await Flow.begun(15, orders({ replicas: 2 }));
    const id = await proposed(flow, { replicas: 1 });
    expect(flow.comment(id, 'orders')).toContain('cannot be undone');
    const merge = flow.place.merge(id);
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 10 * POLL_MS);
    expect(flow.fleet.servers).toHaveLength(6);
  });

  it('is superseded by the next one that touches its cluster', async () => {
    const flow = await Flow.begun(16, orders());
    const first = flow.place.propose({ branch: 'hasty', files: orders(LRU) });
    const held = flow.place.merge(first);
    await flow.until('it is held', () => flow.held('orders') === 'plan-not-shown', 3 * POLL_MS);
    const second = await proposed(flow, TTL, 'better');
    const merge = flow.place.merge(second);
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 4 * POLL_MS);
    expect(flow.comment(first, 'orders')).toContain('superseded');
    expect(flow.applyStatus(held)).toBe('success');
    expect(evictionOf(flow)).toEqual(new Set(['volatile-ttl']));
  });
});

describe('a push past all pull requests', () => {
  it('is held, with one issue, while the spec in force stays in force and repairs go on', async () => {
    const flow = await Flow.begun(21, orders());
    flow.repository.commit('main', orders(LRU));
    await flow.until('it is held', () => flow.held('orders') === 'direct-push', 5 * POLL_MS);
    await flow.settle();
    const issue = flow.place.issue('direct-push');
    expect(issue?.state).toBe('open');
    flow.fleet.inject({ kind: 'container-kill', node: 'orders-1b' });
    await flow.pass(3 * POLL_MS);
    expect(flow.fleet.server('orders-1b')?.state).toBe('ready');
    expect(evictionOf(flow)).toEqual(NONE);
    const plan = /approve (p_[0-9a-f]{12})/.exec(issue?.body ?? '')?.[1];
    flow.place.remark('issue-1', 'ada', `/redisforge approve ${plan}`);
    await flow.until('it is carried out', () => evictionOf(flow).has('allkeys-lru'), 4 * POLL_MS);
    await flow.until(
      'its issue is closed',
      () => flow.place.issue('direct-push')?.state === 'closed',
      2 * POLL_MS,
    );
  });

  it('is carried out where the policy of the branch before it says so, and not because it says so itself', async () => {
    const flow = await Flow.begun(22, orders());
    flow.repository.commit('main', { ...orders(LRU), ...policy('onDirectPush: apply\n') });
    await flow.until('it is held', () => flow.held('orders') === 'direct-push', 5 * POLL_MS);
    flow.repository.commit('main', orders(TTL));
    await flow.until('the next one is carried out', () => evictionOf(flow).has('volatile-ttl'), 5 * POLL_MS);
  });

  it('that rewinds the branch is held and told of', async () => {
    const flow = await Flow.begun(23, orders());
    const begin = flow.repository.head('main');
    const id = await proposed(flow, LRU);
    const merge = flow.place.merge(id);
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 4 * POLL_MS);
    flow.repository.point('refs/heads/main', begin);
    await flow.until('it is held', () => flow.held('orders') === 'branch-rewound', 5 * POLL_MS);
    await flow.settle();
    expect(evictionOf(flow)).toEqual(ALL_LRU);
    expect(flow.events.some((event) => event.kind === 'commit' && event.forced)).toBe(true);
    expect(flow.place.issue('direct-push')?.state).toBe('open');
  });

  it('that takes a spec away changes nothing, unless the policy lets clusters go', async () => {
    const files = { ...orders(), 'cart/cluster.yaml': clusterText('cart', {}, 1) };
    const flow = await Flow.begun(24, files);
    flow.repository.commit('main', { [PATH]: undefined });
    await flow.until('it is held', () => flow.held('orders') === 'spec-gone', 2 * POLL_MS);
    flow.fleet.inject({ kind: 'container-kill', node: 'orders-1b' });
    await flow.pass(3 * POLL_MS);
    expect(flow.fleet.server('orders-1b')?.state).toBe('ready');
    flow.repository.commit('main', { [PATH]: files[PATH], ...policy('limits: { release: allowed }\n') });
    await flow.until('it is back', () => flow.held('orders') === undefined, 2 * POLL_MS);
    flow.repository.commit('main', { [PATH]: undefined });
    await flow.until(
      'it is let go',
      () => flow.reconciler?.status().clusters['orders'] === undefined,
      2 * POLL_MS,
    );
  });
});

describe('the policy', () => {
  it('lets nobody merge past the approvals that it asks for, and counts reviews and commands of whoever may give one', async () => {
    const rules = policy(
      'approvals: [{ risks: [safe], count: 2, logins: [ada, grace, linus], teams: [acme/redis] }]\n',
    );
    const flow = await Flow.begun(31, { ...orders(), ...rules });
    flow.place.setPermission('linus', 'write');
    flow.place.setPermission('barbara', 'write');
    flow.place.addToTeam('acme/redis', 'barbara');
    // A pull request cannot change what it is judged by.
    const id = flow.place.propose({ branch: 'lru', files: { ...orders(LRU), [POLICY]: undefined } });
    await flow.until('it waits', () => flow.planStatus(id) === 'failure', 2 * POLL_MS);
    expect(flow.comment(id, 'orders')).toContain('0 of 2');
    // The author is not counted where several have to approve, nor is somebody who is not named.
    flow.place.review(id, 'ada');
    flow.place.review(id, 'mallory');
    flow.place.review(id, 'grace');
    await flow.settle();
    expect(flow.comment(id, 'orders')).toContain('1 of 2 (grace)');
    const merge = flow.place.merge(id);
    await flow.until('it is held', () => flow.held('orders') === 'needs-approval', 3 * POLL_MS);
    await flow.settle();
    expect(evictionOf(flow)).toEqual(NONE);
    flow.place.remark(id, 'barbara', `/redisforge approve ${flow.planShown(id, 'orders')}`);
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 4 * POLL_MS);
  });

  it('takes an approval for void as soon as the plan is another one', async () => {
    const rules = policy('approvals: [{ risks: [safe], count: 1 }]\n');
    const flow = await Flow.begun(32, { ...orders(), ...rules });
    const id = await proposed(flow, LRU);
    flow.place.review(id, 'grace');
    await flow.until('it is approved', () => flow.planStatus(id) === 'success', 2 * POLL_MS);
    flow.place.push(id, orders(TTL));
    await flow.until('it waits again', () => flow.planStatus(id) === 'failure', 2 * POLL_MS);
    expect(flow.comment(id, 'orders')).toContain('0 of 1');
  });

  it('begins plans in their windows only', async () => {
    // The simulation begins at midnight, on the first of January.
    const rules = policy('windows: [{ cron: "0 2 * * *", minutes: 60 }]\n');
    const flow = await Flow.begun(33, { ...orders({ replicas: 2 }), ...rules });
    const id = await proposed(flow, { replicas: 1 });
    expect(flow.comment(id, 'orders')).toContain('02:00');
    const merge = flow.place.merge(id);
    await flow.until('it is held', () => flow.held('orders') === 'needs-window', 3 * POLL_MS);
    await flow.pass(3_600_000);
    expect(flow.fleet.servers).toHaveLength(9);
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 2 * 3_600_000);
    expect(flow.fleet.servers).toHaveLength(6);
  });

  it('refuses a spec that shrinks too much, one that is taken away, and plans beyond its limits', async () => {
    const rules = policy('limits: { shrinkPercent: 30, slots: 100 }\n');
    const flow = await Flow.begun(34, { ...orders({ shards: 4 }), ...rules });
    const smaller = await proposed(flow, { replicas: 0, shards: 4 }, 'smaller');
    expect(flow.planStatus(smaller)).toBe('failure');
    expect(flow.comment(smaller, 'orders')).toContain('shrinks');
    const larger = await proposed(flow, { shards: 5 }, 'larger');
    expect(flow.planStatus(larger)).toBe('failure');
    const gone = flow.place.propose({ branch: 'gone', files: { [PATH]: undefined } });
    await flow.until('it is refused', () => flow.planStatus(gone) === 'failure', 2 * POLL_MS);
    const merge = flow.place.merge(smaller);
    await flow.until('it is held', () => flow.held('orders') === 'refused-by-policy', 3 * POLL_MS);
    await flow.pass(4 * POLL_MS);
    expect(flow.fleet.servers).toHaveLength(8);
    expect(flow.applyStatus(merge)).toBe('pending');
  });
});

describe('a forge that is away', () => {
  it('delays no repair, and a merge commit of a pull request that was shown is carried out without it', async () => {
    const flow = await Flow.begun(41, orders());
    const id = await proposed(flow, LRU);
    flow.place.failure = AWAY;
    flow.place.merge(id);
    flow.fleet.inject({ kind: 'container-kill', node: 'orders-1b' });
    await flow.until('it is carried out', () => evictionOf(flow).has('allkeys-lru'), 4 * POLL_MS);
    await flow.pass(POLL_MS);
    expect(flow.fleet.server('orders-1b')?.state).toBe('ready');
    flow.place.failure = undefined;
    const merge = flow.repository.head('main');
    await flow.until('it is told afterwards', () => flow.applyStatus(merge) === 'success', 4 * POLL_MS);
    expect(flow.comment(id, 'orders')).toContain('✅');
  });

  it('holds only what it would have to be asked about, says why, and goes on when it is back', async () => {
    const flow = await Flow.begun(42, orders());
    const id = await proposed(flow, LRU);
    flow.place.failure = AWAY;
    const merge = flow.place.merge(id, 'squash');
    await flow.until('it is held', () => flow.held('orders') === 'origin-unknown', 4 * POLL_MS);
    expect(flow.reconciler?.status().held['orders']?.summary).toContain('the forge is away');
    expect(flow.allConverged()).toBe(true);
    flow.place.failure = undefined;
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 4 * POLL_MS);
  });

  it('may know of a merge late', async () => {
    const flow = await Flow.begun(43, orders());
    const id = flow.place.propose({ branch: 'hasty', files: orders(LRU) });
    flow.place.merge(id);
    flow.place.knowsMerges = false;
    await flow.until('it is held', () => flow.held('orders') === 'origin-unknown', 2 * POLL_MS);
    flow.place.knowsMerges = true;
    await flow.until('it is known', () => flow.held('orders') === 'plan-not-shown', 2 * POLL_MS);
    expect(flow.place.issue('direct-push')).toBeUndefined();
  });
});
