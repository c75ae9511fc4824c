/** What the commands have in common that edit a spec file: they show the difference, write the file, and show the plan. */
import { readFile, realpath } from 'node:fs/promises';
import { normalize } from 'node:path';
import type { EditResult, Original } from '../../../spec-schema/edit/edited.ts';
import { type Hunk, lineDiff } from '../../../spec-schema/edit/line-diff.ts';
import { problemText } from '../../render/problem-text.ts';
import type { Style } from '../../render/style.ts';
import { visible } from '../../render/visible.ts';
import { canonicalRules } from '../../wire/acl.ts';
import { replaceSpecFile } from '../edited-file.ts';
import { EXIT, type ExitCode, Refusal } from '../exit-codes.ts';
import { readSpecFiles, type SpecDocument } from '../spec-files.ts';
import { documentProblems } from '../spec-problems.ts';
import { writeLine } from '../terminal/screen.ts';
import type { CommandContext } from './command.ts';
import { planCommand } from './plan.ts';

export interface EditOptions {
  readonly spec: string;
  readonly dryRun?: boolean;
}

const BYTE_ORDER_MARK = '\uFEFF';

/** @param edit pure: from the text of the file to the new one. */
export async function editSpec(
  options: EditOptions,
  context: CommandContext,
  edit: (original: Original) => EditResult,
): Promise<ExitCode> {
  const { out, err, style, errStyle } = context.output;
  const document = await onlySpec(options.spec);
  const read = await textOf(document);
  if (read === undefined) {
    writeLine(err, documentProblems(document, errStyle));
    return EXIT.error;
  }
  const { path } = document;
  const result = edit({ text: read.text, file: path, checkRules: canonicalRules });
  if (!result.ok) {
    const wouldBe =
      result.text === undefined ? '' : `${errStyle.red('not written')}: the file would be wrong then\n\n`;
    const shown = { ...document, problems: result.problems, source: result.text ?? read.text };
    writeLine(err, `${wouldBe}${documentProblems(shown, errStyle)}`);
    return EXIT.error;
  }
  for (const note of result.notes) writeLine(err, visible(note));
  for (const warning of result.warnings) writeLine(err, problemText(warning, errStyle, result.text));
  const isChanged = result.text !== read.text;
  if (!isChanged) writeLine(err, `${path} says so already`);
  else writeLine(out, diffText(path, lineDiff(read.text, result.text), style));
  if (options.dryRun === true) return isChanged ? EXIT.pending : EXIT.done;
  if (isChanged) {
    await replaceSpecFile(read.realPath, read.mark + read.text, read.mark + result.text);
    writeLine(
      err,
      `${errStyle.green('written')}: ${path}; nothing was done to the cluster. Its plan is now:\n`,
    );
  }
  return planCommand({ spec: path, format: 'human' }, context);
}

/** The one spec that a path leads to. */
async function onlySpec(path: string): Promise<SpecDocument> {
  const documents = await readSpecFiles([path]);
  const [document] = documents;
  if (document !== undefined && documents.length === 1) return document;
  const names = documents.map((found) => `  ${found.path}`).join('\n');
  throw new Refusal(
    `there are ${documents.length} specs below ${path}: name one of them with --spec\n${names}`,
  );
}

/** The text on disk; undefined when it cannot be read as text, which the document's problems tell. */
async function textOf(
  document: SpecDocument,
): Promise<{ readonly text: string; readonly mark: string; readonly realPath: string } | undefined> {
  if (document.source === undefined) return undefined;
  // A link stays a link: what it leads to is replaced.
  const realPath = await realpath(document.path);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(realPath));
    const mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
    return { text: text.slice(mark.length), mark, realPath };
  } catch {
    return undefined;
  }
}

/** As `diff -u` prints it, so that `patch` understands it. */
function diffText(path: string, hunks: readonly Hunk[], style: Style): string {
  const name = normalize(path);
  const lines = hunks.flatMap(({ oldStart, newStart, lines: shown }) => {
    const old = shown.filter(({ kind }) => kind !== 'new').length;
    const fresh = shown.filter(({ kind }) => kind !== 'gone').length;
    return [
      style.cyan(`@@ -${span(oldStart, old)} +${span(newStart, fresh)} @@`),
      ...shown.map(({ kind, text }) => {
        if (kind === 'same') return ` ${visible(text)}`;
        return kind === 'gone' ? style.red(`-${visible(text)}`) : style.green(`+${visible(text)}`);
      }),
    ];
  });
  return [style.bold(`--- ${name}`), style.bold(`+++ ${name}`), ...lines].join('\n');
}

/** An empty range is said to begin at the line before it. */
function span(start: number, count: number): string {
  return count === 0 ? `${start - 1},0` : `${start},${count}`;
}
