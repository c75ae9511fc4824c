/** Primaries that are in each other's way are spread by as few moves as can be. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evenOut, type RoleMove } from '../../reconciler/planner/spread.ts';

interface Shard {
  readonly now: string;
  readonly others: readonly string[];
}

const ZONES = ['a', 'b', 'c'];
const zone = fc.constantFrom(...ZONES);
const shards: fc.Arbitrary<readonly Shard[]> = fc.array(
  fc.record({ now: zone, others: fc.uniqueArray(zone, { maxLength: 2 }) }),
  { minLength: 1, maxLength: 6 },
);

function loadOf(zones: readonly string[]): Map<string, number> {
  return new Map(ZONES.map((name) => [name, zones.filter((each) => each === name).length]));
}

function movesOf(list: readonly Shard[]): RoleMove[] {
  return list.flatMap(({ now, others }, index) =>
    others
      .filter((toZone) => toZone !== now)
      .map((toZone) => ({ shard: `s${index}`, to: `n${index}${toZone}`, fromZone: now, toZone })),
  );
}

/** How full the fullest zone is at best, and the fewest moves for that, by trying everything. */
function best(list: readonly Shard[], most: number): { excess: number; moves: number } {
  let found = { excess: Number.POSITIVE_INFINITY, moves: 0 };
  const tryAll = (index: number, zones: readonly string[], moves: number): void => {
    const shard = list[index];
    if (shard === undefined) {
      const excess = [...loadOf(zones).values()].reduce((sum, load) => sum + Math.max(0, load - most), 0);
      if (excess < found.excess || (excess === found.excess && moves < found.moves))
        found = { excess, moves };
      return;
    }
    for (const to of new Set([shard.now, ...shard.others]))
      tryAll(index + 1, [...zones, to], moves + (to === shard.now ? 0 : 1));
  };
  tryAll(0, [], 0);
  return found;
}

it('no zone is left too full that could be relieved, and nothing is moved without need', () => {
  fc.assert(
    fc.property(shards, fc.integer({ min: 1, max: 3 }), (list, most) => {
      const made = evenOut(loadOf(list.map(({ now }) => now)), most, movesOf(list));
      const zones = list.map(
        ({ now }, index) => made.find(({ shard }) => shard === `s${index}`)?.toZone ?? now,
      );
      expect(new Set(made.map(({ shard }) => shard)).size).toBe(made.length);
      const excess = [...loadOf(zones).values()].reduce((sum, load) => sum + Math.max(0, load - most), 0);
      const before = [...loadOf(list.map(({ now }) => now)).values()];
      if (before.every((load) => load <= most)) expect(made).toEqual([]);
      // A shard is moved once at most, so that now and then one excess more is left than need be.
      const { excess: least } = best(list, most);
      expect(excess - least).toBeLessThanOrEqual(1);
      if (made.length === 0) expect(excess).toBe(least);
    }),
    { numRuns: 500 },
  );
});
