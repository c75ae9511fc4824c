/** Changes a list: items are put in behind others, made in the likeness of one of them, and taken out. */
import { type Added, insertIntoBlock, removeFromBlock } from './block-parts.ts';
import { type Changes, changeEntries } from './entries.ts';
import { insertIntoFlow, removeFromFlow } from './flow-parts.ts';
import { columnOf, lineBreak, lineEnd, lineStart, nextLine, type Splice, spliced } from './splices.ts';
import { entryOf, type ListSource, type Span, type YamlSource, yamlSource } from './yaml-source.ts';

/** An item that is to stand behind another one. */
export interface NewItem {
  /** Index of the item that it is to stand behind. */
  readonly after: number;
  /** Index of the item that it is made like. */
  readonly like: number;
  /** In what it differs from that one. */
  readonly changes: Changes;
  /** Whether a blank line is to separate it from what is above, where the list is not on one line. */
  readonly apart?: boolean;
}

/** Several behind one item stand in the order in which they are given. */
export function insertItems(source: YamlSource, list: ListSource, items: readonly NewItem[]): Splice[] {
  return [...Map.groupBy(items, ({ after }) => after)].flatMap(([after, group]) => {
    const before = list.parts[after];
    if (before === undefined) return [];
    const added = group.map(({ like, changes, apart = false }): Added => {
      return { text: itemLike(source, list, like, changes), apart };
    });
    if (list.style === 'block') return insertIntoBlock(source, before, added);
    return insertIntoFlow(
      source,
      list,
      after,
      added.map(({ text }) => text),
    );
  });
}

/** At least one item must stay. */
export function removeItems(source: YamlSource, list: ListSource, indexes: ReadonlySet<number>): Splice[] {
  if (indexes.size === 0) return [];
  const removed =
    list.style === 'block' ? removeFromBlock(source, list, indexes) : removeFromFlow(source, list, indexes);
  return [...removed, ...handedOn(source, removed)];
}

/** What is marked in a removed text and repeated elsewhere by an alias is written out there, with the mark. */
function handedOn({ text, anchors, aliases }: YamlSource, removed: readonly Splice[]): Splice[] {
  const goes = ({ start }: Span) => removed.some((splice) => start >= splice.start && start < splice.end);
  return anchors.filter(goes).flatMap(({ name, start, value }) => {
    const later = anchors.find((other) => other.name === name && other.start > start);
    const heir = aliases.find(
      (alias) =>
        alias.name === name &&
        alias.start > start &&
        alias.start < (later?.start ?? text.length) &&
        !goes(alias),
    );
    if (heir === undefined || value === undefined) return [];
    return [{ start: heir.start, end: heir.end, text: `&${name} ${text.slice(value.start, value.end)}` }];
  });
}

/**
 * The text of an item (with its dash) that is written like another one: the same keys in the same order, quotes and
 * columns. Its comments and marks are about that one alone and are left out.
 */
function itemLike(source: YamlSource, list: ListSource, like: number, changes: Changes): string {
  const { text } = source;
  const part = list.parts[like];
  if (part === undefined) throw new RangeError(`no item ${like} in the list`);
  const bare = withoutMarks(source, part.start, part.end);
  const indent = ' '.repeat(columnOf(text, part.start));
  // Alone, in a file of its own, the item is an ordinary map, which is changed as any other.
  const [head, tail] =
    list.style === 'block' ? [`items:${lineBreak(text)}${indent}`, ''] : ['{items: [', ']}'];
  const alone = yamlSource(`${head}${bare}${tail}`);
  const items = alone === undefined ? undefined : entryOf(alone.root, 'items')?.value;
  const [item] = items?.kind === 'list' ? items.parts : [];
  if (alone === undefined || item?.value.kind !== 'map') throw new RangeError(`item ${like} is no map`);
  const changed = spliced(alone.text, changeEntries(alone, item.value, changes));
  // What was taken out at its end leaves the line break in front of it.
  return changed.slice(head.length, changed.length - tail.length).trimEnd();
}

/** The text between two offsets without comments and anchors. */
function withoutMarks({ text, comments, anchors }: YamlSource, from: number, to: number): string {
  const inside = ({ start, end }: { start: number; end: number }) => start >= from && end <= to;
  const splices = [
    ...comments.filter(inside).map(({ start, end }): Splice => {
      const line = lineStart(text, start);
      const isAlone = /^[ \t]*$/.test(text.slice(line, start));
      if (isAlone) return { start: line, end: nextLine(text, end), text: '' };
      return {
        start: start - (/[ \t]*$/.exec(text.slice(line, start))?.[0].length ?? 0),
        end: lineEnd(text, end),
        text: '',
      };
    }),
    ...anchors.filter(inside).map(({ start, end }): Splice => {
      const blanks = /^[ \t]*/.exec(text.slice(end, lineEnd(text, end)))?.[0].length ?? 0;
      return { start, end: end + blanks, text: '' };
    }),
  ].map((splice) => ({ start: splice.start - from, end: splice.end - from, text: '' }));
  return spliced(text.slice(from, to), splices);
}
