/** `redisforge validate`: every problem of spec files that can be found without looking at a cluster. */
import { problemCount } from '../../render/problem-text.ts';
import { counted } from '../../render/quantities.ts';
import { sarifLog } from '../../render/sarif.ts';
import type { Style } from '../../render/style.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { isPolicy, readPolicyFiles } from '../policy-files.ts';
import { readSpecFiles, type SpecDocument } from '../spec-files.ts';
import { documentProblems, type ProblemDocument } from '../spec-problems.ts';
import { type Output, writeLine } from '../terminal/screen.ts';
import { VERSION } from '../version.ts';
import { type Format, writeJson } from './command.ts';

export async function validateCommand(
  paths: readonly string[],
  options: { readonly format: Format | 'sarif' },
  output: Output,
): Promise<ExitCode> {
  const places = paths.length === 0 ? ['.'] : paths;
  const documents = await readSpecFiles(places.filter((path) => !isPolicy(path)));
  const policies = await readPolicyFiles(places);
  const valid = documents.every(({ spec }) => spec !== undefined) && policies.every(({ isValid }) => isValid);
  if (options.format === 'json') {
    const files = documents.map(({ path, spec, problems }) => ({
      path,
      valid: spec !== undefined,
      ...(spec === undefined ? {} : { cluster: spec.metadata.name }),
      problems,
    }));
    const rules = policies.map(({ path, isValid, problems }) => ({ path, valid: isValid, problems }));
    writeJson(output, { valid, files: [...files, ...rules] });
  } else if (options.format === 'sarif') {
    const found = [...documents, ...policies].flatMap(({ path, problems }) =>
      problems.map((problem) => ({ path, problem })),
    );
    writeJson(output, sarifLog(found, VERSION));
  } else {
    const paragraphs = [
      ...documents.map((document) => paragraph(document, verdictOf(document, output.style), output.style)),
      ...policies.map((policy) =>
        paragraph(
          policy,
          policy.isValid ? output.style.green('valid') : output.style.red('not valid'),
          output.style,
        ),
      ),
    ];
    writeLine(output.out, paragraphs.join('\n'));
  }
  return valid ? EXIT.done : EXIT.error;
}

function verdictOf({ spec }: SpecDocument, style: Style): string {
  return spec === undefined
    ? style.red('not valid')
    : `${style.green('valid')}, ${counted(spec.nodes.length, 'node')} on ${counted(spec.hosts.length, 'host')}`;
}

function paragraph(document: ProblemDocument, verdict: string, style: Style): string {
  const { path, problems } = document;
  const count = problems.length === 0 ? '' : ` (${problemCount(problems)})`;
  const line = `${style.bold(path)}: ${verdict}${count}`;
  return problems.length === 0 ? line : `${documentProblems(document, style)}\n\n${line}`;
}
