import { expect, test } from 'vitest';
import { statusJson } from '../../reconciler/render/status-json.ts';
import { statusText } from '../../reconciler/render/status-text.ts';
import { statusView } from '../../reconciler/render/status-view.ts';
import { PLAIN } from '../../reconciler/render/style.ts';
import { expectGolden } from './golden.ts';
import { after, healthy, node, type Situation, unborn } from './situations.ts';

const view = ({ live, facts, plan }: Situation) => statusView(live, facts, plan);
const text = (of: Situation): string => statusText(view(of), PLAIN);

test('a healthy cluster fits on one screen', () => {
  expectGolden('status-healthy.txt', text(healthy()));
});

test('a cluster that does not exist yet says so once', () => {
  expectGolden('status-unborn.txt', text(unborn()));
});

test('a cluster in trouble shows who is down, what differs, what stands in the way, and strangers', () => {
  const trouble = after((live, facts) => {
    live.serving = 'no';
    Object.assign(node(live, 'n1a'), { container: 'stopped', reachable: 'no', config: {}, users: {} });
    Object.assign(node(live, 'n1b'), { link: 'down', synced: false });
    Object.assign(node(live, 'n2b'), { reachable: 'loading', config: {}, users: {} });
    live.ghosts['f'.repeat(40)] = {
      state: 'alive',
      role: 'primary',
      slots: '',
      replicas: '',
      formerly: '',
      address: '10.9.9.9:6379',
    };
    facts.strays = ['orders-old'];
    facts.nodes = {
      ...facts.nodes,
      n3a: { ...facts.nodes['n3a'], endpoints: [], remarks: ['its slot map differs from that of n1b, n2a'] },
    };
  });
  expectGolden('status-trouble.txt', text(trouble));
});

test('the JSON tells every quantity with its unit', () => {
  const situation = healthy();
  const json = JSON.parse(JSON.stringify(statusJson(view(situation), situation.plan)));
  expect(json.status).toBe('converged');
  expect(json.differences).toEqual([]);
  const [primary, replica] = json.shards[0].nodes;
  expect(primary).toMatchObject({
    name: 'n1a',
    role: 'primary',
    slots: '0-5460',
    usedMemoryBytes: 3_500_000,
  });
  expect(primary).toMatchObject({ maxmemoryBytes: 100_663_296, keys: 12_345, uptimeMs: 3_600_000 });
  expect(replica).toMatchObject({ name: 'n1b', replicaOf: 'n1a', link: 'up', synced: true, lagBytes: 1536 });
});
