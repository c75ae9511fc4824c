/**
 * A spec as it is written: where each value, key, dash, comma and comment stands, so that an edit can change a few
 * characters and leave every other one alone.
 *
 * Printing a parsed document again would keep its comments, but not its layout: columns, quotes, blank lines and the
 * folds of long lines would change all over the file, and a reviewer could not see what was meant.
 */
import { CST, Parser } from 'yaml';

export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Source = MapSource | ListSource | ScalarSource | AliasSource;

/** One entry of a map, or one item of a list. */
export interface Part extends Span {
  /** Of the dash or the key; in a flow list the same as the value's. */
  readonly start: number;
  /** Of the value. */
  readonly end: number;
  readonly value: Source;
  /** In a flow collection: the comma behind it. */
  readonly comma?: number;
}

export interface EntrySource extends Part {
  readonly key: string;
}

export interface MapSource extends Span {
  readonly kind: 'map';
  readonly style: 'block' | 'flow';
  readonly parts: readonly EntrySource[];
}

export interface ListSource extends Span {
  readonly kind: 'list';
  readonly style: 'block' | 'flow';
  readonly parts: readonly Part[];
}

export interface ScalarSource extends Span {
  readonly kind: 'scalar';
  /** `empty`: nothing stands behind the colon. */
  readonly style: 'plain' | 'single' | 'double' | 'block' | 'empty';
}

export interface AliasSource extends Span {
  readonly kind: 'alias';
  readonly name: string;
}

/** A mark (`&name`) that aliases point to. */
export interface AnchorSource extends Span {
  readonly name: string;
  /** What is marked; undefined for a key. */
  readonly value: Source | undefined;
}

export interface YamlSource {
  readonly text: string;
  readonly root: MapSource;
  readonly comments: readonly Span[];
  readonly anchors: readonly AnchorSource[];
  readonly aliases: readonly AliasSource[];
}

/**
 * @param text one that `readSpec` has read without complaint about its syntax: then its size is bounded too.
 * @returns undefined when its root is no map.
 */
export function yamlSource(text: string): YamlSource | undefined {
  const marks: Marks = { comments: [], anchors: [], aliases: [] };
  let root: Source | undefined;
  for (const token of new Parser().parse(text)) {
    if (token.type === 'comment') note([token], marks);
    if (token.type !== 'document') continue;
    note(token.start, marks);
    if (token.value !== undefined) root = sourceOf(token.value, marks);
    note(token.end, marks);
  }
  return root?.kind === 'map' ? { text, root, ...marks } : undefined;
}

/** What stands at a path; undefined where it leads out of the file, or behind an alias. */
export function sourceAt(root: Source, path: readonly (string | number)[]): Source | undefined {
  let here: Source | undefined = root;
  for (const step of path) {
    if (here?.kind === 'list') here = here.parts[Number(step)]?.value;
    else here = here?.kind === 'map' ? entryOf(here, String(step))?.value : undefined;
  }
  return here;
}

export function entryOf(map: MapSource, key: string): EntrySource | undefined {
  return map.parts.find((entry) => entry.key === key);
}

interface Marks {
  readonly comments: Span[];
  readonly anchors: AnchorSource[];
  readonly aliases: AliasSource[];
}

/**
 * Remembers the comments and anchors among the tokens between values.
 * @param value that the tokens stand in front of.
 */
function note(tokens: readonly CST.Token[] | undefined, marks: Marks, value?: Source): void {
  for (const token of tokens ?? []) {
    if (!('source' in token)) continue;
    const span = { start: token.offset, end: token.offset + token.source.length };
    if (token.type === 'comment') marks.comments.push(span);
    else if (token.type === 'anchor') marks.anchors.push({ ...span, name: token.source.slice(1), value });
  }
}

function sourceOf(token: CST.Token, marks: Marks): Source {
  switch (token.type) {
    case 'block-map':
    case 'block-seq':
    case 'flow-collection':
      return collectionOf(token, marks);
    case 'alias': {
      note(token.end, marks);
      const end = token.offset + token.source.length;
      const alias: AliasSource = { kind: 'alias', start: token.offset, end, name: token.source.slice(1) };
      marks.aliases.push(alias);
      return alias;
    }
    case 'block-scalar': {
      note(token.props, marks);
      const start = token.props.find(({ type }) => type === 'block-scalar-header')?.offset ?? token.offset;
      const content = token.props.reduce((end, prop) => Math.max(end, endOf(prop)), token.offset);
      return { kind: 'scalar', style: 'block', start, end: content + token.source.trimEnd().length };
    }
    case 'scalar':
    case 'single-quoted-scalar':
    case 'double-quoted-scalar': {
      note(token.end, marks);
      const end = token.offset + token.source.length;
      return { kind: 'scalar', style: QUOTES[token.type], start: token.offset, end };
    }
    default:
      return emptyAt(token.offset);
  }
}

const QUOTES = {
  scalar: 'plain',
  'single-quoted-scalar': 'single',
  'double-quoted-scalar': 'double',
} as const;

function endOf(token: CST.Token): number {
  return token.offset + ('source' in token ? token.source.length : 0);
}

function emptyAt(offset: number): ScalarSource {
  return { kind: 'scalar', style: 'empty', start: offset, end: offset };
}

function collectionOf(
  token: CST.BlockMap | CST.BlockSequence | CST.FlowCollection,
  marks: Marks,
): MapSource | ListSource {
  const isFlow = token.type === 'flow-collection';
  const isMap = isFlow ? token.start.type === 'flow-map-start' : token.type === 'block-map';
  const entries: (EntrySource & { comma?: number })[] = [];
  for (const item of token.items) {
    const comma = item.start.find(({ type }) => type === 'comma');
    const before = entries.at(-1);
    if (comma !== undefined && before !== undefined) before.comma = comma.offset;
    const part = isMap ? entryFrom(item, marks) : itemFrom(item, marks);
    if (part !== undefined) entries.push(part);
  }
  const style = isFlow ? 'flow' : 'block';
  const close = isFlow ? token.end[0] : undefined;
  if (isFlow) note(token.end, marks);
  const end = close === undefined ? (entries.at(-1)?.end ?? token.offset) : endOf(close);
  const start = entries[0] === undefined || isFlow ? token.offset : Math.min(token.offset, entries[0].start);
  return isMap
    ? { kind: 'map', style, parts: entries, start, end }
    : { kind: 'list', style, parts: entries.map(({ key: _key, ...item }) => item), start, end };
}

function entryFrom(item: CST.CollectionItem, marks: Marks): EntrySource | undefined {
  const { key, sep, value } = item;
  if (key === undefined || key === null) {
    note(item.start, marks);
    return undefined;
  }
  note(item.start, marks);
  const source = sourceOf(key, marks);
  const colon = sep?.find(({ type }) => type === 'map-value-ind');
  const behind = colon === undefined ? source.end : endOf(colon);
  const content = value === undefined ? emptyAt(behind) : sourceOf(value, marks);
  note(sep, marks, content);
  const name = CST.isScalar(key) ? CST.resolveAsScalar(key).value : '';
  // `? key` begins with its mark, and `&anchor key` with the anchor.
  const start = Math.min(source.start, ...item.start.filter(isProperty).map(({ offset }) => offset));
  return { key: name, start, end: Math.max(behind, content.end), value: content };
}

function isProperty({ type }: CST.SourceToken): boolean {
  return type === 'explicit-key-ind' || type === 'anchor' || type === 'tag';
}

function itemFrom(item: CST.CollectionItem, marks: Marks): EntrySource | undefined {
  const dash = item.start.find(({ type }) => type === 'seq-item-ind');
  // A lone comma or comment at the end of a flow list, or a comment at the end of a block list, is no item.
  if (item.value === undefined && dash === undefined) {
    note(item.start, marks);
    return undefined;
  }
  const content =
    item.value === undefined ? emptyAt(endOf(dash as CST.SourceToken)) : sourceOf(item.value, marks);
  note(item.start, marks, content);
  const property = item.start.find(isProperty);
  const start = dash?.offset ?? Math.min(content.start, property?.offset ?? content.start);
  return { key: '', start, end: content.end, value: content };
}
