/**
 * Markdown as a tree that knows what matters: when the text would be too long, whole rows are left out, the least
 * important first, the beginnings of its parts last; what is left says how many and where all of it is. Nothing is ever cut in its middle, so that no
 * table, fence or fold can break.
 */
import { counted } from '../quantities.ts';

/** Something that can be left out as a whole; never when its importance is {@link KEPT}. */
export interface Unit {
  readonly importance: number;
  /** How many things of its container it stands for; 1 unless said. */
  readonly weight?: number;
}

export const KEPT = Number.POSITIVE_INFINITY;

/** What can be left out sooner or later, in that order. */
export const IMPORTANCE = {
  history: 10,
  picture: 20,
  help: 25,
  wait: 30,
  edit: 40,
  safe: 50,
  drift: 55,
  estimate: 60,
  disruptive: 70,
  problem: 80,
  destructive: 90,
} as const;

/** One line of Markdown that is safe to stand anywhere in a line. */
export interface Row extends Unit {
  readonly cells: readonly string[];
}

/** What the rows of a container are, for the line that says how many are missing. */
export type Noun = readonly [singular: string, plural: string];

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** Left out as a whole, with another text in its place. */
  | { readonly kind: 'optional'; readonly text: string; readonly unit: Unit; readonly instead: string }
  | { readonly kind: 'list'; readonly noun: Noun; readonly rows: readonly Row[] }
  | {
      readonly kind: 'table';
      readonly noun: Noun;
      readonly head: readonly string[];
      /** One `---` or `---:` for each column. */
      readonly align: readonly string[];
      readonly rows: readonly Row[];
    }
  /** A code block of which lines can be left out; the lines are raw text. */
  | {
      readonly kind: 'code';
      readonly noun: Noun;
      readonly language: string;
      readonly rows: readonly Row[];
    }
  /** `summary` is HTML. */
  | {
      readonly kind: 'details';
      readonly summary: string;
      readonly open: boolean;
      readonly pieces: readonly Piece[];
    }
  /** A box that GitHub paints, and that is a quotation elsewhere. */
  | {
      readonly kind: 'alert';
      readonly level: 'NOTE' | 'IMPORTANT' | 'WARNING' | 'CAUTION';
      readonly pieces: readonly Piece[];
    };

export function text(content: string): Piece {
  return { kind: 'text', text: content };
}

export interface Fit {
  /** UTF-16 units that the text may have. */
  readonly budget: number;
  /** Markdown that says where all of it can be seen. */
  readonly whole: string;
}

/** The text within its budget; undefined when that is not possible without leaving out what must be kept. */
export function fitted(pieces: readonly Piece[], { budget, whole }: Fit): string | undefined {
  const all = markdownOf(pieces, new Set(), whole);
  if (all.length <= budget) return all;
  const order = expendable(pieces);
  const without = (count: number): string => markdownOf(pieces, new Set(order.slice(0, count)), whole);
  let tooFew = 0;
  let enough = order.length;
  let best = without(enough);
  if (best.length > budget) return undefined;
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    const candidate = without(middle);
    if (candidate.length <= budget) {
      enough = middle;
      best = candidate;
    } else tooFew = middle;
  }
  return best;
}

/** The beginning of each list is worth more than the rest of any: with it every part of a comment still says something. */
const BEGINNING = 10;

interface Expendable {
  readonly unit: Unit;
  readonly begins: boolean;
}

/**
 * What may be left out, in the order in which it is: all but the beginnings first, of those what matters least, and of
 * what matters alike the end before the start.
 */
function expendable(pieces: readonly Piece[]): Unit[] {
  return unitsOf(pieces)
    .filter(({ unit }) => unit.importance !== KEPT)
    .reverse()
    .sort((a, b) => Number(a.begins) - Number(b.begins) || a.unit.importance - b.unit.importance)
    .map(({ unit }) => unit);
}

function unitsOf(pieces: readonly Piece[]): Expendable[] {
  return pieces.flatMap((piece): readonly Expendable[] => {
    if (piece.kind === 'optional') return [{ unit: piece.unit, begins: true }];
    if ('rows' in piece) return piece.rows.map((unit, index) => ({ unit, begins: index < BEGINNING }));
    return 'pieces' in piece ? unitsOf(piece.pieces) : [];
  });
}

type Dropped = ReadonlySet<Unit>;

function markdownOf(pieces: readonly Piece[], dropped: Dropped, whole: string): string {
  return pieces
    .map((piece) => pieceText(piece, dropped, whole))
    .filter((part) => part !== '')
    .join('\n\n');
}

function pieceText(piece: Piece, dropped: Dropped, whole: string): string {
  if (piece.kind === 'text') return piece.text;
  if (piece.kind === 'optional') return dropped.has(piece.unit) ? piece.instead : piece.text;
  if (piece.kind === 'details') {
    const inside = markdownOf(piece.pieces, dropped, whole);
    return `<details${piece.open ? ' open' : ''}><summary>${piece.summary}</summary>\n\n${inside}\n\n</details>`;
  }
  if (piece.kind === 'alert') {
    const inside = markdownOf(piece.pieces, dropped, whole);
    return `[!${piece.level}]\n${inside}`.replace(/^(?=.)/gm, '> ').replace(/^$/gm, '>');
  }
  const shown = piece.rows.filter((row) => !dropped.has(row));
  const missing = piece.rows
    .filter((row) => dropped.has(row))
    .reduce((sum, { weight = 1 }) => sum + weight, 0);
  const more = missing === 0 ? undefined : missingText(missing, shown.length > 0, piece.noun);
  if (piece.kind === 'code') return codeText(piece.language, shown, more);
  const pointer = more === undefined ? undefined : `${more}: ${whole}`;
  if (shown.length === 0) return pointer === undefined ? '' : `_${pointer}_`;
  if (piece.kind === 'list')
    return [...shown.map(({ cells }) => cells.join(' ')), ...(pointer === undefined ? [] : [`_${pointer}_`])]
      .map((line) => `- ${line}`)
      .join('\n');
  return tableText(piece, shown, pointer);
}

function missingText(count: number, someShown: boolean, [singular, plural]: Noun): string {
  return `${counted(count, `${someShown ? 'more ' : ''}${singular}`, `${someShown ? 'more ' : ''}${plural}`)} left out here`;
}

function tableText(
  { head, align }: Extract<Piece, { kind: 'table' }>,
  rows: readonly Row[],
  pointer: string | undefined,
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  // The widest column is the one with the words: it is the second where the first only numbers the rows.
  const wide = align[0] === '---:' ? 1 : 0;
  const last = head.map((_, column) => (column === wide ? `_${pointer}_` : ''));
  return [
    line(head),
    line(align),
    ...rows.map(({ cells }) => line(cells)),
    ...(pointer === undefined ? [] : [line(last)]),
  ].join('\n');
}

/** The fence is longer than any run of backticks inside. */
function codeText(language: string, rows: readonly Row[], more: string | undefined): string {
  const lines = [...rows.map(({ cells }) => cells.join(' ')), ...(more === undefined ? [] : [`… ${more}`])];
  if (lines.length === 0) return '';
  const longest = Math.max(2, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length)));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, ...lines, fence].join('\n');
}
