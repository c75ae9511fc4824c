/** Changes the entries of one map: values are replaced where they stand, new entries are put at the end. */
import { insertIntoBlock, removeFromBlock } from './block-parts.ts';
import { insertIntoFlow, removeFromFlow } from './flow-parts.ts';
import { type Scalar, scalarText } from './scalar-text.ts';
import { columnOf, lineBreak, type Splice, standsApart } from './splices.ts';
import type { EntrySource, MapSource, YamlSource } from './yaml-source.ts';

/** New values by key; undefined takes the entry out. A value may be a map of one entry, or a map of that, … */
export type Changes = Readonly<Record<string, NewValue | undefined>>;
export type NewValue = Scalar | NewMap;
interface NewMap {
  readonly [key: string]: NewValue;
}

/** At least one of the entries must stay. */
export function changeEntries(source: YamlSource, map: MapSource, changes: Changes): Splice[] {
  const replaced = map.parts.flatMap((entry) => {
    const value = Object.hasOwn(changes, entry.key) ? changes[entry.key] : undefined;
    return value === undefined ? [] : replaceValue(source, map, entry, value);
  });
  const removed = new Set(
    map.parts.flatMap(({ key }, index) =>
      Object.hasOwn(changes, key) && changes[key] === undefined ? [index] : [],
    ),
  );
  const known = new Set(map.parts.map(({ key }) => key));
  const added = Object.entries(changes).filter(
    (change): change is [string, NewValue] => change[1] !== undefined && !known.has(change[0]),
  );
  return [
    ...replaced,
    ...(removed.size === 0
      ? []
      : map.style === 'flow'
        ? removeFromFlow(source, map, removed)
        : removeFromBlock(source, map, removed)),
    ...(added.length === 0 ? [] : append(source, map, added)),
  ];
}

function replaceValue(source: YamlSource, map: MapSource, entry: EntrySource, value: NewValue): Splice[] {
  const { text } = source;
  const { start, end } = entry.value;
  const style = entry.value.kind === 'scalar' ? entry.value.style : 'plain';
  const written =
    typeof value === 'object' ? flowMap(value, jsonStyle(source, map)) : scalarText(value, style);
  if (style === 'empty') return [{ start, end, text: ` ${written}` }];
  const splice = { start, end, text: written };
  const change = written.length - (end - start);
  // Columns stay columns: what the value takes is given by the blanks behind it.
  const gap = /^(,?)( {2,})(?=[^\s])/.exec(text.slice(end, end + 200));
  if (gap === null || change === 0 || (map.style === 'block' && text[end + gap[0].length] !== '#'))
    return [splice];
  const from = end + (gap[1]?.length ?? 0);
  const blanks = gap[2]?.length ?? 0;
  return [splice, { start: from, end: from + blanks, text: ' '.repeat(Math.max(1, blanks - change)) }];
}

function append(source: YamlSource, map: MapSource, added: readonly [string, NewValue][]): Splice[] {
  const json = jsonStyle(source, map);
  const last = map.parts.at(-1);
  if (map.style === 'flow' || last === undefined) {
    const texts = added.map(([key, value]) => flowEntry(key, value, json));
    return insertIntoFlow(source, map, map.parts.length - 1, texts);
  }
  const indent = columnOf(source.text, last.start);
  const apart = areApart(source, map);
  return insertIntoBlock(
    source,
    last,
    added.map(([key, value]) => ({ text: blockEntry(source, map, key, value, indent), apart })),
  );
}

/** Whether blank lines separate the entries: in front of the last section of a file, elsewhere in front of most. */
function areApart({ text, root }: YamlSource, map: MapSource): boolean {
  const separated = map.parts.slice(1).filter(({ start }) => standsApart(text, start));
  if (map === root) return separated.at(-1) === map.parts.at(-1);
  return map.parts.length > 2 && separated.length * 2 > map.parts.length;
}

/** How JSON is written here (what stands between key and value); undefined for YAML. */
function jsonStyle({ text }: YamlSource, map: MapSource): string | undefined {
  const [first] = map.parts;
  if (first === undefined || text[first.start] !== '"') return undefined;
  return text.slice(first.start, first.value.start).endsWith(': ') ? ': ' : ':';
}

function flowEntry(key: string, value: NewValue, json: string | undefined): string {
  const written =
    typeof value === 'object'
      ? flowMap(value, json)
      : scalarText(value, json === undefined ? 'plain' : 'double');
  return json === undefined ? `${scalarText(key)}: ${written}` : `${JSON.stringify(key)}${json}${written}`;
}

function flowMap(map: NewMap, json: string | undefined): string {
  const entries = Object.entries(map).map(([key, value]) => flowEntry(key, value, json));
  return `{ ${entries.join(', ')} }`;
}

/** A new map among others is written as they are: in braces where they all are, otherwise on lines of its own. */
function blockEntry(
  source: YamlSource,
  map: MapSource,
  key: string,
  value: NewValue,
  indent: number,
): string {
  if (typeof value !== 'object') return `${scalarText(key)}: ${scalarText(value)}`;
  const siblings = map.parts.map((entry) => entry.value).filter(({ kind }) => kind === 'map');
  if (siblings.length > 0 && siblings.every((sibling) => 'style' in sibling && sibling.style === 'flow'))
    return flowEntry(key, value, undefined);
  const step = indentStep(source);
  const lines = (inner: NewMap, column: number): string[] =>
    Object.entries(inner).flatMap(([name, content]) =>
      typeof content === 'object'
        ? [`${' '.repeat(column)}${scalarText(name)}:`, ...lines(content, column + step)]
        : [`${' '.repeat(column)}${scalarText(name)}: ${scalarText(content)}`],
    );
  return [`${scalarText(key)}:`, ...lines(value, indent + step)].join(lineBreak(source.text));
}

/** By how much the file indents a map inside of a map. */
function indentStep({ text, root }: YamlSource): number {
  for (const { value } of root.parts) {
    const first = value.kind === 'map' && value.style === 'block' ? value.parts[0] : undefined;
    if (first !== undefined) return columnOf(text, first.start);
  }
  return 2;
}
