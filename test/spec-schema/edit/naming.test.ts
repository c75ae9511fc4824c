/** Names, ports and addresses go on as the file has begun. */
import { describe, expect, test } from 'vitest';
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import { Places } from '../../../spec-schema/edit/addresses.ts';
import { ipText } from '../../../spec-schema/edit/ip-text.ts';
import { Names } from '../../../spec-schema/edit/naming.ts';
import { Placement } from '../../../spec-schema/edit/placement.ts';
import { parseIp } from '../../../spec-schema/rules/ip.ts';
import { specOf } from '../../support/specs.ts';

/** A spec with these shards: names of their members, the primary first. */
function withNodes(shards: Readonly<Record<string, readonly string[]>>): ClusterSpec {
  return specOf({
    edit: (spec) => {
      spec['nodes'] = Object.entries(shards).flatMap(([shard, names]) =>
        names.map((name, member) => ({
          name,
          shard,
          host: `h${member + 1}`,
          role: member === 0 ? 'primary' : 'replica',
        })),
      );
    },
  });
}

describe('a new shard and its nodes', () => {
  test.each([
    [{ s1: ['orders-1', 'orders-1r'], s2: ['orders-2', 'orders-2r'] }, 's3: orders-3 orders-3r orders-3r2'],
    [{ s1: ['x-1a', 'x-1b'], s2: ['x-2a', 'x-2b'] }, 's3: x-3a x-3b x-3c'],
    [{ s1: ['n1', 'n2'], s2: ['n3', 'n4'] }, 's3: n5 n6 n7'],
    [{ s0: ['n0', 'n3'], s1: ['n1', 'n4'], s2: ['n2', 'n5'] }, 's3: n6 n7 n8'],
    [{ a: ['cart-a-0', 'cart-a-1'], b: ['cart-b-0', 'cart-b-1'] }, 'c: cart-c-0 cart-c-1 cart-c-2'],
    [{ s01: ['s01-primary'], s02: ['s02-primary'] }, 's03: s03-primary s03-replica s03-replica-2'],
    [{ s9: ['r9'], s10: ['r10'] }, 's11: r11 r11r r11r2'],
    [{ one: ['alpha', 'beta'], two: ['gamma', 'delta'] }, 's3: test-s3 test-s3r test-s3r2'],
    [
      { s1: ['orders-1-2', 'orders-1r'], s2: ['orders-2', 'orders-2r-3'] },
      's3: orders-3 orders-3r orders-3r2',
    ],
    [{ east: ['east-p', 'east-r'], west: ['west-p', 'west-r'] }, 's3: s3-p s3-r s3-r-2'],
  ])('%j are followed by %s', (shards, expected) => {
    const names = new Names(withNodes(shards));
    const shard = names.nextShard();
    const nodes = [0, 1, 2].map((ordinal) => names.nextNode(shard, ordinal));
    expect(`${shard}: ${nodes.join(' ')}`).toBe(expected);
  });

  test('never get a name twice', () => {
    const names = new Names(withNodes({ s1: ['a1'], s2: ['a2'], other: ['a3'] }));
    const shard = names.nextShard();
    expect([shard, names.nextNode(shard, 0), names.nextNode(shard, 0)]).toEqual(['s3', 'a3-2', 'a3-3']);
    expect([names.nextShard(), names.nextShard()]).toEqual(['s4', 's5']);
  });

  test('fit into what may be a name', () => {
    const long = 'x'.repeat(62);
    const names = new Names(withNodes({ s1: [`${long}1`], s2: [`${long}2`] }));
    const [node] = withNodes({ s1: [`${long}1`] }).nodes;
    const name = names.successorOf(node!);
    expect(name).toHaveLength(63);
    expect(name).toMatch(/^x+-2$/);
  });
});

describe('a node in the place of another one', () => {
  test.each([
    [{ s1: ['orders-1', 'orders-1r'], s2: ['orders-2', 'orders-2r'] }, 'orders-1', 'orders-1-2'],
    [{ s1: ['orders-1-2', 'orders-1r'], s2: ['orders-2', 'orders-2r'] }, 'orders-1-2', 'orders-1-3'],
    [
      { s1: ['orders-1', 'orders-1-2'], s2: ['orders-2', 'orders-2r'], s3: ['orders-3', 'orders-3r'] },
      'orders-1',
      'orders-1-3',
    ],
    [{ s1: ['n1', 'n2'], s2: ['n3', 'n4'] }, 'n3', 'n3-2'],
    [{ s1: ['n1', 'n2'], s2: ['n3-9', 'n4'] }, 'n3-9', 'n3-10'],
    [{ s1: ['web-2', 'web-2r'], s2: ['db', 'db-7'], s3: ['x', 'y'] }, 'db-7', 'db-7-2'],
  ])('of %j, %s is called %s', (shards, name, expected) => {
    const spec = withNodes(shards);
    expect(new Names(spec).successorOf(spec.nodes.find((node) => node.name === name)!)).toBe(expected);
  });
});

interface Shape {
  readonly network?: object;
  readonly nodes: readonly { host: string; port?: number; busPort?: number; address?: string }[];
}

function placesOf({ network = { mode: 'host' }, nodes }: Shape) {
  const spec = specOf({
    edit: (document) => {
      document['network'] = network;
      document['nodes'] = nodes.map((node, index) => ({ name: `n${index}`, shard: `s${index}`, ...node }));
    },
  });
  const places = new Places(spec);
  return (host: string, like = 0) => {
    const found = places.next(spec.hosts.find(({ name }) => name === host)!, spec.nodes[like]!);
    if (!found.ok) return found.reason;
    const { port, busPort, address } = found.place;
    return [address, port, busPort].filter((part) => part !== undefined).join(' ');
  };
}

describe('a new node gets', () => {
  test('the usual port on a host of its own, and the next one beside others', () => {
    const next = placesOf({ nodes: [{ host: 'h1' }, { host: 'h2' }, { host: 'h2', port: 6380 }] });
    expect([next('h3'), next('h1'), next('h2'), next('h1')]).toEqual(['6379', '6380', '6381', '6381']);
  });

  test('the next of all ports where they are numbered through', () => {
    const next = placesOf({
      nodes: [
        { host: 'h1', port: 7001 },
        { host: 'h2', port: 7002 },
      ],
    });
    expect([next('h1'), next('h3')]).toEqual(['7003', '7004']);
  });

  test('no port that another one has for its bus', () => {
    const next = placesOf({
      nodes: [
        { host: 'h1', port: 6379 },
        { host: 'h1', port: 16378 },
      ],
    });
    expect([next('h1'), next('h1')]).toEqual(['16380', '16381']);
  });

  test('a lower port when there is none above, and none when there is none at all', () => {
    const next = placesOf({
      nodes: [
        { host: 'h1', port: 55_534 },
        { host: 'h1', port: 55_535 },
      ],
    });
    expect(next('h1')).toBe('host h1 has no free port left');
    const gap = placesOf({
      nodes: [
        { host: 'h1', port: 55_533 },
        { host: 'h1', port: 55_535 },
      ],
    });
    expect(gap('h1')).toBe('55534');
  });

  test('a bus port as far from its port as that of its model', () => {
    const next = placesOf({
      nodes: [
        { host: 'h1', port: 7001, busPort: 7101 },
        { host: 'h1', port: 7002, busPort: 7102 },
      ],
    });
    expect([next('h1'), next('h2')]).toEqual(['7003 7103', '7004 7104']);
  });

  test('the next address of the subnet, then one that was left out, then none', () => {
    const network = { mode: 'bridge', subnet: '10.0.0.0/29' };
    const next = placesOf({
      network,
      nodes: [
        { host: 'h1', address: '10.0.0.5' },
        { host: 'h1', address: '10.0.0.3' },
      ],
    });
    expect([next('h1'), next('h1'), next('h1'), next('h1')]).toEqual([
      '10.0.0.6 6379',
      '10.0.0.2 6379',
      '10.0.0.4 6379',
      'the subnet 10.0.0.0/29 has no free address left',
    ]);
  });

  test('a port of its own where ports are published', () => {
    const network = { mode: 'bridge', publish: '127.0.0.1' };
    const next = placesOf({
      network,
      nodes: [
        { host: 'h1', port: 7001 },
        { host: 'h1', port: 7002 },
      ],
    });
    expect([next('h1'), next('h2')]).toEqual(['7003', '7004']);
  });

  test('the address that nodes of its host announce, or nothing that would be guessed', () => {
    const next = placesOf({
      nodes: [
        { host: 'h1', address: '192.0.2.1' },
        { host: 'h2', address: '192.0.2.2' },
      ],
    });
    expect(next('h2')).toBe('192.0.2.2 6380');
    expect(next('h3')).toContain('announces an address that is not its host');
  });
});

test('addresses are written as they are read', () => {
  for (const text of [
    '10.0.0.1',
    '255.255.255.254',
    '::',
    '::1',
    'fd00::',
    'fd00::1:0:0:1',
    '1:0:0:2::3',
    '1:2:3:4:5:6:7:8',
    'a:0:b:0:c:0:d:0',
  ])
    expect(ipText(parseIp(text)!)).toBe(text);
});

describe('new primaries', () => {
  test('go where no zone gets half of them, and replicas where there are fewest nodes', () => {
    const spec = specOf({ zones: 4 });
    const placement = new Placement(spec, spec.nodes, 5);
    const shard = (name: string) =>
      [0, 1].map((ordinal) => placement.next(name, ordinal === 0)?.name).join(' ');
    expect([shard('s4'), shard('s5')]).toEqual(['h4 h1', 'h1 h2']);
  });

  test('are spread over hosts where one zone holds most of them anyway', () => {
    const spec = specOf({
      zones: 3,
      edit: (document) => {
        document['placement'] = 'host';
        for (const host of document['hosts'] as { zone: string }[]) host.zone = 'z1';
      },
    });
    const placement = new Placement(spec, spec.nodes, 6);
    expect(['s4', 's5', 's6'].map((shard) => placement.next(shard, true)?.name)).toEqual(['h1', 'h2', 'h3']);
  });

  test('have no place when every zone has a member already', () => {
    const spec = specOf({ replicas: 2 });
    expect(new Placement(spec, spec.nodes, 3).next('s1', false)).toBeUndefined();
  });
});
