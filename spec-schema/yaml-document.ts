/**
 * Parses one YAML document within bounds: the library has none for the size of its input, and complains once for each
 * character that it does not expect.
 */
import { Composer, type CST, type Document, Lexer, Parser } from 'yaml';
import type { YamlReport } from './yaml-report.ts';
import { syntaxWords } from './yaml-words.ts';

/** A spec is five levels deep. The library recurses, so the bound also protects the stack. */
const MAX_DEPTH = 100;
/** Words, brackets, blanks and line ends: a fleet of 1,000 nodes has about 30,000. */
const MAX_TOKENS = 150_000;
/** Characters of one word, text or comment. */
const MAX_TOKEN_LENGTH = 16 * 1024;
/** Syntax errors follow from each other: more than this do not help anybody. */
const MAX_SYNTAX_PROBLEMS = 20;

/** The first document; undefined when the text goes beyond the bounds or is no YAML. */
export function yamlDocument(text: string, report: YamlReport): Document.Parsed | undefined {
  const tokens = tokensIn(text, report);
  if (tokens === undefined) return undefined;
  // Keys are compared by the tree: the library would compare each with every other.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, strict: true, version: '1.2' });
  const documents = composer.compose(tokens, true, text.length);
  const document = documents.next().value as Document.Parsed;
  const second = documents.next();
  if (second.done !== true) {
    const words = {
      code: 'several-documents',
      summary: 'the file holds several YAML documents, where each cluster has a file of its own',
      hint: 'move what follows `---` into another file',
    };
    report.add(second.value.range?.[0] ?? text.length, words, '---');
  }
  reportSyntax(text, document, report);
  return document.errors.length > 0 ? undefined : document;
}

function tokensIn(text: string, report: YamlReport): CST.Token[] | undefined {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  const code = 'too-complex';
  let count = 0;
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    count += 1;
    if (parser.stack.length > MAX_DEPTH) {
      const summary = `values are nested more than ${MAX_DEPTH} levels deep`;
      const hint = 'a spec is five levels deep: close the brackets, or check that this is the right file';
      report.add(offset, { code: 'too-deep', summary, hint });
      return undefined;
    }
    if (lexeme.length > MAX_TOKEN_LENGTH) {
      const summary = `a single value has more than ${MAX_TOKEN_LENGTH} characters`;
      report.add(offset, { code, summary, hint: 'check that this is the right file, and close quotes' });
      return undefined;
    }
    if (count > MAX_TOKENS) {
      const hint = 'check that this is the right file, or split it into several clusters';
      report.add(offset, { code, summary: `the file has more than ${MAX_TOKENS} parts`, hint });
      return undefined;
    }
    offset = parser.offset;
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function reportSyntax(text: string, document: Document.Parsed, report: YamlReport): void {
  const version = document.directives?.yaml;
  if (version?.explicit === true && version.version !== '1.2') {
    const hint = 'remove the line: in 1.1, `yes`, `no` and `on` would be something else';
    report.add(0, { code: 'yaml-version', summary: 'specs are YAML 1.2', hint }, `%YAML ${version.version}`);
  }
  const lines = new Set<number>();
  for (const error of [...document.errors, ...document.warnings]) {
    if (lines.size >= MAX_SYNTAX_PROBLEMS) return;
    const start = Math.min(error.pos[0], text.length);
    // One mistake makes the library complain at several columns of its line: the first says most.
    const { line } = report.position(start);
    if (lines.has(line)) continue;
    lines.add(line);
    const words = syntaxWords(error);
    // A tag's own text is all that matters; the value after it may be a secret.
    if (words.code === 'unknown-tag')
      report.add(start, words, /^!\S*/.exec(text.slice(start, start + 80))?.[0]);
    else report.add(start, words);
  }
}
