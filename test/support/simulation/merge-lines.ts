/** Merges two versions of a text by lines, as far as a test needs it: one changed stretch on each side. */

interface Stretch {
  /** Lines of the ancestor that it replaces: from (inclusive) to (exclusive). */
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}

/** @returns undefined when both sides changed the same lines, or lines beside each other, as Git sees it. */
export function mergeLines(ancestor: string, ours: string, theirs: string): string | undefined {
  if (ours === theirs || theirs === ancestor) return ours;
  if (ours === ancestor) return theirs;
  const base = ancestor.split('\n');
  const stretches = [ours, theirs].map((text) => changed(base, text.split('\n')));
  const [first, second] = stretches.sort((a, b) => a.from - b.from || a.to - b.to) as [Stretch, Stretch];
  if (first.to >= second.from) return undefined;
  return [
    ...base.slice(0, first.from),
    ...first.lines,
    ...base.slice(first.to, second.from),
    ...second.lines,
    ...base.slice(second.to),
  ].join('\n');
}

function changed(base: readonly string[], text: readonly string[]): Stretch {
  let from = 0;
  while (from < base.length && from < text.length && base[from] === text[from]) from += 1;
  let behind = 0;
  const most = Math.min(base.length, text.length) - from;
  while (behind < most && base.at(-1 - behind) === text.at(-1 - behind)) behind += 1;
  return { from, to: base.length - behind, lines: text.slice(from, text.length - behind) };
}
