/** Shares of the slots by weight. */
import { evenSplit, SLOT_COUNT, type SlotSet, slotSet } from './slots.ts';

/**
 * The contiguous split of all slots by weight; for equal weights that of {@link evenSplit}.
 * @param weights one positive number per part.
 */
export function weightedSplit(weights: readonly number[]): SlotSet[] {
  if (weights.every((weight) => weight === weights[0])) return evenSplit(weights.length);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  let first = 0;
  return weights.map((weight, index) => {
    before += weight;
    const end = index === weights.length - 1 ? SLOT_COUNT : Math.round((SLOT_COUNT * before) / total);
    const part: SlotSet = end > first ? slotSet([[first, end - 1]]) : [];
    first = Math.max(first, end);
    return part;
  });
}

/**
 * How many slots each part should have: its share, rounded such that all 16,384 are given out and as few as possible
 * move (of two equal remainders the part that has more slots now gets the odd one).
 * @param present slots that each part has now.
 */
export function fairCounts(weights: readonly number[], present: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const exact = weights.map((weight) => (SLOT_COUNT * weight) / total);
  const counts = exact.map(Math.floor);
  const remainder = (index: number): number => (exact[index] as number) - (counts[index] as number);
  const order = counts
    .map((_, index) => index)
    .sort((a, b) => remainder(b) - remainder(a) || (present[b] as number) - (present[a] as number) || a - b);
  let left = SLOT_COUNT - counts.reduce((sum, count) => sum + count, 0);
  for (const index of order) {
    if (left <= 0) break;
    counts[index] = (counts[index] as number) + 1;
    left -= 1;
  }
  return counts;
}
