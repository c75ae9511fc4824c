/** Primaries and slots of a new cluster, whatever the order of nodes in the file. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evenSplit, formatSlots, parseSlots, slotCount } from '../../reconciler/model/slots.ts';
import { intentOf } from '../../reconciler/planner/intent.ts';
import { choosePrimaries } from '../../reconciler/planner/primaries.ts';
import { resolve } from '../../reconciler/planner/resolve.ts';
import { DIGESTS, emptyState, noFacts, specOf } from '../support/specs.ts';

const layout = fc.record({
  shards: fc.integer({ min: 3, max: 12 }),
  replicas: fc.integer({ min: 0, max: 3 }),
  zones: fc.integer({ min: 1, max: 5 }),
  order: fc.infiniteStream(fc.nat()),
});

/** The spec with its nodes in another order. */
function shuffled({
  shards,
  replicas,
  zones,
  order,
}: {
  shards: number;
  replicas: number;
  zones: number;
  order: Iterable<number>;
}) {
  const keys = order[Symbol.iterator]();
  const spec = specOf({ shards, replicas: Math.min(replicas, zones), zones, roles: false });
  const nodes = spec.nodes.map((node) => ({ node, key: keys.next().value as number }));
  return intentOf({ ...spec, nodes: nodes.sort((a, b) => a.key - b.key).map(({ node }) => node) }, DIGESTS);
}

describe('a new cluster', () => {
  it('spreads its primaries over zones as evenly as the shards allow (1000 random layouts)', () => {
    fc.assert(
      fc.property(layout, (shape) => {
        const intent = shuffled(shape);
        const primaries = choosePrimaries(intent, emptyState(intent)).of;
        expect(primaries.size).toBe(shape.shards);
        const perZone = Map.groupBy(primaries.values(), (node) => intent.nodes[node]?.zone ?? '');
        const fullest = Math.max(...[...perZone.values()].map((nodes) => nodes.length));
        // Shard i of these specs has members in consecutive zones from i on: with a replica each, an even spread exists.
        expect(fullest).toBe(Math.ceil(shape.shards / Math.min(shape.zones, shape.shards)));
      }),
      { numRuns: 1000 },
    );
  });

  it('follows the preferences of the spec', () => {
    const intent = intentOf(specOf({ shards: 5, replicas: 1, zones: 3 }), DIGESTS);
    expect([...choosePrimaries(intent, emptyState(intent)).of.values()]).toEqual([
      'n1a',
      'n2a',
      'n3a',
      'n4a',
      'n5a',
    ]);
  });

  it('gives each shard its part of the even split', () => {
    fc.assert(
      fc.property(layout, (shape) => {
        const intent = shuffled(shape);
        const desired = resolve(intent, emptyState(intent), noFacts(intent));
        const parts = intent.shards.map((shard) =>
          formatSlots(
            Object.values(desired.nodes).flatMap((node) =>
              node.shard === shard ? [...parseSlots(node.slots)] : [],
            ),
          ),
        );
        expect(parts).toEqual(evenSplit(shape.shards).map(formatSlots));
        expect(parts.reduce((sum, part) => sum + slotCount(parseSlots(part)), 0)).toBe(16384);
      }),
      { numRuns: 100 },
    );
  });
});
