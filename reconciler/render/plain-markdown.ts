/** Our own Markdown as text for a terminal: comments of pull requests where there is no page to show them. */
import { columns, screenWidth } from './columns.ts';
import { visible } from './visible.ts';

/** Tables that are wider than this are shown row by row. */
const WIDEST = 110;

interface Fence {
  readonly mark: string;
  readonly isPicture: boolean;
}

/** No markup, no pictures, tables in columns, folded parts unfolded. */
export function plainMarkdown(markdown: string): string {
  const shown: string[] = [];
  let table: string[] = [];
  let fence: Fence | undefined;
  /** Where the folded part that is being read begins, and whether it holds a picture: then it is left out. */
  let folded: { readonly from: number; hasPicture: boolean } | undefined;
  for (const line of markdown.replaceAll(/<!--[\s\S]*?-->/g, '').split('\n')) {
    if (fence !== undefined) {
      if (line.trim().startsWith(fence.mark) && line.trim() === fence.mark) fence = undefined;
      else if (!fence.isPicture) shown.push(`    ${line}`);
      continue;
    }
    if (line.trimStart().startsWith('|')) {
      table.push(line.trim());
      continue;
    }
    shown.push(...tableLines(table));
    table = [];
    if (line.startsWith('<details')) folded = { from: shown.length, hasPicture: false };
    fence = fenceOf(line);
    if (fence?.isPicture && folded !== undefined) folded.hasPicture = true;
    if (fence === undefined) shown.push(proseLine(line));
    if (line.trim() === '</details>') {
      if (folded?.hasPicture) shown.splice(folded.from);
      folded = undefined;
    }
  }
  shown.push(...tableLines(table));
  const text = shown.map((line) => visible(line).replaceAll(/[ \t]+$/gm, '')).join('\n');
  return text.replaceAll(/\n{3,}/g, '\n\n').trim();
}

function fenceOf(line: string): Fence | undefined {
  const match = /^\s*(`{3,}|~{3,})\s*(\w*)/.exec(line);
  return match?.[1] === undefined ? undefined : { mark: match[1], isPicture: match[2] === 'mermaid' };
}

function proseLine(line: string): string {
  const alert = /^>\s*\[!(\w+)\]\s*$/.exec(line);
  if (alert !== null) return `${alert[1]}:`;
  return inline(line.replace(/^#{1,6}\s+/, '').replace(/^(?:>\s?)+/, '  '), '\n');
}

function tableLines(rows: readonly string[]): string[] {
  const [head = [], ...body] = rows
    .filter((row) => !/^\|[\s:|-]+\|?$/.test(row) || /^\|[\s|]+\|$/.test(row))
    .map((row) =>
      row
        .replace(/^\|/, '')
        .replace(/\|$/, '')
        .split(/(?<!\\)\|/)
        .map((cell) => inline(cell.trim(), ' ')),
    );
  if (body.length === 0) return [];
  const heads = head.map((title) => ({ title }));
  const lines = columns(heads, body, (text) => text).map((line) => `  ${line}`);
  if (lines.every((line) => screenWidth(line) <= WIDEST)) return lines;
  const width = Math.max(...body.map(([first = '']) => screenWidth(first)));
  return body.flatMap(([first = '', second = '', ...more]) => {
    const rest = more.filter((cell) => cell !== '').join(' · ');
    const gap = ' '.repeat(width + 4);
    return [
      `  ${first}${' '.repeat(width - screenWidth(first))}  ${second}`,
      ...(rest === '' ? [] : [gap + rest]),
    ];
  });
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', nbsp: ' ' };

/** One token after the other, so that what was escaped is not taken for markup afterwards. */
const TOKEN =
  /\\([!-/:-@[-`{-~])|(`+)(.*?)\2(?!`)|&(#\d{1,7}|[a-z]{2,4});|<(\/?[a-z][^<>]*)>|\[([^[\]\\]*(?:\\.[^[\]\\]*)*)\]\(([^\s()]*)\)|\*\*|__|\u200b/gi;

function inline(line: string, lineBreak: string): string {
  return line.replace(
    TOKEN,
    (
      token: string,
      literal?: string,
      _ticks?: string,
      span?: string,
      entity?: string,
      tag?: string,
      words?: string,
      url?: string,
    ) => {
      if (literal !== undefined) return literal;
      if (span !== undefined) return span.replaceAll('\\|', '|').trim();
      if (entity !== undefined) return character(entity) ?? token;
      if (tag !== undefined) return /^br\b/i.test(tag) ? lineBreak : '';
      if (words === undefined) return '';
      return url === '' ? inline(words, lineBreak) : `${inline(words, lineBreak)} (${url})`;
    },
  );
}

function character(entity: string): string | undefined {
  if (!entity.startsWith('#')) return ENTITIES[entity];
  const point = Number(entity.slice(1));
  return point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
}
