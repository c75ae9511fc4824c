/** What differs between two texts, line by line, with a few lines around it: as `diff -u` shows it. */

export interface DiffLine {
  readonly kind: 'same' | 'gone' | 'new';
  readonly text: string;
}

/** Lines that differ, with what surrounds them. Line numbers begin with 1. */
export interface Hunk {
  readonly oldStart: number;
  readonly newStart: number;
  readonly lines: readonly DiffLine[];
}

const CONTEXT = 3;

export function lineDiff(before: string, after: string): Hunk[] {
  const lines = differences(linesOf(before), linesOf(after));
  const changed = lines.flatMap(({ kind }, index) => (kind === 'same' ? [] : [index]));
  const spans: { from: number; to: number }[] = [];
  for (const index of changed) {
    const [from, to] = [Math.max(0, index - CONTEXT), Math.min(lines.length, index + CONTEXT + 1)];
    const span = spans.at(-1);
    if (span !== undefined && from <= span.to) span.to = to;
    else spans.push({ from, to });
  }
  return spans.map(({ from, to }) => ({
    oldStart: 1 + lines.slice(0, from).filter(({ kind }) => kind !== 'new').length,
    newStart: 1 + lines.slice(0, from).filter(({ kind }) => kind !== 'gone').length,
    lines: lines.slice(from, to),
  }));
}

/** The lines of a text, each without its line break; a missing one at the end is not told. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The shortest way from one list to the other (Myers), which is fast where little differs. */
function differences(before: readonly string[], after: readonly string[]): DiffLine[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail += 1;
  const same = (text: string): DiffLine => ({ kind: 'same', text });
  return [
    ...before.slice(0, head).map(same),
    ...shortest(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

function shortest(before: readonly string[], after: readonly string[]): DiffLine[] {
  if (before.length === 0) return after.map((text) => ({ kind: 'new', text }));
  if (after.length === 0) return before.map((text) => ({ kind: 'gone', text }));
  const reach = new Map<number, number>([[1, 0]]);
  const history: Map<number, number>[] = [];
  const goal = before.length - after.length;
  for (let edits = 0; ; edits += 1) {
    history.push(new Map(reach));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = furthest(reach, diagonal, edits);
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1;
      reach.set(diagonal, x);
      if (diagonal === goal && x >= before.length) return wayBack(before, after, history);
    }
  }
}

/** Where a diagonal is entered: from above (a new line) or from the left (one that is gone). */
function furthest(reach: ReadonlyMap<number, number>, diagonal: number, edits: number): number {
  const above = reach.get(diagonal + 1) ?? -1;
  const left = reach.get(diagonal - 1) ?? -1;
  return diagonal === -edits || (diagonal !== edits && left < above) ? above : left + 1;
}

function wayBack(
  before: readonly string[],
  after: readonly string[],
  history: readonly Map<number, number>[],
): DiffLine[] {
  const lines: DiffLine[] = [];
  let [x, y] = [before.length, after.length];
  for (let edits = history.length - 1; edits >= 0; edits -= 1) {
    const reach = history[edits] as Map<number, number>;
    const diagonal = x - y;
    const above = reach.get(diagonal + 1) ?? -1;
    const left = reach.get(diagonal - 1) ?? -1;
    const isNew = diagonal === -edits || (diagonal !== edits && left < above);
    const startX = edits === 0 ? 0 : isNew ? above : left + 1;
    while (x > startX && y > 0 && (edits > 0 || x > 0)) {
      x -= 1;
      y -= 1;
      lines.push({ kind: 'same', text: before[x] as string });
    }
    if (edits === 0) break;
    if (isNew) {
      y -= 1;
      lines.push({ kind: 'new', text: after[y] as string });
    } else {
      x -= 1;
      lines.push({ kind: 'gone', text: before[x] as string });
    }
  }
  return lines.reverse();
}
