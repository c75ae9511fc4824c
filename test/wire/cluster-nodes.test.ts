import { describe, expect, test } from 'vitest';
import { slotCount } from '../../reconciler/model/slots.ts';
import { parseClusterNodes, toMemberView } from '../../reconciler/wire/cluster-nodes.ts';
import { WireError } from '../../reconciler/wire/wire-error.ts';
import { fixture } from './fixtures.ts';

const read = (name: string) => parseClusterNodes(fixture(`cluster-nodes-${name}.txt`));
const healthy = read('healthy');

describe('CLUSTER NODES', () => {
  test('a healthy cluster: roles, slots and who follows whom', () => {
    expect(healthy).toHaveLength(6);
    const primaries = healthy.filter((node) => node.flags.role === 'primary');
    expect(primaries.map((node) => [node.port, slotCount(node.slots), node.configEpoch])).toEqual([
      [17502, 5462, 2],
      [17501, 5461, 1],
      [17503, 5461, 3],
    ]);
    for (const replica of healthy.filter((node) => node.flags.role === 'replica')) {
      const primary = healthy.find((node) => node.id === replica.primaryId);
      expect(primary?.port).toBe(replica.port - 3);
      expect(replica.configEpoch).toBe(primary?.configEpoch);
    }
    expect(healthy.filter((node) => node.flags.myself).map((node) => node.port)).toEqual([17501]);
    expect(healthy.every((node) => node.linkConnected && node.flags.failing === 'no')).toBe(true);
    expect(healthy.find((node) => node.port === 17502)?.hostname).toBe('two.example.net');
  });

  test('a node that has met nobody does not know its own address', () => {
    expect(read('alone')).toMatchObject([
      { ip: '', port: 17501, busPort: 27501, slots: [], primaryId: null },
    ]);
  });

  test('members under a MEET have no role yet, and stand twice while gossip overtakes it', () => {
    const nodes = read('handshake');
    const shaking = nodes.filter((node) => node.flags.handshake);
    expect(shaking.length).toBeGreaterThan(0);
    expect(shaking.every((node) => node.flags.role === 'unknown' && !node.linkConnected)).toBe(true);
    expect(nodes.filter((node) => node.port === 17504)).toHaveLength(2);
  });

  test('an IPv6 address before its port, and open slots in both directions', () => {
    const own = read('open-slots').find((node) => node.flags.myself);
    expect(own).toMatchObject({
      ip: '2001:db8::17',
      port: 17502,
      migrating: [{ slot: 9000, to: 'e6504a5679658c0d8d25e331b8e288c65b8db7c2' }],
      importing: [{ slot: 42, from: '84f3097e6195821f023bdd48622cf82ba6eaa39a' }],
    });
    expect(own?.slots).toEqual([[5461, 10922]]);
  });

  test('suspected is told from failed', () => {
    expect(read('suspected').map((node) => node.flags.failing)).toEqual(['suspected', 'no', 'suspected']);
    const failed = read('failed').filter((node) => node.flags.failing === 'failed');
    expect(failed.map((node) => node.port)).toEqual([17506, 17503]);
    expect(read('replica-primary-down').find((node) => node.port === 17502)?.flags.noFailover).toBe(true);
  });

  test('as the model wants it', () => {
    const view = toMemberView(healthy[1]!);
    expect(view).toEqual({
      id: '84f3097e6195821f023bdd48622cf82ba6eaa39a',
      ip: '127.0.0.1',
      port: 17501,
      busPort: 27501,
      hostname: '',
      myself: true,
      role: 'primary',
      failing: 'no',
      handshake: false,
      noAddress: false,
      primaryId: null,
      configEpoch: 1,
      linkConnected: true,
      slots: [[0, 5460]],
      migrating: [],
      importing: [],
    });
  });

  const id = '84f3097e6195821f023bdd48622cf82ba6eaa39a';
  test.each([
    ['an id that is too short', `${id.slice(1)} 10.0.0.1:6379@16379 master - 0 0 1 connected`],
    ['no bus port', `${id} 10.0.0.1:6379 master - 0 0 1 connected`],
    ['a port that is none', `${id} 10.0.0.1:66379@16379 master - 0 0 1 connected`],
    ['a flag of the future', `${id} 10.0.0.1:6379@16379 master,sleeping - 0 0 1 connected`],
    ['a slot too many', `${id} 10.0.0.1:6379@16379 master - 0 0 1 connected 16384`],
    ['a range that runs backwards', `${id} 10.0.0.1:6379@16379 master - 0 0 1 connected 9-1`],
    [
      'an epoch beyond what is exact',
      `${id} 10.0.0.1:6379@16379 master - 0 0 18446744073709551615 connected`,
    ],
    ['a line that ends early', `${id} 10.0.0.1:6379@16379 master - 0 0`],
    ['an error', 'ERR This instance has cluster support disabled'],
  ])('%s is refused', (_, line) => {
    expect(() => parseClusterNodes(`${line}\n`)).toThrow(WireError);
  });

  test('an address that is lost', () => {
    const [node] = parseClusterNodes(`${id} :0@0 slave,fail,noaddr - 1 1 3 disconnected\n`);
    expect(node?.flags).toMatchObject({ noAddress: true, failing: 'failed', role: 'replica' });
  });
});
