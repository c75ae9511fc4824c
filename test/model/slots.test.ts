import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ALL_SLOTS,
  evenSplit,
  formatSlots,
  intersectSlots,
  parseSlots,
  SLOT_COUNT,
  type SlotSet,
  slotCount,
  slotSet,
  subtractSlots,
  takeSlots,
  unionSlots,
} from '../../reconciler/model/slots.ts';

const anySet = fc
  .array(fc.tuple(fc.integer({ min: 0, max: SLOT_COUNT - 1 }), fc.integer({ min: 0, max: 900 })), {
    maxLength: 12,
  })
  .map((pairs) => slotSet(pairs.map(([first, length]) => [first, Math.min(first + length, SLOT_COUNT - 1)])));

/** The set as a bitmap: the obviously right way to compute with sets. */
function bits(set: SlotSet): Set<number> {
  return new Set(
    set.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index)),
  );
}

describe('sets of slots', () => {
  it('survive formatting and parsing', () => {
    fc.assert(
      fc.property(anySet, (set) => {
        expect(parseSlots(formatSlots(set))).toEqual(set);
      }),
    );
  });

  it('are computed with like bitmaps', () => {
    fc.assert(
      fc.property(anySet, anySet, (a, b) => {
        const [x, y] = [bits(a), bits(b)];
        expect(bits(unionSlots(a, b))).toEqual(x.union(y));
        expect(bits(subtractSlots(a, b))).toEqual(x.difference(y));
        expect(bits(intersectSlots(a, b))).toEqual(x.intersection(y));
        expect(slotCount(a)).toBe(x.size);
      }),
      { numRuns: 60 },
    );
  });

  it('are split off from below', () => {
    fc.assert(
      fc.property(anySet, fc.integer({ min: 0, max: SLOT_COUNT }), (set, count) => {
        const [taken, rest] = takeSlots(set, count);
        expect(slotCount(taken)).toBe(Math.min(count, slotCount(set)));
        expect(unionSlots(taken, rest)).toEqual(set);
        expect(slotCount(intersectSlots(taken, rest))).toBe(0);
      }),
    );
  });

  it.each(['-1', '16384', '5-4', '1-2-3', 'x', '1.5'])('refuse %s', (text) => {
    expect(() => parseSlots(text)).toThrow(RangeError);
  });
});

describe('the even split', () => {
  it('is that of redis-cli for three shards', () => {
    expect(evenSplit(3).map(formatSlots)).toEqual(['0-5460', '5461-10922', '10923-16383']);
  });

  it('covers every slot once, with parts that differ by one at the most', () => {
    for (let shards = 1; shards <= 300; shards += 1) {
      const parts = evenSplit(shards);
      expect(parts).toHaveLength(shards);
      expect(slotSet(parts.flat())).toEqual(ALL_SLOTS);
      expect(parts.reduce((sum, part) => sum + slotCount(part), 0)).toBe(SLOT_COUNT);
      const sizes = parts.map(slotCount);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });
});
