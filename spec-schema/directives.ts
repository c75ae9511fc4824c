/** Questions about redis.conf directives: which exist, who owns them, and what a value comes to. */
import { DIRECTIVES, type Directive } from './directive-table.ts';
import { isManyWords, memoryBytes, printedValue, type ValueResult } from './directive-values.ts';

export type { Directive, ValueResult };

const BY_NAME: ReadonlyMap<string, Directive> = new Map(
  DIRECTIVES.flatMap((directive) =>
    [directive.name, ...directive.aliases].map((name) => [name, directive] as const),
  ),
);

/** The directive of that name or alias (`slave-priority`, `hash-max-ziplist-entries`, …), whatever its case. */
export function findDirective(name: string): Directive | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/**
 * Whether that version of the server knows the directive and heeds it.
 * @param version `"8.4.2"`; what follows the third number is ignored.
 */
export function knownIn(directive: Directive, version: string): boolean {
  const { since, removed } = directive;
  return (
    (since === undefined || isAtLeast(version, since)) &&
    (removed === undefined || !isAtLeast(version, removed))
  );
}

/**
 * The version that brought this value, where the directive is older than it (`maxmemory-policy allkeys-lrm` came
 * with 8.6): undefined when every version that knows the directive knows the value.
 * @param value as {@link canonicalValue} gives it.
 */
export function valueSince(directive: Directive, value: string): string | undefined {
  const versions = value.split(' ').flatMap((word) => directive.valuesSince?.[word] ?? []);
  return versions.reduce<string | undefined>(
    (latest, next) => (latest !== undefined && isAtLeast(latest, next) ? latest : next),
    undefined,
  );
}

/**
 * Whether CONFIG SET can lead from one value to another, or the server must be started anew.
 * @param from what CONFIG GET prints now. @param to what it is to print, as {@link canonicalValue} gives it.
 */
export function changesLive(directive: Directive, from: string, to: string): boolean {
  if (from === to) return true;
  const needsStart = (value: string) =>
    value.split(' ').some((word) => directive.startOnly?.includes(word) === true);
  return directive.live && (needsStart(from) || !needsStart(to));
}

/**
 * The name that was probably meant, for hints; undefined when none is near. An alias is answered with the name
 * that is current.
 */
export function suggestDirective(name: string): string | undefined {
  const nearest = nearestName(name, [...BY_NAME.keys()]);
  return nearest === undefined ? undefined : BY_NAME.get(nearest)?.name;
}

/**
 * The text that CONFIG GET prints after the server has accepted `value`; or why the value cannot be accepted.
 *
 * Always send this text, never the written one: it is accepted by CONFIG SET and prints as itself, which the
 * written one need not (several blanks in a row, buffer limits for one class only).
 * @param value as YAML gives it: `true` and `false` stand for yes and no.
 */
export function canonicalValue(directive: Directive, value: string | number | boolean): ValueResult {
  if (typeof value === 'boolean') {
    if (directive.type.kind === 'string') return { ok: false, reason: 'must be text: put it in quotes' };
    return printedValue(directive.type, value ? 'yes' : 'no');
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return { ok: false, reason: 'must be a number or text' };
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return { ok: false, reason: 'is too large to be read exactly as a number: put it in quotes' };
    }
    return printedValue(directive.type, String(value));
  }
  // A line break would begin another directive in the file, unless it is one of the blanks between words.
  const text = isManyWords(directive.type) ? value.replace(/[\t\r\n]/g, ' ') : value;
  if (/\p{Cc}/u.test(text))
    return { ok: false, reason: 'must not contain control characters or line breaks' };
  if (!text.isWellFormed()) return { ok: false, reason: 'is no valid Unicode text' };
  return printedValue(directive.type, text);
}

/**
 * Bytes of a size in Redis' own units: `8gb`, `64mb`, `1k` = 1000, `1kb` = 1024, letters of either case.
 * Undefined for anything else, and beyond 2^53 - 1 bytes.
 */
export function parseMemory(text: string): number | undefined {
  const bytes = memoryBytes(text);
  return bytes !== undefined && bytes <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bytes) : undefined;
}

/**
 * The candidate that takes the fewest edits (insert, delete, replace, swap) to reach; undefined when even that one
 * takes more than a third of the letters.
 */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  let best: { name: string; edits: number } | undefined;
  for (const candidate of candidates) {
    // Each letter that is too few or too many is an edit, so that a long text costs next to nothing.
    if (Math.abs(candidate.length - wanted.length) > limit) continue;
    const edits = editDistance(wanted, candidate.toLowerCase());
    if (edits <= limit && (best === undefined || edits < best.edits)) best = { name: candidate, edits };
  }
  return best?.name;
}

/** Optimal string alignment distance, in three rows. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, (beforeLast[j - 2] ?? 0) + 1);
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Whether `version` is `wanted` or later, by its first three numbers: `8.6` is `8.6.0`. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [a, b] = [version, wanted].map((text) => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number)) as [
    number[],
    number[],
  ];
  for (let index = 0; index < 3; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
