/** Entries of a map and items of a list that stand on lines of their own: put in behind others, and taken out. */
import { columnOf, isBlankLine, lineBreak, lineEnd, lineStart, nextLine, type Splice } from './splices.ts';
import type { ListSource, MapSource, Part, Span, YamlSource } from './yaml-source.ts';

type Collection = MapSource | ListSource;

/** A text that becomes a part; `apart` puts a blank line above it. */
export interface Added {
  readonly text: string;
  readonly apart?: boolean;
}

/** Puts texts behind a part. Their further lines must have their indentation already. */
export function insertIntoBlock(source: YamlSource, before: Part, added: readonly Added[]): Splice[] {
  const { text } = source;
  const at = lastLineEnd(source, before);
  const end = lineBreak(text);
  const indent = `${end}${' '.repeat(columnOf(text, before.start))}`;
  const lines = added.map((part) => `${part.apart === true ? end : ''}${indent}${part.text}`);
  return [{ start: at, end: at, text: lines.join('') }];
}

/** Takes parts out, each with its lines. Comments on lines of their own stay, unless they are inside of the part. */
export function removeFromBlock(
  source: YamlSource,
  collection: Collection,
  indexes: ReadonlySet<number>,
): Splice[] {
  const { text } = source;
  const { parts } = collection;
  const first = parts[0];
  const kept = parts.find((_, index) => !indexes.has(index));
  const ranges: Span[] = [];
  for (const [index, part] of parts.entries()) {
    if (!indexes.has(index)) continue;
    // Behind a dash the first entry has no line of its own: the next one takes its place.
    const shares = !/^[ \t]*$/.test(text.slice(lineStart(text, part.start), part.start));
    if (shares && part === first && kept !== undefined) ranges.push({ start: part.start, end: kept.start });
    else ranges.push({ start: lineStart(text, part.start), end: nextLine(text, lastLineEnd(source, part)) });
  }
  return joined(text, ranges).map((range) => ({ ...withoutBlanks(text, range), text: '' }));
}

/** Where the last line of a part ends, with what is said about it in that line and, further to the right, below. */
function lastLineEnd({ text, comments }: YamlSource, part: Part): number {
  const column = columnOf(text, part.start);
  let last = lineEnd(text, part.end);
  for (let line = nextLine(text, last); line < text.length; line = nextLine(text, line)) {
    if (isBlankLine(text, line)) continue;
    const begins = line + (/^[ \t]*/.exec(text.slice(line, lineEnd(text, line)))?.[0].length ?? 0);
    const isComment = comments.some(({ start }) => start === begins);
    if (!isComment || columnOf(text, begins) <= column) break;
    last = lineEnd(text, line);
  }
  return last;
}

/** Ranges with nothing but blank lines between them become one. */
function joined(text: string, ranges: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const range of ranges) {
    const before = result.at(-1);
    if (before !== undefined && range.start <= before.end) {
      result[result.length - 1] = { start: before.start, end: Math.max(before.end, range.end) };
    } else if (before !== undefined && /^\s*$/.test(text.slice(before.end, range.start))) {
      result[result.length - 1] = { start: before.start, end: range.end };
    } else result.push(range);
  }
  return result;
}

/** Of the blank lines above and below what goes, one side goes too. */
function withoutBlanks(text: string, { start, end }: Span): Span {
  if (end < text.length && !isBlankLine(text, end)) return { start, end };
  let from = start;
  while (from > 0 && isBlankLine(text, lineStart(text, from - 1))) from = lineStart(text, from - 1);
  return { start: from, end };
}
