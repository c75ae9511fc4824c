/**
 * From the text of a spec to a tree of its values that remembers where each of them stands.
 *
 * The tree is our own, because the file is not trusted: the `yaml` library compares all keys of a map with each
 * other (hours for a file of keys), expands aliases without telling where, and stops at nothing in depth. Here every
 * step is linear and bounded, and whatever YAML allows but a spec does not need is a problem with a position.
 */
import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type Pair,
  Parser,
  type Scalar,
  type YAMLError,
} from 'yaml';
import type { Problem } from './problem.ts';
import { type Position, positionsIn, printable } from './source-text.ts';

/** A value with the range of offsets that it takes up in the text. */
export type SpecTree = MapTree | ListTree | ScalarTree;

export interface MapTree {
  readonly kind: 'map';
  readonly start: number;
  readonly end: number;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  readonly key: { readonly start: number; readonly end: number };
  readonly value: SpecTree;
}

export interface ListTree {
  readonly kind: 'list';
  readonly start: number;
  readonly end: number;
  readonly items: readonly SpecTree[];
}

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly start: number;
  readonly end: number;
  readonly value: string | number | boolean | null;
}

/** A parsed file: the tree is undefined when nothing sensible can be said about its contents. */
export interface YamlTree {
  readonly tree: MapTree | undefined;
  /** Values that a problem has been told of: what else is wrong with them follows from it. */
  readonly faulty: ReadonlySet<SpecTree>;
  readonly problems: readonly Problem[];
}

/** A spec is five levels deep. The library recurses, so the bound also protects the stack. */
const MAX_DEPTH = 100;
/** Words, brackets, blanks and line ends: a fleet of 1,000 nodes has about 30,000. */
const MAX_TOKENS = 150_000;
/** Characters of one word, text or comment. */
const MAX_TOKEN_LENGTH = 16 * 1024;
/** Tags of YAML's core schema: they say what would be there anyway. */
const CORE_TAGS = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;
/** Values that aliases may add to those that are written out. */
const MAX_ALIASED_VALUES = 20_000;
/** Syntax errors follow from each other: more than this do not help anybody. */
const MAX_SYNTAX_PROBLEMS = 20;

/** Parses one document with a map at its root. */
export function yamlTree(text: string, file: string): YamlTree {
  const reader = new TreeReader(text, file);
  const tree = reader.read();
  return { tree, faulty: reader.faulty, problems: reader.problems };
}

/** The plain value of a tree. Keys that could reach a prototype never get into one. */
export function plainValue(tree: SpecTree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plainValue);
  return Object.fromEntries(Array.from(tree.entries, ([key, entry]) => [key, plainValue(entry.value)]));
}

const SECRET_KEY = /(pass\w*|secret\w*|token|auth|credential\w*|private\w*|identity|key)["']?\s*[:=]/i;

/** Hides what follows `password:` and the like in a line of source, and passwords in access rules and addresses. */
export function withoutSecrets(line: string): string {
  const key = SECRET_KEY.exec(line);
  const safe = key === null ? line : `${line.slice(0, key.index + key[0].length)} [hidden]`;
  return withoutUrlPasswords(safe).replace(/(^|[\s"'])([><#!])[^\s"'<>]{3,}/g, '$1$2[hidden]');
}

/** `ssh://user:password@host` without the password. */
export function withoutUrlPasswords(text: string): string {
  return text.replace(/(:\/\/[^\s/:@]*:)[^\s/@]*@/g, '$1[hidden]@');
}

interface Anchored {
  readonly tree: SpecTree;
  readonly size: number;
}

class TreeReader {
  readonly problems: Problem[] = [];
  readonly faulty = new Set<SpecTree>();
  private readonly anchors = new Map<string, Anchored | 'open'>();
  private readonly position: (offset: number) => Position;
  private aliasedValues = 0;
  private readonly text: string;
  private readonly file: string;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    this.position = positionsIn(text);
  }

  read(): MapTree | undefined {
    const document = this.compose();
    if (document === undefined || this.syntaxProblems(document)) return undefined;
    const root = document.contents;
    if (root === null || (isScalar(root) && root.value === null && (root.source ?? '') === '')) {
      this.report(
        'empty-file',
        0,
        '',
        'the file holds no spec',
        'begin with `apiVersion: redisforge.dev/v1`',
      );
      return undefined;
    }
    const { tree } = this.convert(root);
    if (tree.kind === 'map') return tree;
    const what = tree.kind === 'list' ? 'a list' : 'a single value';
    this.report(
      'not-a-map',
      tree.start,
      this.lineOf(tree.start),
      `the file holds ${what}, where a map of fields is needed`,
      'begin with `apiVersion: redisforge.dev/v1`',
    );
    return undefined;
  }

  /** The first document; undefined when the text goes beyond the bounds. */
  private compose(): Document.Parsed | undefined {
    const parser = new Parser();
    const tokens = [];
    let count = 0;
    let offset = 0;
    for (const lexeme of new Lexer().lex(this.text)) {
      for (const token of parser.next(lexeme)) tokens.push(token);
      count += 1;
      if (parser.stack.length > MAX_DEPTH) {
        const hint = 'a spec is five levels deep: close the brackets, or check that this is the right file';
        this.report(
          'too-deep',
          offset,
          this.lineOf(offset),
          `values are nested more than ${MAX_DEPTH} levels deep`,
          hint,
        );
        return undefined;
      }
      if (lexeme.length > MAX_TOKEN_LENGTH) {
        const summary = `a single value has more than ${MAX_TOKEN_LENGTH} characters`;
        this.report(
          'too-complex',
          offset,
          '',
          summary,
          'check that this is the right file, and close quotes',
        );
        return undefined;
      }
      if (count > MAX_TOKENS) {
        const hint = 'check that this is the right file, or split it into several clusters';
        this.report(
          'too-complex',
          offset,
          this.lineOf(offset),
          `the file has more than ${MAX_TOKENS} parts`,
          hint,
        );
        return undefined;
      }
      offset = parser.offset;
    }
    for (const token of parser.end()) tokens.push(token);
    const composer = new Composer({ uniqueKeys: false, prettyErrors: false, strict: true, version: '1.2' });
    const documents = composer.compose(tokens, true, this.text.length);
    const first = documents.next().value as Document.Parsed;
    const second = documents.next();
    if (second.done !== true) {
      const start = second.value.range?.[0] ?? this.text.length;
      this.report(
        'several-documents',
        start,
        '---',
        'the file holds several YAML documents, where each cluster has a file of its own',
        'move what follows `---` into another file',
      );
    }
    return first;
  }

  /** Reports what the library found; true when the tree cannot be relied on. */
  private syntaxProblems(document: Document.Parsed): boolean {
    if (document.directives?.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
      const hint = 'remove the line: in 1.1, `yes`, `no` and `on` would be something else';
      this.report('yaml-version', 0, `%YAML ${document.directives.yaml.version}`, 'specs are YAML 1.2', hint);
    }
    const lines = new Set<number>();
    for (const error of [...document.errors, ...document.warnings]) {
      if (lines.size >= MAX_SYNTAX_PROBLEMS) break;
      // One mistake makes the library complain at several columns of its line: the first says most.
      const { line } = this.position(error.pos[0]);
      if (lines.has(line)) continue;
      lines.add(line);
      this.reportSyntax(error);
    }
    return document.errors.length > 0;
  }

  private reportSyntax(error: YAMLError): void {
    const start = Math.min(error.pos[0], this.text.length);
    const line = this.lineOf(start);
    const { code, summary, hint } = syntaxWords(error);
    // A tag's own text is all that matters; the value after it may be a secret.
    const evidence =
      code === 'unknown-tag' ? (/^!\S*/.exec(this.text.slice(start, start + 80))?.[0] ?? '') : line;
    this.report(code, start, evidence, summary, hint);
  }

  private convert(node: Node | null | undefined, at = 0): Anchored {
    if (isAlias(node)) return this.resolve(node.source, node.range?.[0] ?? at, node.range?.[1] ?? at);
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.anchors.set(anchor, 'open');
    // What the core schema does not know has been told of by the library; this is about what it knows beyond it.
    if (node?.tag?.startsWith('tag:yaml.org') === true && !CORE_TAGS.test(node.tag)) {
      const words = tagWords();
      this.report(
        words.code,
        node.range?.[0] ?? at,
        node.tag.replace(/.*:/, '!!'),
        words.summary,
        words.hint,
      );
    }
    const result = this.convertValue(node, at);
    if (anchor !== undefined) this.anchors.set(anchor, result);
    return result;
  }

  private convertValue(node: Node | null | undefined, at: number): Anchored {
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

  private convertMap(pairs: readonly Pair<Node, Node | null>[], start: number, end: number): Anchored {
    const entries = new Map<string, MapEntry>();
    let size = 1;
    for (const { key, value } of pairs) {
      const [keyStart, keyEnd] = key?.range ?? [start, start];
      const { tree, size: valueSize } = this.convert(value, keyEnd);
      size += valueSize;
      const name = isScalar(key) && key.value !== null ? String(key.value) : undefined;
      const earlier = name === undefined ? undefined : entries.get(name);
      if (name === undefined) {
        const evidence = this.lineOf(keyStart);
        this.report('invalid-key', keyStart, evidence, 'a key must be a single word', 'write `name: value`');
      } else if (earlier !== undefined) {
        const { line } = this.position(earlier.key.start);
        const summary = `\`${printable(name)}\` is given twice, first in line ${line}`;
        this.report(
          'duplicate-key',
          keyStart,
          name,
          summary,
          `remove one of the two, here or in line ${line}`,
        );
      } else if (name === '<<') {
        const hint = 'write the fields out, or give the whole map with `*name`';
        this.report('merge-key', keyStart, '<<', 'merge keys are not a part of YAML 1.2', hint);
      } else if (name === '__proto__') {
        this.report('unknown-key', keyStart, name, '`__proto__` is not a field of a spec', 'remove it');
      } else {
        entries.set(name, { key: { start: keyStart, end: keyEnd }, value: tree });
      }
    }
    return { tree: { kind: 'map', start, end, entries }, size };
  }

  private checkDigits(node: Scalar, tree: ScalarTree): void {
    const { value } = tree;
    if (typeof value !== 'number' || node.type !== 'PLAIN') return;
    if (!Number.isInteger(value) || Number.isSafeInteger(value)) return;
    const source = printable(node.source ?? String(value));
    const hint = `quote it if these digits are meant: "${source}"`;
    this.report(
      'imprecise-number',
      tree.start,
      source,
      'the number has more digits than can be kept exactly',
      hint,
    );
    this.faulty.add(tree);
  }

  private resolve(name: string, start: number, end: number): Anchored {
    const nothing: Anchored = { tree: { kind: 'scalar', start, end, value: null }, size: 1 };
    this.faulty.add(nothing.tree);
    const target = this.anchors.get(name);
    const evidence = withoutSecrets(this.lineOf(start));
    if (target === undefined) {
      const hint =
        'quote the value if it begins with a star; otherwise mark the value that it stands for with `&` and the same name';
      this.report(
        'unknown-alias',
        start,
        evidence,
        'a value that begins with `*` stands for another one, and there is none of that name above',
        hint,
      );
      return nothing;
    }
    if (target === 'open') {
      this.report(
        'alias-cycle',
        start,
        evidence,
        'the alias stands for a value that contains it',
        'write the value out',
      );
      return nothing;
    }
    this.aliasedValues += target.size;
    if (this.aliasedValues > MAX_ALIASED_VALUES) {
      // Reported once: after it, every further alias goes beyond the bound too.
      if (this.aliasedValues - target.size <= MAX_ALIASED_VALUES) {
        const summary = `aliases stand for more than ${MAX_ALIASED_VALUES} values`;
        this.report('alias-bomb', start, evidence, summary, 'write the values out');
      }
      return nothing;
    }
    this.faulty.delete(nothing.tree);
    return { tree: { ...target.tree, start, end }, size: target.size };
  }

  /** The line at an offset, as evidence; nothing when it continues a value that may be a secret. */
  private lineOf(offset: number): string {
    let start = offset === 0 ? 0 : this.text.lastIndexOf('\n', offset - 1) + 1;
    const end = this.text.indexOf('\n', offset);
    const line = this.text.slice(start, Math.min(end === -1 ? this.text.length : end, start + 400));
    let above = line;
    for (let lines = 0; lines < 20 && start > 0 && !/[\w"']\s*:(?:\s|$)/.test(above); lines += 1) {
      const previous = start < 2 ? 0 : this.text.lastIndexOf('\n', start - 2) + 1;
      above = this.text.slice(Math.max(previous, start - 400), start);
      start = previous;
    }
    return above !== line && SECRET_KEY.test(above) ? '' : line;
  }

  private report(code: string, offset: number, evidence: string, summary: string, hint: string): void {
    const shown = printable(withoutSecrets(evidence));
    this.problems.push({
      severity: 'error',
      code,
      subject: this.file,
      summary,
      ...(shown === '' ? {} : { evidence: shown }),
      where: { file: this.file, ...this.position(offset) },
      hint,
    });
  }
}

function scalarValue(node: Scalar): ScalarTree['value'] {
  const { value } = node;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return value === null || value === undefined ? null : String(value);
}

/** The library's finding in our words. Its own text is used only where it cannot contain any of the source. */
function syntaxWords(error: YAMLError): { code: string; summary: string; hint: string } {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return {
        code: 'tab-indentation',
        summary: 'a tab is used for indentation',
        hint: 'replace tabs by spaces',
      };
    case 'TAG_RESOLVE_FAILED':
    case 'BAD_COLLECTION_TYPE':
      return tagWords();
    case 'BAD_SCALAR_START':
      return {
        code: 'yaml-syntax',
        summary: 'a value may not begin with this character',
        hint: 'put the value in single quotes',
      };
    case 'BAD_DQ_ESCAPE':
      return {
        code: 'yaml-syntax',
        summary: 'a backslash in double quotes begins an escape, and this one is unknown',
        hint: 'use single quotes, in which a backslash is a backslash',
      };
    case 'BAD_DIRECTIVE':
      return {
        code: 'yaml-syntax',
        summary: 'a line that begins with `%` is a directive, and this one is unknown',
        hint: 'remove the line',
      };
    case 'MISSING_CHAR':
      return {
        code: 'yaml-syntax',
        summary: `not valid YAML: ${lowerFirst(error.message)}`,
        hint: 'close quotes and brackets, and put a blank after each colon and comma',
      };
    case 'BAD_INDENT':
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'BLOCK_IN_FLOW':
    case 'MULTILINE_IMPLICIT_KEY':
      return {
        code: 'yaml-syntax',
        summary: `not valid YAML: ${lowerFirst(error.message)}`,
        hint: 'align the line with its neighbours; a value that contains `: ` needs quotes',
      };
    case 'RESOURCE_EXHAUSTION':
      return { code: 'too-deep', summary: 'values are nested too deep', hint: 'close the brackets' };
    default:
      return {
        code: 'yaml-syntax',
        summary: 'not valid YAML: this cannot stand here',
        hint: 'put the value in quotes, or align the line with its neighbours',
      };
  }
}

function tagWords(): { code: string; summary: string; hint: string } {
  return {
    code: 'unknown-tag',
    summary: 'specs use no tags (`!…`)',
    hint: 'remove the tag, or quote a value that begins with `!`',
  };
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
