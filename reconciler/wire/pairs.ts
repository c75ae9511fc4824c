/** Replies that are maps in RESP3, and flat arrays of names and values in RESP2. */
import { WireError, type WireErrorCode } from './wire-error.ts';

/** Names and values, in the order of the reply. @throws WireError when it is neither, or a name is no text. */
export function pairsOf(reply: unknown, code: WireErrorCode): (readonly [name: string, value: unknown])[] {
  if (typeof reply !== 'object' || reply === null) {
    throw new WireError(code, 'neither a map nor an array', String(typeof reply));
  }
  const flat = Array.isArray(reply)
    ? (reply as readonly unknown[])
    : reply instanceof Map
      ? [...(reply as ReadonlyMap<unknown, unknown>)].flat(1)
      : Object.entries(reply).flat(1);
  if (flat.length % 2 !== 0) throw new WireError(code, 'a name without a value', String(flat.length));
  const pairs: (readonly [string, unknown])[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at];
    if (typeof name !== 'string') throw new WireError(code, 'a name that is no text', String(typeof name));
    pairs.push([name, flat[at + 1]]);
  }
  return pairs;
}
