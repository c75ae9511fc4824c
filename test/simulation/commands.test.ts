/** What people ask for in comments, on simulated fleets: new comments only, by those who may, each once. */
import { describe, expect, it } from 'vitest';
import { clusterText, Flow, POLL_MS } from '../support/simulation/flow.ts';

const PATH = 'orders/cluster.yaml';
const START = { [PATH]: clusterText('orders') };
const LRU = { [PATH]: clusterText('orders', { config: { 'maxmemory-policy': 'allkeys-lru' } }) };

async function begun(seed: number): Promise<{ flow: Flow; id: string }> {
  const flow = await Flow.begun(seed, START);
  const id = flow.place.propose({ branch: 'lru', files: LRU });
  await flow.until('a plan is shown', () => flow.comment(id, 'orders') !== '', 2 * POLL_MS);
  await flow.pass(5_000);
  return { flow, id };
}

function answer(flow: Flow, id: string, remark: string): string {
  return flow.place.comments(id).get(`answer/${remark}`) ?? '';
}

async function asked(flow: Flow, id: string, author: string, body: string): Promise<string> {
  const remark = flow.place.remark(id, author, body);
  await flow.until('it is answered', () => flow.place.reactions.has(remark), 2 * POLL_MS);
  await flow.pass(1_000);
  return remark;
}

describe('commands in comments', () => {
  it('are those of people who may write, on the first line of new comments that nobody has edited', async () => {
    const { flow, id } = await begun(51);
    const reader = await asked(flow, id, 'eve', '/redisforge pause');
    expect(flow.place.reactions.get(reader)).toEqual(['refused']);
    expect(answer(flow, id, reader)).toContain('may not write');
    flow.place.setPermission('nobody', 'none');
    const nobody = await asked(flow, id, 'nobody', '/redisforge help');
    expect(answer(flow, id, nobody)).toBe('');
    const below = flow.place.remark(id, 'ada', 'I think\n/redisforge pause');
    const edited = flow.place.remark(id, 'ada', 'looks good');
    flow.place.editRemark(edited, '/redisforge pause');
    await flow.settle();
    for (const remark of [below, edited]) expect(flow.place.reactions.has(remark)).toBe(false);
    const mistyped = await asked(flow, id, 'ada', '/redisforge aprove it');
    expect(answer(flow, id, mistyped)).toContain('no such command');
    const help = await asked(flow, id, 'eve', '/redisforge help');
    expect(answer(flow, id, help)).toContain('/redisforge unlock');
    expect(flow.planStatus(id)).toBe('success');
  });

  it('written before RedisForge was there are none', async () => {
    const flow = new Flow(52, START);
    const id = flow.place.propose({ branch: 'lru', files: LRU });
    const old = flow.place.remark(id, 'ada', '/redisforge pause');
    await flow.pass(1_000);
    flow.start();
    await flow.until('a plan is shown', () => flow.comment(id, 'orders') !== '', 4 * POLL_MS);
    await flow.settle();
    expect(flow.place.reactions.has(old)).toBe(false);
  });

  it('explain a step, and plan anew', async () => {
    const { flow, id } = await begun(53);
    const explain = await asked(
      flow,
      id,
      'eve',
      '/redisforge explain configure:orders-1a:maxmemory-policy=allkeys-lru',
    );
    expect(answer(flow, id, explain)).toContain('CONFIG SET');
    const wrong = await asked(flow, id, 'eve', '/redisforge explain nothing');
    expect(answer(flow, id, wrong)).toContain('configure:orders-1a');
    const before = flow.comment(id, 'orders');
    await asked(flow, id, 'ada', '/redisforge plan');
    await flow.settle();
    expect(flow.planShown(id, 'orders')).toBe(/approve (p_\w+)/.exec(before)?.[1]);
    expect(flow.comment(id, 'orders')).not.toBe(before);
  });

  it('pause a cluster for a time: nothing is changed on it, the plan says so, and it ends by itself', async () => {
    const { flow, id } = await begun(54);
    const pause = await asked(flow, id, 'ada', '/redisforge pause 20m the audit');
    expect(answer(flow, id, pause)).toContain('the audit');
    await flow.settle();
    expect(flow.planStatus(id)).toBe('failure');
    expect(flow.comment(id, 'orders')).toContain('paused by ada');
    flow.fleet.inject({ kind: 'container-stop', node: 'orders-1b' });
    const merge = flow.place.merge(id);
    await flow.pass(10 * POLL_MS);
    expect(flow.fleet.server('orders-1b')).toBeUndefined();
    expect(flow.applyStatus(merge)).toBe('pending');
    // A pause survives what RedisForge does not.
    flow.restart();
    await flow.pass(10 * POLL_MS);
    expect(flow.fleet.server('orders-1b')).toBeUndefined();
    await flow.until('it goes on', () => flow.applyStatus(merge) === 'success', 1_200_000);
    expect(flow.fleet.server('orders-1b')?.state).toBe('ready');
  });

  it('stop what is under way between its steps, and let it go on', async () => {
    const flow = await Flow.begun(55, START);
    const id = flow.place.propose({
      branch: 'grow',
      files: { [PATH]: clusterText('orders', { shards: 4 }) },
    });
    await flow.until('a plan is shown', () => flow.planShown(id, 'orders') !== '', 2 * POLL_MS);
    const merge = flow.place.merge(id);
    // Stopped before it is admitted: nothing is begun, and a dead primary is failed over from all the same.
    await asked(flow, id, 'ada', '/redisforge stop not today');
    await flow.pass(4 * POLL_MS);
    expect(flow.fleet.servers).toHaveLength(6);
    expect(flow.applyStatus(merge)).toBe('pending');
    const unlock = await asked(flow, id, 'grace', '/redisforge unlock');
    expect(answer(flow, id, unlock)).toContain('grace');
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 20 * POLL_MS);
    expect(flow.fleet.servers).toHaveLength(8);
    const again = await asked(flow, id, 'grace', '/redisforge resume');
    expect(flow.place.reactions.get(again)).toEqual(['refused']);
  });

  it('stop a rollout in its middle, which says how far it has come', async () => {
    const flow = await Flow.begun(57, START);
    const id = flow.place.propose({
      branch: 'grow',
      files: { [PATH]: clusterText('orders', { shards: 5 }) },
    });
    await flow.until('a plan is shown', () => flow.planShown(id, 'orders') !== '', 2 * POLL_MS);
    const merge = flow.place.merge(id);
    // It is under way when the poll hears of it.
    flow.place.remark(id, 'ada', '/redisforge pause the network is slow');
    await flow.until('it is held', () => flow.comment(id, 'orders').includes('held'), 4 * POLL_MS);
    await flow.pass(4 * POLL_MS);
    const { length } = flow.fleet.servers;
    await flow.pass(4 * POLL_MS);
    expect(flow.fleet.servers).toHaveLength(length);
    expect(flow.applyStatus(merge)).toBe('pending');
    await asked(flow, id, 'ada', '/redisforge resume');
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 20 * POLL_MS);
    expect(flow.fleet.servers).toHaveLength(10);
  });

  it('name the cluster where nothing else does', async () => {
    const { flow, id } = await begun(56);
    const unnamed = await asked(flow, 'issue-7', 'ada', '/redisforge pause');
    expect(flow.place.comments('issue-7').get(`answer/${unnamed}`)).toContain('which cluster');
    await asked(flow, 'issue-7', 'ada', '/redisforge pause orders');
    await flow.settle();
    expect(flow.comment(id, 'orders')).toContain('paused by ada');
    await asked(flow, id, 'ada', '/redisforge resume');
    await flow.until('it is free', () => flow.planStatus(id) === 'success', 2 * POLL_MS);
  });
});
