/** Problems on the screen, those of spec files with the offending lines. */
import type { Problem } from '../../spec-schema/problem.ts';
import { problemText } from '../render/problem-text.ts';
import type { Style } from '../render/style.ts';
import { type Screen, writeLine } from './terminal/screen.ts';

/** A file that was read, and what is wrong with it. */
export interface ProblemDocument {
  readonly path: string;
  /** Text of the file for excerpts, undefined when it could not be read. */
  readonly source: string | undefined;
  readonly problems: readonly Problem[];
}

/** All problems of a document, a blank line between two. */
export function documentProblems({ problems, source }: ProblemDocument, style: Style): string {
  return problems.map((problem) => problemText(problem, style, source)).join('\n\n');
}

export function reportProblems(problems: readonly Problem[], screen: Screen, style: Style): void {
  for (const problem of problems) writeLine(screen, problemText(problem, style));
  if (problems.some(({ code }) => code === 'secret-unreadable'))
    writeLine(screen, style.dim('`redisforge secrets --spec …` creates the passwords that do not exist yet'));
}
