/** Who should own how much: by number, by weight, with as little movement as possible. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairCounts, weightedSplit } from '../../reconciler/model/shares.ts';
import {
  ALL_SLOTS,
  intersectSlots,
  SLOT_COUNT,
  type SlotSet,
  slotCount,
  slotSet,
  subtractSlots,
} from '../../reconciler/model/slots.ts';
import { balanceSlots, imbalancePercent, type Share } from '../../reconciler/planner/balance.ts';
import {
  balanceByWeight,
  weightImbalancePercent,
  weightOf,
} from '../../reconciler/planner/balance-by-weight.ts';

const share = (index: number, slots: SlotSet, weight = 1): Share => ({
  shard: `s${index}`,
  node: `n${index}`,
  weight,
  slots,
});

/** All slots dealt out to some shares at random borders; some may have none, as new shards do. */
const dealt = fc
  .record({
    borders: fc.array(fc.integer({ min: 0, max: SLOT_COUNT }), { minLength: 2, maxLength: 9 }),
    weights: fc.array(fc.constantFrom(1, 1, 1, 2, 0.5), { minLength: 10, maxLength: 10 }),
  })
  .map(({ borders, weights }) => {
    const ends = [...borders.sort((a, b) => a - b), SLOT_COUNT];
    let first = 0;
    return ends.map((end, index) => {
      const slots: SlotSet = end > first ? slotSet([[first, end - 1]]) : [];
      first = Math.max(first, end);
      return share(index, slots, weights[index]);
    });
  });

/** Each slot is somewhere, and only once. */
function expectComplete(target: ReadonlyMap<string, SlotSet>): void {
  const all = [...target.values()];
  expect(slotSet(all.flat())).toEqual(ALL_SLOTS);
  expect(all.reduce((sum, slots) => sum + slotCount(slots), 0)).toBe(SLOT_COUNT);
}

function moved(shares: readonly Share[], target: ReadonlyMap<string, SlotSet>): number {
  return shares.reduce(
    (sum, { node, slots }) => sum + slotCount(subtractSlots(slots, target.get(node) ?? [])),
    0,
  );
}

describe('shares by number', () => {
  it('end as the weights want, and move no slot more than that takes', () => {
    fc.assert(
      fc.property(dealt, (shares) => {
        const target = balanceSlots(shares, [], 0);
        expectComplete(target);
        const fair = fairCounts(
          shares.map(({ weight }) => weight),
          shares.map(({ slots }) => slotCount(slots)),
        );
        expect(shares.map(({ node }) => slotCount(target.get(node) ?? []))).toEqual(fair);
        const surplus = shares.reduce(
          (sum, { slots }, index) => sum + Math.max(0, slotCount(slots) - (fair[index] as number)),
          0,
        );
        expect(moved(shares, target)).toBe(surplus);
      }),
    );
  });

  it('stay as they are while everybody is within the threshold', () => {
    fc.assert(
      fc.property(dealt, fc.integer({ min: 0, max: 100 }), (shares, threshold) => {
        const target = balanceSlots(shares, [], threshold);
        if (imbalancePercent(shares) <= threshold) expect(moved(shares, target)).toBe(0);
        const after = shares.map((one) => ({ ...one, slots: target.get(one.node) ?? [] }));
        expect(moved(after, balanceSlots(after, [], threshold))).toBe(0);
      }),
    );
  });

  it('take in what a leaving shard has, and move nothing else for it', () => {
    fc.assert(
      fc.property(dealt, (shares) => {
        const [leaver, ...staying] = shares as [Share, ...Share[]];
        const target = balanceSlots(staying, leaver.slots, 100);
        expectComplete(target);
        const others = staying.every(({ slots }) => slotCount(slots) > 0);
        if (others) expect(moved(staying, target)).toBeGreaterThanOrEqual(0);
        for (const { node, slots } of staying) {
          if (others && imbalancePercent(staying) <= 100)
            expect(intersectSlots(target.get(node) ?? [], slots)).toEqual(slots);
        }
      }),
    );
  });

  it('split a new cluster by weight', () => {
    expect(weightedSplit([1, 1, 2]).map(slotCount)).toEqual([4096, 4096, 8192]);
    expect(slotSet(weightedSplit([1, 2, 3, 0.1]).flat())).toEqual(ALL_SLOTS);
  });
});

describe('shares by what slots weigh', () => {
  const weights = fc
    .record({ seed: fc.nat(), hot: fc.array(fc.integer({ min: 0, max: SLOT_COUNT - 1 }), { maxLength: 20 }) })
    .map(({ seed, hot }) => {
      const all = Array.from({ length: SLOT_COUNT }, (_, slot) => (slot * 2654435761 + seed) % 10);
      for (const slot of hot) all[slot] = 5_000;
      return all;
    });

  it('become more even, or stay as they are; nobody loses its last slot', () => {
    fc.assert(
      fc.property(dealt, weights, (shares, weigh) => {
        const target = balanceByWeight(shares, [], 5, weigh);
        expectComplete(target);
        const after = shares.map((one) => ({ ...one, slots: target.get(one.node) ?? [] }));
        expect(weightImbalancePercent(after, weigh)).toBeLessThanOrEqual(
          weightImbalancePercent(shares, weigh) + 1e-9,
        );
        for (const { node, slots } of shares)
          if (slots.length > 0) expect(slotCount(target.get(node) ?? [])).toBeGreaterThan(0);
      }),
      { numRuns: 50 },
    );
  });

  it('move hot slots away from the shard that has them', () => {
    const weigh = Array.from({ length: SLOT_COUNT }, (_, slot) => (slot < 100 ? 100 : 1));
    const shares = [share(1, [[0, 5460]]), share(2, [[5461, 10922]]), share(3, [[10923, 16383]])];
    const target = balanceByWeight(shares, [], 10, weigh);
    const total = weightOf(ALL_SLOTS, weigh);
    for (const slots of target.values()) expect(weightOf(slots, weigh)).toBeGreaterThan(total / 3 - 200);
    expect(weightImbalancePercent(shares, weigh)).toBeGreaterThan(50);
  });

  it('leave everything in place within the threshold', () => {
    const weigh = Array.from({ length: SLOT_COUNT }, () => 1);
    const shares = [share(1, [[0, 5460]]), share(2, [[5461, 10922]]), share(3, [[10923, 16383]])];
    expect(moved(shares, balanceByWeight(shares, [], 20, weigh))).toBe(0);
  });
});
