/** What every command gets, and how those that go through several clusters do so. */

import { hasErrors, type Problem } from '../../../spec-schema/problem.ts';
import type { Settings } from '../settings.ts';
import type { SpecDocument } from '../spec-files.ts';
import { readSpecFiles } from '../spec-files.ts';
import { documentProblems } from '../spec-problems.ts';
import { type Output, writeLine } from '../terminal/screen.ts';

export interface CommandContext {
  readonly settings: Settings;
  readonly output: Output;
}

/** Formats that a person or a machine may ask for. */
export const FORMATS = ['human', 'json'] as const;
export type Format = (typeof FORMATS)[number];

/** The specs below a path, their problems written to standard error unless a machine reads along. */
export async function specsFor(
  path: string,
  { output }: CommandContext,
  format: string,
): Promise<{ readonly documents: readonly SpecDocument[]; readonly problems: readonly Problem[] }> {
  const documents = await readSpecFiles([path]);
  // Warnings are the business of `validate`; beside a plan they would only be in the way.
  const broken = documents.filter(({ problems }) => hasErrors(problems));
  if (format !== 'json') {
    for (const document of broken) writeLine(output.err, `${documentProblems(document, output.errStyle)}\n`);
  }
  return { documents, problems: broken.flatMap(({ problems }) => problems) };
}

export function writeJson({ out }: Output, value: unknown): void {
  writeLine(out, JSON.stringify(value, null, 2));
}
