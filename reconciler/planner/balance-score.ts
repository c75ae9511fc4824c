/** How evenly shards share what they are to share, before a plan and after it, and why slots move or do not. */
import type { ClusterState, ShardName } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { parseSlots, slotCount } from '../model/slots.ts';
import { thresholdOf } from './balance.ts';
import { type SlotWeights, weightOf } from './balance-by-weight.ts';
import type { Intent } from './intent.ts';

export interface ShardShare {
  readonly shard: ShardName;
  /** Part of all that it has and that it should have, from 0 to 1. */
  readonly share: number;
  readonly fairShare: number;
  /** By how much the one misses the other, in percent of it: negative when it has too little. */
  readonly deviationPercent: number;
}

export interface BalanceScore {
  /** The largest deviation, whatever its sign; 0 is perfect. */
  readonly worstPercent: number;
  readonly shards: readonly ShardShare[];
}

export interface BalanceOutcome {
  readonly by: 'slots' | 'memory' | 'load';
  /** False while what slots weigh was not measured, or is nothing: then they are shared by number. */
  readonly measured: boolean;
  /** Nothing moves while no shard misses its share by more. */
  readonly thresholdPercent: number;
  /** Null while nobody owns a slot. */
  readonly before: BalanceScore | null;
  readonly after: BalanceScore | null;
  /**
   * `moves`: slots do. `even`: within the threshold. `blocked`: what stands in the way of the plan comes first.
   * `heavy-slots`: single slots weigh so much that moving them would only move the problem.
   */
  readonly reason: 'moves' | 'even' | 'blocked' | 'heavy-slots';
}

/** @param movedSlots how many change their shard on the way from `live` to `after`. */
export function balanceOutcome(
  intent: Intent,
  facts: Facts,
  live: ClusterState,
  after: ClusterState,
  { movedSlots, isBlocked }: { readonly movedSlots: number; readonly isBlocked: boolean },
): BalanceOutcome {
  const { by } = intent.spec.balance;
  const known = by === 'slots' ? undefined : facts.slotWeights;
  const weights = known?.some((weight) => weight > 0) === true ? known : undefined;
  const thresholdPercent = thresholdOf(intent.spec.balance, weights !== undefined);
  const before = scoreOf(intent, live, weights);
  const isEven = before === null || before.worstPercent <= thresholdPercent;
  return {
    by,
    measured: by === 'slots' || weights !== undefined,
    thresholdPercent,
    before,
    after: scoreOf(intent, after, weights),
    reason: movedSlots > 0 ? 'moves' : isEven ? 'even' : isBlocked ? 'blocked' : 'heavy-slots',
  };
}

/** Shares of the shards that the spec has; what others still own counts as missing to them. */
function scoreOf(
  { shards, weights: wanted }: Intent,
  { nodes }: ClusterState,
  weights: SlotWeights | undefined,
): BalanceScore | null {
  const held = new Map<ShardName, number>();
  for (const { shard, slots } of Object.values(nodes)) {
    if (slots === '') continue;
    const owned = parseSlots(slots);
    const size = weights === undefined ? slotCount(owned) : weightOf(owned, weights);
    held.set(shard, (held.get(shard) ?? 0) + size);
  }
  const total = [...held.values()].reduce((sum, size) => sum + size, 0);
  if (total === 0) return null;
  const parts = shards.reduce((sum, shard) => sum + (wanted.get(shard) ?? 1), 0);
  const found = shards.map((shard): ShardShare => {
    const share = (held.get(shard) ?? 0) / total;
    const fairShare = (wanted.get(shard) ?? 1) / parts;
    return { shard, share, fairShare, deviationPercent: ((share - fairShare) / fairShare) * 100 };
  });
  const worstPercent = Math.max(0, ...found.map(({ deviationPercent }) => Math.abs(deviationPercent)));
  return { worstPercent, shards: found };
}
