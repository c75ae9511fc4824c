/**
 * Names for new shards and nodes, in the pattern that a file already uses.
 *
 * Most files call a node after its shard (`orders-1`, `orders-1r`) or number them all through (`n1` to `n6`). What
 * most nodes have in common is the pattern; a few that are called otherwise do not change it.
 */
import type { ClusterSpec, NodeSpec } from '../cluster-spec.ts';

const MAX_LENGTH = 63;

/** The members of a shard, the one that the file wants as its primary first; without those that are there for a time. */
export function membersInOrder(nodes: readonly NodeSpec[], shard: string): NodeSpec[] {
  const members = nodes.filter((node) => node.shard === shard && node.role !== 'surge');
  const primary =
    members.find(({ role }) => role === 'primary') ?? members.find(({ role }) => role === undefined);
  return primary === undefined ? members : [primary, ...members.filter((node) => node !== primary)];
}

/** Shards in the order in which the file first names them. */
export function shardsInOrder(nodes: readonly NodeSpec[]): string[] {
  return [...new Set(nodes.map(({ shard }) => shard))];
}

/** Gives each name out once. */
export class Names {
  readonly #cluster: string;
  readonly #shards: Set<string>;
  readonly #nodes: Set<string>;
  readonly #pattern: Pattern;

  constructor(spec: ClusterSpec) {
    this.#cluster = spec.metadata.name;
    this.#shards = new Set(shardsInOrder(spec.nodes));
    this.#nodes = new Set(spec.nodes.map(({ name }) => name));
    this.#pattern = patternOf(spec.nodes);
  }

  nextShard(): string {
    const shard = nextInRow([...this.#shards]) ?? `s${this.#shards.size + 1}`;
    const name = unique(shard, this.#shards);
    this.#shards.add(name);
    return name;
  }

  /** @param ordinal 0 for the primary, 1 for the first replica, … */
  nextNode(shard: string, ordinal: number): string {
    const name = unique(cut(this.#nodeName(shard, ordinal)), this.#nodes);
    this.#nodes.add(name);
    return name;
  }

  /** The name of a node that takes another one's place: `orders-1-2` for `orders-1`, and `orders-1-3` after that. */
  successorOf(node: NodeSpec): string {
    const match = /^(.+)-(\d+)$/.exec(node.name);
    const generation = Number(match?.[2] ?? 1);
    const base = match?.[1] ?? '';
    const isSuccessor = generation > 1 && !this.#fits(node) && this.#fits({ ...node, name: base });
    const stem = isSuccessor ? base : node.name;
    for (let number = (isSuccessor ? generation : 1) + 1; ; number += 1) {
      const name = cut(stem, `-${number}`);
      if (!this.#nodes.has(name)) {
        this.#nodes.add(name);
        return name;
      }
    }
  }

  #nodeName(shard: string, ordinal: number): string {
    const pattern = this.#pattern;
    if (pattern.kind === 'numbered') {
      const digits = [...this.#nodes].flatMap((name) => digitsOf(name, pattern.prefix) ?? []);
      return `${pattern.prefix}${numberAfter(digits)}`;
    }
    const suffix = suffixFor(pattern.suffixes, ordinal);
    if (pattern.kind === 'by-shard') return `${pattern.prefix}${tokenOf(shard, pattern.token)}${suffix}`;
    return `${this.#cluster}-${shard}${suffix}`;
  }

  /** Whether the name is one that the pattern gives, without more behind it. */
  #fits(node: NodeSpec): boolean {
    const pattern = this.#pattern;
    if (pattern.kind === 'numbered') return digitsOf(node.name, pattern.prefix) !== undefined;
    if (pattern.kind === 'none') return false;
    const start = `${pattern.prefix}${tokenOf(node.shard, pattern.token)}`;
    return node.name.startsWith(start) && pattern.suffixes.includes(node.name.slice(start.length));
  }
}

/** What of a shard's name stands in the names of its nodes. */
type Token = 'number' | 'name';

type Pattern =
  | {
      readonly kind: 'by-shard';
      readonly prefix: string;
      readonly token: Token;
      /** By ordinal. */
      readonly suffixes: readonly string[];
    }
  | { readonly kind: 'numbered'; readonly prefix: string }
  | { readonly kind: 'none'; readonly suffixes: readonly string[] };

function patternOf(nodes: readonly NodeSpec[]): Pattern {
  return byShard(nodes) ?? numbered(nodes) ?? { kind: 'none', suffixes: [''] };
}

interface Vote {
  readonly prefix: string;
  readonly token: Token;
  readonly nodes: { readonly suffix: string; readonly ordinal: number }[];
}

function byShard(nodes: readonly NodeSpec[]): Pattern | undefined {
  const votes = new Map<string, Vote>();
  for (const shard of shardsInOrder(nodes)) {
    for (const [ordinal, { name }] of membersInOrder(nodes, shard).entries()) {
      for (const token of ['number', 'name'] as const) {
        for (const [prefix, suffix] of around(name, tokenOf(shard, token), token)) {
          const key = `${token} ${prefix}`;
          const vote = votes.get(key) ?? { prefix, token, nodes: [] };
          vote.nodes.push({ suffix, ordinal });
          votes.set(key, vote);
        }
      }
    }
  }
  const [best] = [...votes.values()].sort((a, b) => b.nodes.length - a.nodes.length);
  if (best === undefined || best.nodes.length * 2 <= nodes.length) return undefined;
  const suffixes: string[] = [];
  for (let ordinal = 0; ; ordinal += 1) {
    const said = best.nodes.filter((node) => node.ordinal === ordinal).map(({ suffix }) => suffix);
    const suffix = mostCommon(said);
    if (suffix === undefined) break;
    suffixes.push(suffix);
  }
  return { kind: 'by-shard', prefix: best.prefix, token: best.token, suffixes };
}

/** What stands before and behind the token, at each place where the name has it. */
function around(name: string, token: string, kind: Token): [string, string][] {
  if (token === '') return [];
  const places: [string, string][] = [];
  for (let at = name.indexOf(token); at !== -1; at = name.indexOf(token, at + 1)) {
    const [before, after] = [name.slice(0, at), name.slice(at + token.length)];
    // The 1 of shard 1 is not the one in 12.
    if (kind === 'number' && (/\d$/.test(before) || /^\d/.test(after))) continue;
    places.push([before, after]);
  }
  return places;
}

function tokenOf(shard: string, token: Token): string {
  return token === 'name' ? shard : (/\d+$/.exec(shard)?.[0] ?? '');
}

function numbered(nodes: readonly NodeSpec[]): Pattern | undefined {
  const prefixes = nodes.map(({ name }) => /^(.*?)\d+$/.exec(name)?.[1]);
  const prefix = mostCommon(prefixes.filter((found) => found !== undefined));
  const fitting = prefixes.filter((found) => found === prefix).length;
  return prefix === undefined || fitting * 2 <= nodes.length ? undefined : { kind: 'numbered', prefix };
}

function digitsOf(name: string, prefix: string): string | undefined {
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^\d{1,9}$/.test(rest) ? rest : undefined;
}

/** The highest and one more, with as many zeros in front as the others have. */
function numberAfter(digits: readonly string[]): string {
  const isPadded = digits.some((text) => text.length > 1 && text.startsWith('0'));
  const next = String(Math.max(0, ...digits.map(Number)) + 1);
  return isPadded ? next.padStart(digits[0]?.length ?? 0, '0') : next;
}

/** The suffix of an ordinal: the one that is used, or the next in their row. */
function suffixFor(known: readonly string[], ordinal: number): string {
  const suffixes = known.length === 0 ? [''] : [...known];
  while (suffixes.length <= ordinal) suffixes.push(suffixAfter(suffixes));
  return suffixes[ordinal] as string;
}

function suffixAfter(known: readonly string[]): string {
  const last = known.at(-1) ?? '';
  const number = /^(.*?)(\d+)$/.exec(last);
  if (number !== null) return `${number[1]}${Number(number[2]) + 1}`;
  const letter = /^((?:.*[^a-z])?)([a-y])$/.exec(last);
  if (letter !== null) {
    const [, stem = '', character = ''] = letter;
    const isRow =
      known.length === 1 ? character === 'a' : known.at(-2) === `${stem}${shifted(character, -1)}`;
    if (isRow) return `${stem}${shifted(character, 1)}`;
  }
  if (known.length > 1) return last.includes('-') ? `${last}-2` : `${last}2`;
  if (last.endsWith('primary')) return last.replace(/primary$/, 'replica');
  return /(?:^|-)p$/.test(last) ? last.replace(/p$/, 'r') : `${last}r`;
}

function shifted(letter: string, by: number): string {
  return String.fromCharCode(letter.charCodeAt(0) + by);
}

/** `s4` after `s1`, `s2`, `s3`; `d` after `a`, `b`, `c`. Undefined where the names are no row. */
function nextInRow(names: readonly string[]): string | undefined {
  const numbers = names.map((name) => /^(.*?)(\d+)$/.exec(name));
  const prefix = mostCommon(numbers.flatMap((match) => (match === null ? [] : [match[1] as string])));
  const row = numbers.filter((match) => match !== null && match[1] === prefix);
  if (prefix !== undefined && row.length * 2 > names.length) {
    return `${prefix}${numberAfter(row.map((match) => match?.[2] ?? ''))}`;
  }
  const letters = names.map((name) => /^((?:.*[^a-z])?)([a-y])$/.exec(name));
  const stem = letters[0]?.[1];
  if (letters.some((match) => match === null || match[1] !== stem)) return undefined;
  const highest = letters
    .map((match) => match?.[2] ?? '')
    .sort()
    .at(-1) as string;
  return `${stem}${shifted(highest, 1)}`;
}

/** Of several that are as common, the shortest: a longer one has something added. */
function mostCommon(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].length - b[0].length)[0]?.[0];
}

function unique(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number += 1) {
    const candidate = cut(name, `-${number}`);
    if (!taken.has(candidate)) return candidate;
  }
}

/** The name, shortened so that it and what is appended are no longer than a name may be. */
function cut(name: string, suffix = ''): string {
  return `${name.slice(0, MAX_LENGTH - suffix.length).replace(/-+$/, '')}${suffix}`;
}
