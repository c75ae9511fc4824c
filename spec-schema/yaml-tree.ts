/**
 * From the text of a spec to a tree of its values that remembers where each of them stands.
 *
 * The tree is our own, because the file is not trusted: the `yaml` library would compare all keys of a map with each
 * other (hours for a file of keys) and expand aliases without telling where. Here every step is linear and bounded,
 * and whatever YAML allows but a spec does not need is a problem with a position.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml';
import type { Problem } from './problem.ts';
import { printable } from './source-text.ts';
import type { MapEntry, MapTree, ScalarTree, SpecTree } from './spec-tree.ts';
import { yamlDocument } from './yaml-document.ts';
import { YamlReport } from './yaml-report.ts';
import { tagWords } from './yaml-words.ts';

/** A parsed file: the tree is undefined when nothing sensible can be said about its contents. */
export interface YamlTree {
  readonly tree: MapTree | undefined;
  /** Values that a problem has been told of: what else is wrong with them follows from it. */
  readonly faulty: ReadonlySet<SpecTree>;
  readonly problems: readonly Problem[];
}

/** Values that aliases may add to those that are written out. */
const MAX_ALIASED_VALUES = 20_000;
/** Tags of YAML's core schema: they say what would be there anyway. */
const CORE_TAGS = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;

/** Parses one document with a map at its root. */
export function yamlTree(text: string, file: string): YamlTree {
  const report = new YamlReport(text, file);
  const document = yamlDocument(text, report);
  const reader = new TreeReader(report);
  const tree = document === undefined ? undefined : reader.root(document.contents);
  return { tree, faulty: reader.faulty, problems: report.problems };
}

/** A tree with the number of values in it, those behind aliases included. */
interface Sized {
  readonly tree: SpecTree;
  readonly size: number;
}

class TreeReader {
  readonly faulty = new Set<SpecTree>();
  private readonly anchors = new Map<string, Sized | 'open'>();
  private readonly report: YamlReport;
  private aliasedValues = 0;

  constructor(report: YamlReport) {
    this.report = report;
  }

  root(node: Node | null): MapTree | undefined {
    const hint = 'begin with `apiVersion: redisforge.dev/v1`';
    if (node === null || (isScalar(node) && node.value === null && (node.source ?? '') === '')) {
      this.report.add(0, { code: 'empty-file', summary: 'the file holds no spec', hint }, '');
      return undefined;
    }
    const { tree } = this.convert(node, 0);
    if (tree.kind === 'map') return tree;
    const what = tree.kind === 'list' ? 'a list' : 'a single value';
    const summary = `the file holds ${what}, where a map of fields is needed`;
    this.report.add(tree.start, { code: 'not-a-map', summary, hint });
    return undefined;
  }

  /** @param at where the value would stand, for one that is not there (`users:`). */
  private convert(node: Node | null | undefined, at: number): Sized {
    if (isAlias(node)) return this.resolve(node.source, node.range?.[0] ?? at, node.range?.[1] ?? at);
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.anchors.set(anchor, 'open');
    // What the core schema does not know has been told of by the library; this is about what it knows beyond it.
    if (node?.tag?.startsWith('tag:yaml.org') === true && !CORE_TAGS.test(node.tag)) {
      this.report.add(node.range?.[0] ?? at, tagWords(), node.tag.replace(/.*:/, '!!'));
    }
    const result = this.convertValue(node, at);
    if (anchor !== undefined) this.anchors.set(anchor, result);
    return result;
  }

  private convertValue(node: Node | null | undefined, at: number): Sized {
    const [start, end] = node?.range ?? [at, at];
    if (isMap(node)) return this.convertMap(node.items as Pair<Node, Node | null>[], start, end);
    if (isSeq(node)) {
      let size = 1;
      const items = node.items.map((item) => {
        const converted = this.convert(item as Node, start);
        size += converted.size;
        return converted.tree;
      });
      return { tree: { kind: 'list', start, end, items }, size };
    }
    const tree: ScalarTree = { kind: 'scalar', start, end, value: isScalar(node) ? scalarValue(node) : null };
    if (isScalar(node)) this.checkDigits(node, tree);
    return { tree, size: 1 };
  }

  private convertMap(pairs: readonly Pair<Node, Node | null>[], start: number, end: number): Sized {
    const entries = new Map<string, MapEntry>();
    let size = 1;
    for (const { key, value } of pairs) {
      const [keyStart, keyEnd] = key?.range ?? [start, start];
      const converted = this.convert(value, keyEnd);
      size += converted.size;
      const name = this.keyName(key, keyStart, entries);
      if (name !== undefined)
        entries.set(name, { key: { start: keyStart, end: keyEnd }, value: converted.tree });
    }
    return { tree: { kind: 'map', start, end, entries }, size };
  }

  /** The name of a key; undefined, and reported, for one that a map cannot have. */
  private keyName(key: Node | null, start: number, taken: ReadonlyMap<string, MapEntry>): string | undefined {
    const name = isScalar(key) && key.value !== null ? String(key.value) : undefined;
    const earlier = name === undefined ? undefined : taken.get(name);
    if (name === undefined) {
      const words = {
        code: 'invalid-key',
        summary: 'a key must be a single word',
        hint: 'write `name: value`',
      };
      this.report.add(start, words);
      return undefined;
    }
    if (earlier !== undefined) {
      const { line } = this.report.position(earlier.key.start);
      const summary = `\`${printable(name)}\` is given twice, first in line ${line}`;
      const hint = `remove one of the two, here or in line ${line}`;
      this.report.add(start, { code: 'duplicate-key', summary, hint }, name);
      return undefined;
    }
    if (name === '<<') {
      const hint = 'write the fields out, or give the whole map with `*name`';
      this.report.add(
        start,
        { code: 'merge-key', summary: 'merge keys are not a part of YAML 1.2', hint },
        name,
      );
      return undefined;
    }
    if (name === '__proto__') {
      const summary = '`__proto__` is not a field of a spec';
      this.report.add(start, { code: 'unknown-key', summary, hint: 'remove it' }, name);
      return undefined;
    }
    return name;
  }

  private checkDigits(node: Scalar, tree: ScalarTree): void {
    const { value } = tree;
    if (typeof value !== 'number' || node.type !== 'PLAIN') return;
    if (!Number.isInteger(value) || Number.isSafeInteger(value)) return;
    const source = printable(node.source ?? String(value));
    const summary = 'the number has more digits than can be kept exactly';
    const hint = `quote it if these digits are meant: "${source}"`;
    this.report.add(tree.start, { code: 'imprecise-number', summary, hint }, source);
    this.faulty.add(tree);
  }

  /** What an alias stands for, at the place of the alias; an empty value where that cannot be had. */
  private resolve(name: string, start: number, end: number): Sized {
    const target = this.anchors.get(name);
    if (target !== undefined && target !== 'open') {
      const before = this.aliasedValues;
      this.aliasedValues += target.size;
      if (this.aliasedValues <= MAX_ALIASED_VALUES) {
        return { tree: { ...target.tree, start, end }, size: target.size };
      }
      // Reported once: every further alias goes beyond the bound too.
      if (before <= MAX_ALIASED_VALUES) {
        const summary = `aliases stand for more than ${MAX_ALIASED_VALUES} values`;
        this.report.add(start, { code: 'alias-bomb', summary, hint: 'write the values out' });
      }
    } else if (target === 'open') {
      const summary = 'the alias stands for a value that contains it';
      this.report.add(start, { code: 'alias-cycle', summary, hint: 'write the value out' });
    } else {
      const summary =
        'a value that begins with `*` stands for another one, and there is none of that name above';
      const hint =
        'quote the value if it begins with a star; otherwise mark what it stands for with `&` and the same name';
      this.report.add(start, { code: 'unknown-alias', summary, hint });
    }
    const tree: ScalarTree = { kind: 'scalar', start, end, value: null };
    this.faulty.add(tree);
    return { tree, size: 1 };
  }
}

function scalarValue(node: Scalar): ScalarTree['value'] {
  const { value } = node;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === null || value === undefined ? null : String(value);
}
