/** Entries of `{ … }` and items of `[ … ]`: put in behind others, and taken out, on one line or on many. */
import { lineBreak, lineEnd, lineStart, nextLine, type Splice } from './splices.ts';
import type { ListSource, MapSource, Part, YamlSource } from './yaml-source.ts';

type Collection = MapSource | ListSource;

/**
 * Puts texts behind the part of that index, each like its neighbours: beside them, or on a line of its own.
 * @param after -1 for the beginning of a collection that is empty.
 */
export function insertIntoFlow(
  { text, comments }: YamlSource,
  collection: Collection,
  after: number,
  added: readonly string[],
): Splice[] {
  const before = collection.parts[after];
  if (before === undefined) {
    const [open, close] = [text[collection.start], text[collection.end - 1]];
    const blank = collection.kind === 'map' ? ' ' : '';
    return [
      {
        start: collection.start,
        end: collection.end,
        text: `${open}${blank}${added.join(', ')}${blank}${close}`,
      },
    ];
  }
  if (!standsAlone(text, before.start)) {
    return [{ start: before.end, end: before.end, text: added.map((part) => `, ${part}`).join('') }];
  }
  const indent = `${lineBreak(text)}${text.slice(lineStart(text, before.start), before.start)}`;
  const lines = added.map((part) => `${indent}${part}`);
  const tail = lineEnd(text, before.comma ?? before.end);
  const isCommented = comments.some(({ start, end }) => start >= before.end && end <= tail);
  if (!isCommented && before.comma === undefined)
    return [{ start: before.end, end: before.end, text: lines.map((line) => `,${line}`).join('') }];
  // The comment of the neighbour stays on the neighbour's line, and commas are where they were: at the end or not.
  if (before.comma !== undefined) {
    const at = isCommented ? tail : before.comma + 1;
    return [{ start: at, end: at, text: lines.map((line) => `${line},`).join('') }];
  }
  return [
    { start: before.end, end: before.end, text: ',' },
    { start: tail, end: tail, text: lines.join(',') },
  ];
}

/** Takes parts out. At least one part must stay. */
export function removeFromFlow(
  source: YamlSource,
  collection: Collection,
  indexes: ReadonlySet<number>,
): Splice[] {
  const { parts } = collection;
  const lastKept = parts.findLastIndex((_, index) => !indexes.has(index));
  const splices = parts.slice(0, lastKept).flatMap((part, index): Splice[] => {
    if (!indexes.has(index)) return [];
    if (ownsLines(source, collection, part)) return [linesOf(source, part)];
    const next = parts[index + 1] as Part;
    return [{ start: part.start, end: ownStart(source, next, endOf(part)), text: '' }];
  });
  const kept = parts[lastKept];
  const tail = parts.slice(lastKept + 1);
  const last = tail.at(-1);
  if (kept === undefined || last === undefined) return splices;
  if (!tail.every((part) => ownsLines(source, collection, part)))
    return [...splices, { start: kept.end, end: last.end, text: '' }];
  // JSON allows no comma at the end.
  const comma =
    kept.comma === undefined || last.comma !== undefined
      ? []
      : [{ start: kept.comma, end: kept.comma + 1, text: '' }];
  return [...splices, ...comma, ...tail.map((part) => linesOf(source, part))];
}

/** Behind the part and its comma. */
function endOf(part: Part): number {
  return part.comma === undefined ? part.end : part.comma + 1;
}

/** Whether nothing else but a comment of its own shares its lines. */
function ownsLines({ text, comments }: YamlSource, collection: Collection, part: Part): boolean {
  const end = lineEnd(text, endOf(part));
  const comment = comments.find(({ start }) => start >= endOf(part) && start < end);
  const rest = text.slice(endOf(part), comment?.start ?? end);
  return standsAlone(text, part.start) && /^[ \t]*$/.test(rest) && end < collection.end;
}

function linesOf({ text }: YamlSource, part: Part): Splice {
  return { start: lineStart(text, part.start), end: nextLine(text, endOf(part)), text: '' };
}

/** Whether nothing but blanks stands before it in its line. */
function standsAlone(text: string, at: number): boolean {
  return /^[ \t]*$/.test(text.slice(lineStart(text, at), at));
}

/** Where the next part begins, or the comment line above it that must stay. */
function ownStart({ text, comments }: YamlSource, next: Part, from: number): number {
  const comment = comments.find(
    ({ start }) => start >= from && start < next.start && standsAlone(text, start),
  );
  return comment === undefined ? next.start : lineStart(text, comment.start);
}
