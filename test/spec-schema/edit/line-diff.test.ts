/** The difference that is shown is the whole difference, and no longer than it has to be. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineDiff } from '../../../spec-schema/edit/line-diff.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 14 });
const textOf = (list: readonly string[]) => list.map((line) => `${line}\n`).join('');

test('applied to the one text it gives the other, with as few lines as possible', () => {
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const result: string[] = [];
      let at = 0;
      let changed = 0;
      for (const { oldStart, newStart, lines: shown } of lineDiff(textOf(before), textOf(after))) {
        while (at < oldStart - 1) result.push(before[at++] as string);
        expect(result).toHaveLength(newStart - 1);
        for (const { kind, text } of shown) {
          if (kind !== 'new') expect(before[at++]).toBe(text);
          if (kind !== 'gone') result.push(text);
          if (kind !== 'same') changed += 1;
        }
      }
      result.push(...before.slice(at));
      expect(result).toEqual(after);
      expect(changed).toBe(before.length + after.length - 2 * commonLength(before, after));
    }),
    { numRuns: 3000 },
  );
});

test('what is far apart is shown apart, with three lines around it', () => {
  const before = Array.from({ length: 40 }, (_, index) => String(index));
  const after = before.with(10, 'x').with(30, 'y');
  const hunks = lineDiff(textOf(before), textOf(after));
  expect(hunks.map(({ oldStart, lines: shown }) => [oldStart, shown.length])).toEqual([
    [8, 8],
    [28, 8],
  ]);
});

test('thousands of new lines take no time', () => {
  const before = Array.from({ length: 5000 }, (_, index) => String(index));
  const after = before.flatMap((line, index) => (index % 10 === 0 ? [line, `new ${line}`] : [line]));
  expect(
    lineDiff(textOf(before), textOf(after))
      .flatMap(({ lines: shown }) => shown)
      .filter(({ kind }) => kind === 'new'),
  ).toHaveLength(500);
});

/** Length of the longest list of lines that both have in that order. */
function commonLength(a: readonly string[], b: readonly string[]): number {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let x = a.length - 1; x >= 0; x -= 1)
    for (let y = b.length - 1; y >= 0; y -= 1)
      table[x]![y] =
        a[x] === b[y] ? table[x + 1]![y + 1]! + 1 : Math.max(table[x + 1]![y]!, table[x]![y + 1]!);
  return table[0]![0]!;
}
