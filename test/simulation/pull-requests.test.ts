/** The life of a pull request, told on simulated fleets: shown, kept right, merged, admitted or held, carried out. */
import { describe, expect, it } from 'vitest';
import { clusterText, Flow } from '../support/simulation/flow.ts';

const PATH = 'orders/cluster.yaml';
const LRU = { 'maxmemory-policy': 'allkeys-lru' };

describe('an open pull request', () => {
  it('shows its plan, in a comment and as a status, and is left alone afterwards', async () => {
    const flow = await Flow.begun(1, { [PATH]: clusterText('orders') });
    const id = flow.place.propose({
      branch: 'lru',
      files: { [PATH]: clusterText('orders', { config: LRU }) },
    });
    await flow.until('the plan is shown', () => flow.comment(id, 'orders') !== '', 60_000);
    expect(flow.comment(id, 'orders')).toContain('maxmemory-policy');
    await flow.settle();
    expect(flow.planStatus(id)).toBe('success');
    const { writes } = flow.place;
    await flow.pass(600_000);
    expect(flow.place.writes).toBe(writes);
    expect(flow.place.editsOf(id, 'plan/orders')).toBe(1);
  });
});

describe('a merged pull request', () => {
  it('is carried out as it was shown', async () => {
    const flow = await Flow.begun(2, { [PATH]: clusterText('orders') });
    const id = flow.place.propose({
      branch: 'lru',
      files: { [PATH]: clusterText('orders', { config: LRU }) },
    });
    await flow.settle();
    const merge = flow.place.merge(id);
    await flow.until('it is carried out', () => flow.applyStatus(merge) === 'success', 120_000);
    expect(flow.fleet.servers.every(({ config }) => config.get('maxmemory-policy') === 'allkeys-lru')).toBe(
      true,
    );
    expect(flow.comment(id, 'orders')).toContain('✅');
  });
});
