/** Sets of hash slots: ranges in canonical form, and the text in which documents and plans carry them. */

/** Redis Cluster's fixed number of hash slots (CRC16 mod 16384). */
export const SLOT_COUNT = 16384;

/** An inclusive range of slots, `0 <= first <= last <= 16383`. */
export type SlotRange = readonly [first: number, last: number];

/** Sorted, disjoint, non-adjacent ranges: every set of slots has exactly one such form. */
export type SlotSet = readonly SlotRange[];

/** Every slot. */
export const ALL_SLOTS: SlotSet = [[0, SLOT_COUNT - 1]];

/**
 * Brings ranges in any order, overlapping or adjacent, into canonical form.
 * @throws RangeError when a bound lies outside of 0..16383 or a range is reversed.
 */
export function slotSet(ranges: Iterable<SlotRange>): SlotSet {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const merged: [number, number][] = [];
  for (const [first, last] of sorted) {
    if (
      !Number.isInteger(first) ||
      !Number.isInteger(last) ||
      first < 0 ||
      last >= SLOT_COUNT ||
      first > last
    ) {
      throw new RangeError(`no slot range: ${first}-${last}`);
    }
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** How many slots the set holds, 0 to 16384. */
export function slotCount(set: SlotSet): number {
  return set.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** `"0-5460 5462"`; the empty set is the empty text. Inverse of {@link parseSlots}. */
export function formatSlots(set: SlotSet): string {
  return set.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(' ');
}

/** Texts that were read lately: a plan of hundreds of waves meets the same few hundred in every one of them. */
const read = new Map<string, SlotSet>();
const MOST_CHARACTERS = 1_000_000;
let characters = 0;

/**
 * Reads `"0-5460 5462"` (blank or comma separated).
 * @throws RangeError on anything that is no slot range.
 */
export function parseSlots(text: string): SlotSet {
  const before = read.get(text);
  if (before !== undefined) return before;
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  const set = slotSet(
    parts.map((part): SlotRange => {
      const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
      if (match === null) throw new RangeError(`no slot range: ${part}`);
      const first = Number(match[1]);
      return [first, match[2] === undefined ? first : Number(match[2])];
    }),
  );
  characters += text.length;
  if (characters > MOST_CHARACTERS) {
    read.clear();
    characters = text.length;
  }
  read.set(text, set);
  return set;
}

/** All slots in `a` or `b`. */
export function unionSlots(a: SlotSet, b: SlotSet): SlotSet {
  return slotSet([...a, ...b]);
}

/** The slots of `a` that are not in `b`. */
export function subtractSlots(a: SlotSet, b: SlotSet): SlotSet {
  const rest: SlotRange[] = [];
  let index = 0;
  for (const [first, last] of a) {
    let from = first;
    while (index < b.length && (b[index] as SlotRange)[1] < from) index += 1;
    for (let at = index; at < b.length && (b[at] as SlotRange)[0] <= last; at += 1) {
      const [cutFirst, cutLast] = b[at] as SlotRange;
      if (cutFirst > from) rest.push([from, cutFirst - 1]);
      from = Math.max(from, cutLast + 1);
    }
    if (from <= last) rest.push([from, last]);
  }
  return rest;
}

/** The slots in both sets. */
export function intersectSlots(a: SlotSet, b: SlotSet): SlotSet {
  return subtractSlots(a, subtractSlots(a, b));
}

/** Splits off the lowest `count` slots: `[taken, rest]`; takes all when the set is smaller. */
export function takeSlots(set: SlotSet, count: number): readonly [taken: SlotSet, rest: SlotSet] {
  const taken: SlotRange[] = [];
  let wanted = count;
  for (const [first, last] of set) {
    if (wanted <= 0) break;
    const size = Math.min(wanted, last - first + 1);
    taken.push([first, first + size - 1]);
    wanted -= size;
  }
  return [taken, subtractSlots(set, taken)];
}

/**
 * The even split that `redis-cli --cluster create` makes too: contiguous, sizes differing by at most one.
 * @param shards number of parts, 1 to 16384.
 */
export function evenSplit(shards: number): SlotSet[] {
  const parts: SlotSet[] = [];
  const size = SLOT_COUNT / shards;
  let first = 0;
  for (let index = 0; index < shards; index += 1) {
    // Same rounding as redis-cli, so that a cluster made by it (0-5460, 5461-10922, 10923-16383) is already even.
    const last = index === shards - 1 ? SLOT_COUNT - 1 : Math.round(size * (index + 1) - 1);
    parts.push([[first, last]]);
    first = last + 1;
  }
  return parts;
}
