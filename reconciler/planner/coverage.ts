/** Who should own the slots that nobody owns. */
import type { ClusterState, NodeName, ShardName } from '../model/cluster-state.ts';
import { weightedSplit } from '../model/shares.ts';
import {
  intersectSlots,
  parseSlots,
  type SlotSet,
  slotCount,
  subtractSlots,
  takeSlots,
  unionSlots,
} from '../model/slots.ts';
import { uncoveredSlots } from '../model/topology.ts';
import type { Intent } from './intent.ts';

/**
 * Slots to add to each shard's primary, so that all 16,384 have an owner and none that has one moves.
 *
 * Slots of which a primary already holds keys go there: assigned anywhere else, those keys would be deleted. A shard
 * without slots gets its part of the split by weight, as far as it is free; what remains goes to whoever has least.
 */
export function fillCoverage(
  intent: Intent,
  live: ClusterState,
  primaries: ReadonlyMap<ShardName, NodeName>,
): Map<NodeName, SlotSet> {
  let free = uncoveredSlots(live);
  const added = new Map<NodeName, SlotSet>();
  if (slotCount(free) === 0) return added;
  const give = (node: NodeName, slots: SlotSet): void => {
    added.set(node, unionSlots(added.get(node) ?? [], slots));
    free = subtractSlots(free, slots);
  };

  for (const node of primaries.values()) {
    const stranded = intersectSlots(parseSlots(live.nodes[node]?.strandedKeys ?? ''), free);
    if (slotCount(stranded) > 0) give(node, stranded);
  }
  const owned = (node: NodeName): number =>
    slotCount(parseSlots(live.nodes[node]?.slots ?? '')) + slotCount(added.get(node) ?? []);
  const parts = weightedSplit(intent.shards.map((shard) => intent.weights.get(shard) ?? 1));
  for (const [index, shard] of intent.shards.entries()) {
    const node = primaries.get(shard);
    const part = parts[index];
    if (node !== undefined && part !== undefined && owned(node) === 0) give(node, intersectSlots(part, free));
  }
  // Slots of a vanished shard: the smallest first, up to its even part, so that ranges stay long.
  const bySize = [...primaries.values()].sort((a, b) => owned(a) - owned(b) || (a < b ? -1 : 1));
  const fair = Math.ceil(16384 / Math.max(1, bySize.length));
  for (const node of bySize) {
    const room = fair - owned(node);
    if (room > 0 && slotCount(free) > 0) give(node, takeSlots(free, room)[0]);
  }
  const last = bySize[0];
  if (last !== undefined && slotCount(free) > 0) give(last, free);
  return added;
}
