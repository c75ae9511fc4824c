/** Which primary should own which slots: shares by weight, with as little movement as possible. */
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { NodeName, ShardName } from '../model/cluster-state.ts';
import { fairCounts } from '../model/shares.ts';
import { SLOT_COUNT, type SlotSet, slotCount, subtractSlots, takeSlots, unionSlots } from '../model/slots.ts';

export interface Share {
  readonly shard: ShardName;
  readonly node: NodeName;
  readonly weight: number;
  /** What it owns now. */
  readonly slots: SlotSet;
}

/** Percent by which a share may be missed: numbers of slots are exact, what they weigh changes by the minute. */
const SLOT_THRESHOLD = 2;
const WEIGHT_THRESHOLD = 20;

/** @param byWeight whether what slots weigh is known, and shared. */
export function thresholdOf({ threshold }: ClusterSpec['balance'], byWeight: boolean): number {
  return threshold ?? (byWeight ? WEIGHT_THRESHOLD : SLOT_THRESHOLD);
}

/**
 * The slots that each share should own.
 *
 * Slots of nobody here (`homeless`: their owner leaves) are spread over those who lack most. Beyond that nothing moves
 * while every share is within the threshold; otherwise whoever has too many gives from the upper end of what it has,
 * in long ranges, to whoever has too few. Worked out anew in the middle of a rebalance it comes to the same end.
 * @param thresholdPercent by how much a share may be missed.
 */
export function balanceSlots(
  shares: readonly Share[],
  homeless: SlotSet,
  thresholdPercent: number,
): Map<NodeName, SlotSet> {
  const target = new Map(shares.map(({ node, slots }) => [node, slots]));
  if (shares.length === 0) return target;
  const counts = shares.map(({ slots }) => slotCount(slots));
  const fair = fairCounts(
    shares.map(({ weight }) => weight),
    counts,
  );
  const rebalance =
    imbalancePercent(shares) > thresholdPercent && needsMoves(shares, counts, fair, thresholdPercent);
  let pool = homeless;
  if (rebalance) {
    for (const [index, share] of shares.entries()) {
      const surplus = (counts[index] as number) - (fair[index] as number);
      if (surplus <= 0) continue;
      const [kept, given] = takeSlots(share.slots, fair[index] as number);
      target.set(share.node, kept);
      pool = unionSlots(pool, given);
    }
  }
  for (const [node, slots] of handOut(shares, fair, target, pool)) target.set(node, slots);
  return target;
}

/** Slots leave only by rebalancing; a share that misses its part only because others have homeless slots does not count. */
function needsMoves(
  shares: readonly Share[],
  counts: readonly number[],
  fair: readonly number[],
  thresholdPercent: number,
): boolean {
  return shares.some((_, index) => {
    const allowed = ((fair[index] as number) * thresholdPercent) / 100;
    return (counts[index] as number) - (fair[index] as number) > allowed || counts[index] === 0;
  });
}

/** The largest deviation from a fair share, in percent of it. */
export function imbalancePercent(shares: readonly Share[]): number {
  const total = shares.reduce((sum, { weight }) => sum + weight, 0);
  const owned = shares.reduce((sum, { slots }) => sum + slotCount(slots), 0);
  if (owned === 0) return 0;
  return Math.max(
    ...shares.map(({ weight, slots }) => {
      const fair = (SLOT_COUNT * weight) / total;
      return (Math.abs(slotCount(slots) - fair) / fair) * 100;
    }),
  );
}

/** Gives the pool to those who lack slots, those who lack most first; what is left over goes to the smallest. */
function handOut(
  shares: readonly Share[],
  fair: readonly number[],
  target: ReadonlyMap<NodeName, SlotSet>,
  pool: SlotSet,
): Map<NodeName, SlotSet> {
  const given = new Map<NodeName, SlotSet>();
  if (slotCount(pool) === 0) return given;
  const owned = (node: NodeName): SlotSet => given.get(node) ?? target.get(node) ?? [];
  const needs = shares
    .map(({ node }, index) => ({ node, need: (fair[index] as number) - slotCount(owned(node)) }))
    .filter(({ need }) => need > 0)
    .sort((a, b) => b.need - a.need || (a.node < b.node ? -1 : 1));
  let rest = pool;
  for (const { node, need } of needs) {
    const [taken] = takeSlots(rest, need);
    given.set(node, unionSlots(owned(node), taken));
    rest = subtractSlots(rest, taken);
  }
  if (slotCount(rest) > 0) {
    const smallest = [...shares].sort(
      (a, b) => slotCount(owned(a.node)) - slotCount(owned(b.node)) || (a.node < b.node ? -1 : 1),
    )[0] as Share;
    given.set(smallest.node, unionSlots(owned(smallest.node), rest));
  }
  return given;
}
