/** Text in columns, and its width on a screen. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const ESCAPE_SEQUENCE = /\u001b\[[0-9;]*m/g;

/** Columns that a text takes on a screen; colours take none. */
export function screenWidth(text: string): number {
  return [...text.replace(ESCAPE_SEQUENCE, '')].length;
}

/** The text cut to so many columns, with its colours switched off at the cut. */
export function clipped(text: string, columns: number): string {
  if (screenWidth(text) <= columns) return text;
  let left = Math.max(0, columns - 1);
  let result = '';
  let styled = false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are kept whole, everything else is cut by characters
  for (const part of text.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith('\u001b[')) {
      result += part;
      styled = true;
      continue;
    }
    const characters = [...part];
    result += characters.slice(0, left).join('');
    left -= Math.min(left, characters.length);
    if (left === 0) break;
  }
  return columns < 1 ? '' : `${result}…${styled ? '\u001b[0m' : ''}`;
}

export interface ColumnHead {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Rows under their heads, two blanks between columns; a column that is empty in every row is left out. */
export function columns(
  heads: readonly ColumnHead[],
  rows: readonly (readonly string[])[],
  head: (text: string) => string,
): string[] {
  const used = heads.map((_, index) => rows.some((row) => (row[index] ?? '') !== ''));
  const widths = heads.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => screenWidth(row[index] ?? ''))),
  );
  const line = (cells: readonly string[], paint: (text: string) => string): string =>
    heads
      .flatMap(({ align }, index) => {
        if (used[index] !== true) return [];
        const cell = cells[index] ?? '';
        const gap = ' '.repeat(Math.max(0, (widths[index] ?? 0) - screenWidth(cell)));
        return [align === 'right' ? gap + paint(cell) : paint(cell) + gap];
      })
      .join('  ')
      .trimEnd();
  return [
    line(
      heads.map(({ title }) => title),
      head,
    ),
    ...rows.map((row) => line(row, (text) => text)),
  ];
}
