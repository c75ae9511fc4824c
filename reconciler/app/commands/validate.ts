/** `redisforge validate`: every problem of spec files that can be found without looking at a cluster. */
import { problemCount } from '../../render/problem-text.ts';
import { counted } from '../../render/quantities.ts';
import { sarifLog } from '../../render/sarif.ts';
import type { Style } from '../../render/style.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { readSpecFiles, type SpecDocument } from '../spec-files.ts';
import { documentProblems } from '../spec-problems.ts';
import { type Output, writeLine } from '../terminal/screen.ts';
import { VERSION } from '../version.ts';
import { type Format, writeJson } from './command.ts';

export async function validateCommand(
  paths: readonly string[],
  options: { readonly format: Format | 'sarif' },
  output: Output,
): Promise<ExitCode> {
  const documents = await readSpecFiles(paths.length === 0 ? ['.'] : paths);
  const valid = documents.every(({ spec }) => spec !== undefined);
  if (options.format === 'json') {
    const files = documents.map(({ path, spec, problems }) => ({
      path,
      valid: spec !== undefined,
      ...(spec === undefined ? {} : { cluster: spec.metadata.name }),
      problems,
    }));
    writeJson(output, { valid, files });
  } else if (options.format === 'sarif') {
    const found = documents.flatMap(({ path, problems }) => problems.map((problem) => ({ path, problem })));
    writeJson(output, sarifLog(found, VERSION));
  } else writeLine(output.out, documents.map((document) => paragraph(document, output.style)).join('\n'));
  return valid ? EXIT.done : EXIT.error;
}

function paragraph(document: SpecDocument, style: Style): string {
  const { path, spec, problems } = document;
  const verdict =
    spec === undefined
      ? style.red('not valid')
      : `${style.green('valid')}, ${counted(spec.nodes.length, 'node')} on ${counted(spec.hosts.length, 'host')}`;
  const count = problems.length === 0 ? '' : ` (${problemCount(problems)})`;
  const line = `${style.bold(path)}: ${verdict}${count}`;
  return problems.length === 0 ? line : `${documentProblems(document, style)}\n\n${line}`;
}
