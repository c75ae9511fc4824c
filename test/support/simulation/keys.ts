/**
 * Keys as counts per slot: each write adds one key, so a count that falls behind the number of acknowledged
 * writes is a loss that no later write can hide.
 */
import { SLOT_COUNT, type SlotSet } from '../../../reconciler/model/slots.ts';
import type { Random } from './random.ts';

/** Number of keys by index into {@link KeyedSlots.slots}. */
export type KeyCounts = Int32Array;

/** The slots that may hold keys in one simulation; all others stay empty. */
export class KeyedSlots {
  /** Ascending. The first and the last slot of all are always among them. */
  readonly slots: readonly number[];

  /** @param count 2 to 16384. */
  constructor(count: number, chance: Random) {
    // One at random in each of as many equal stretches, so that every shard has its part.
    const size = SLOT_COUNT / count;
    const inner = Array.from({ length: Math.max(0, count - 2) }, (_, index) =>
      chance.int(Math.ceil((index + 1) * size), Math.ceil((index + 2) * size) - 1),
    );
    this.slots = [0, ...inner, SLOT_COUNT - 1];
  }

  get length(): number {
    return this.slots.length;
  }

  none(): KeyCounts {
    return new Int32Array(this.slots.length);
  }

  /** Indexes of the keyed slots in a set. */
  within(set: SlotSet): number[] {
    const found: number[] = [];
    let range = 0;
    for (let index = 0; index < this.slots.length; index += 1) {
      const slot = this.slots[index] as number;
      while (range < set.length && (set[range] as readonly [number, number])[1] < slot) range += 1;
      if (range === set.length) break;
      if ((set[range] as readonly [number, number])[0] <= slot) found.push(index);
    }
    return found;
  }
}

export function totalKeys(counts: KeyCounts): number {
  let sum = 0;
  for (let index = 0; index < counts.length; index += 1) sum += counts[index] as number;
  return sum;
}
