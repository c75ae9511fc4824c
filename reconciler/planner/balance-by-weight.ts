/** Shares by what slots weigh (bytes, or work) instead of by their number. */
import type { NodeName } from '../model/cluster-state.ts';
import { type SlotRange, type SlotSet, slotSet, subtractSlots, unionSlots } from '../model/slots.ts';
import type { Share } from './balance.ts';

/** What each of the 16,384 slots weighs, in any unit. */
export type SlotWeights = readonly number[];

export function weightOf(slots: SlotSet, weights: SlotWeights): number {
  let sum = 0;
  for (const [first, last] of slots)
    for (let slot = first; slot <= last; slot += 1) sum += weights[slot] ?? 0;
  return sum;
}

/** The largest deviation from a fair share, in percent of it; 0 while nothing weighs anything. */
export function weightImbalancePercent(shares: readonly Share[], weights: SlotWeights): number {
  const total = shares.reduce((sum, { slots }) => sum + weightOf(slots, weights), 0);
  const parts = shares.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return 0;
  return Math.max(
    ...shares.map(({ slots, weight }) => {
      const fair = (total * weight) / parts;
      return (Math.abs(weightOf(slots, weights) - fair) / fair) * 100;
    }),
  );
}

/**
 * The slots that each share should own such that all weigh about what they should.
 *
 * Whoever weighs too much gives from the upper end of its slots, one after the other, until it is down to its share; a
 * single slot that weighs more than what is too much stays where it is, since moving it would only move the problem.
 */
export function balanceByWeight(
  shares: readonly Share[],
  homeless: SlotSet,
  thresholdPercent: number,
  weights: SlotWeights,
): Map<NodeName, SlotSet> {
  const target = new Map(shares.map(({ node, slots }) => [node, slots]));
  if (shares.length === 0) return target;
  const parts = shares.reduce((sum, { weight }) => sum + weight, 0);
  const total = shares.reduce(
    (sum, { slots }) => sum + weightOf(slots, weights),
    weightOf(homeless, weights),
  );
  const fair = new Map(shares.map(({ node, weight }) => [node, (total * weight) / parts]));
  let pool: SlotSet = homeless;
  const uneven = weightImbalancePercent(shares, weights) > thresholdPercent;
  const newcomer = shares.some(({ slots }) => slots.length === 0);
  if (uneven || newcomer) {
    for (const { node, slots } of shares) {
      const share = fair.get(node) ?? 0;
      const surplus = weightOf(slots, weights) - share;
      const given = surplusOf(slots, surplus, share * CLOSE_ENOUGH, weights, newcomer);
      target.set(node, subtractSlots(slots, given));
      pool = unionSlots(pool, given);
    }
  }
  return handOut(shares, target, fair, pool, weights);
}

/** Part of a share that is not worth cutting ranges to pieces for. */
const CLOSE_ENOUGH = 0.02;

/**
 * Slots from the upper end that weigh about as much as is too much, and not more; the lowest one always stays.
 * @param withEmpty whether slots that weigh nothing go too: moved, they make nothing more even.
 */
function surplusOf(
  slots: SlotSet,
  surplus: number,
  tolerance: number,
  weights: SlotWeights,
  withEmpty: boolean,
): SlotSet {
  const given: SlotRange[] = [];
  let left = surplus;
  const lowest = slots[0]?.[0];
  for (const [first, last] of [...slots].reverse()) {
    for (let slot = last; slot >= first; slot -= 1) {
      const weight = weights[slot] ?? 0;
      if (left <= tolerance || slot === lowest) return slotSet(given);
      if (weight > left || (weight === 0 && !withEmpty)) continue;
      given.push([slot, slot]);
      left -= weight;
    }
  }
  return slotSet(given);
}

/** The pool in order, to whoever lacks most, until it has its share; the rest to whoever has least. */
function handOut(
  shares: readonly Share[],
  target: Map<NodeName, SlotSet>,
  fair: ReadonlyMap<NodeName, number>,
  pool: SlotSet,
  weights: SlotWeights,
): Map<NodeName, SlotSet> {
  const lack = new Map(
    shares.map(({ node }) => [node, (fair.get(node) ?? 0) - weightOf(target.get(node) ?? [], weights)]),
  );
  const neediest = (): NodeName =>
    [...lack].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a))[0];
  const gifts = new Map<NodeName, SlotRange[]>();
  let receiver = neediest();
  for (const [first, last] of pool) {
    for (let slot = first; slot <= last; slot += 1) {
      // One after the other is served, so that ranges stay long.
      if ((lack.get(receiver) ?? 0) <= 0) receiver = neediest();
      const gift = gifts.get(receiver);
      if (gift === undefined) gifts.set(receiver, [[slot, slot]]);
      else gift.push([slot, slot]);
      lack.set(receiver, (lack.get(receiver) ?? 0) - (weights[slot] ?? 0));
    }
  }
  for (const [node, slots] of gifts) target.set(node, unionSlots(target.get(node) ?? [], slotSet(slots)));
  return target;
}
