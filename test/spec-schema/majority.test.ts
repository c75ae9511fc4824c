/** The matching of shards to zones, against trying out every choice. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSpec } from '../../spec-schema/read-spec.ts';
import { expectProblems, fleet } from './claims.ts';

interface Member {
  readonly zone: number;
  readonly role: 'primary' | 'replica' | undefined;
}

const member = (zones: number) =>
  fc.record({ zone: fc.nat(zones - 1), role: fc.constantFrom('primary', 'replica', undefined) });

/** Shards whose members are in different zones, with at most one that is to be primary and one that may be. */
const fleets = fc.integer({ min: 2, max: 5 }).chain((zones) => {
  const shard = fc
    .uniqueArray(member(zones), { minLength: 1, maxLength: 3, selector: ({ zone }) => zone })
    .filter((members) => members.filter(({ role }) => role === 'primary').length <= 1)
    .filter((members) => members.some(({ role }) => role !== 'replica'));
  return fc.array(shard, { minLength: 3, maxLength: 6 });
});

/** Whether some choice of one candidate per shard leaves less than half in each zone. */
function possible(shards: readonly (readonly Member[])[], held: readonly number[] = []): boolean {
  const [first, ...rest] = shards;
  const total = held.reduce((sum, count) => sum + (count ?? 0), 0) + shards.length;
  if (first === undefined) return held.every((count) => (count ?? 0) * 2 < total);
  return first.some(({ zone }) => {
    const next = Array.from({ length: 5 }, (_, index) => (held[index] ?? 0) + (index === zone ? 1 : 0));
    return possible(rest, next);
  });
}

function preferred(members: readonly Member[]): readonly Member[] {
  const named = members.filter(({ role }) => role === 'primary');
  return named.length > 0 ? named : members.filter(({ role }) => role === undefined);
}

function majorityProblems(shards: readonly (readonly Member[])[]): string[] {
  const zones = [...new Set(shards.flat().map(({ zone }) => zone))];
  const spec = {
    apiVersion: 'redisforge.dev/v1',
    kind: 'RedisCluster',
    metadata: { name: 'x' },
    redis: { image: 'redis:8.6.3' },
    auth: { operator: { password: { file: 'a' } }, replication: { password: { file: 'b' } } },
    hosts: zones.map((zone) => ({
      name: `h${zone}`,
      zone: `z${zone}`,
      address: `10.0.0.${zone + 1}`,
      docker: `unix:///h${zone}`,
    })),
    nodes: shards.flatMap((members, shard) =>
      members.map(({ zone, role }, index) => ({
        name: `n${shard}-${index}`,
        shard: `s${shard}`,
        host: `h${zone}`,
        port: 7000 + shard,
        ...(role === undefined ? {} : { role }),
      })),
    ),
  };
  return readSpec(JSON.stringify(spec), 'x').problems.map(({ severity, code }) => `${severity} ${code}`);
}

test('a majority in one zone is an error exactly when other roles would avoid it, and a warning when none do', () => {
  fc.assert(
    fc.property(fleets, (shards) => {
      const found = majorityProblems(shards);
      if (possible(shards.map(preferred))) expect(found).toEqual([]);
      else if (possible(shards)) expect(found).toEqual(['error majority-in-one-zone']);
      else expect(found).toEqual(['warning majority-in-one-zone']);
    }),
    { numRuns: 500 },
  );
}, 60_000);

test('where zones cannot help, one host with most of the primaries is still refused', () => {
  // Two zones only: some zone has the majority anyway, but not some machine.
  expectProblems(
    fleet({
      'hosts:\n': '«hosts»:\n',
      'c1, zone: eu-c': 'c1, zone: eu-b',
      'c2, zone: eu-c': 'c2, zone: eu-a',
      'n2, shard: s1, host: b2': 'n2, shard: s1, host: c1, port: 7001',
      'n3, shard: s2, host: b1, role: primary': 'n3, shard: s2, host: a1, port: 7002, role: «primary»',
      'n4, shard: s2, host: c2': 'n4, shard: s2, host: b1',
      'n6, shard: s3, host: a2': 'n6, shard: s3, host: c2',
      '{ name: a2,': '{ name: «a2»,',
      '{ name: b2,': '{ name: «b2»,',
    }),
    'majority-in-one-zone?=zones eu-a, eu-b',
    'unused-host?',
    'unused-host?',
    'majority-in-one-host',
  );
});
