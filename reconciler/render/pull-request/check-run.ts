/** The check run of a plan: a title, a summary, the whole plan, and problems beside the lines that they are about. */
import type { Problem } from '../../../spec-schema/problem.ts';
import type { Preview } from '../../planner/preview/preview.ts';
import type { Annotation, CheckRun } from '../../ports/forge.ts';
import { shortLine } from '../visible.ts';
import { wholeOf } from './parts.ts';
import { previewComment, previewPieces } from './preview-comment.ts';
import { planStatus } from './status-lines.ts';
import { fitted } from './tree.ts';
import { fullVerdict } from './verdict.ts';

/** GitHub takes 65,535 of each. */
const BUDGET = 64_000;

export type CheckText = Omit<CheckRun, 'commit' | 'name'>;

export function planCheck(preview: Preview): CheckText {
  const { state, description } = planStatus(preview);
  const waits = preview.requirements.some((requirement) => requirement.state === 'open');
  return {
    conclusion: conclusionOf(state, preview.outcome.kind === 'changes' && waits),
    title: description,
    summary: fullVerdict(preview),
    text:
      fitted(previewPieces(preview, 'explained'), { budget: BUDGET, whole: wholeOf({}) }) ??
      previewComment(preview, { budget: BUDGET }),
    annotations: annotationsOf(preview),
  };
}

function conclusionOf(
  state: ReturnType<typeof planStatus>['state'],
  waits: boolean,
): CheckText['conclusion'] {
  if (waits) return 'action_required';
  return ({ success: 'success', failure: 'failure', error: 'failure', pending: 'neutral' } as const)[state];
}

function annotationsOf({ outcome, path }: Preview): Annotation[] {
  if (outcome.kind === 'invalid' || outcome.kind === 'failed')
    return outcome.problems.map((problem) => annotation(problem, path));
  return [];
}

/** @param path of the spec, for problems that have no line of their own. */
function annotation(problem: Problem, path: string): Annotation {
  const { severity, subject, summary, evidence, hint, where, code } = problem;
  const lines = [
    summary,
    ...(evidence === undefined || evidence === '' ? [] : [`found: ${evidence}`]),
    ...(hint === undefined || hint === '' ? [] : [`to do: ${hint}`]),
  ];
  return {
    path: where?.file ?? path,
    line: where?.line ?? 1,
    level: severity === 'error' ? 'failure' : 'warning',
    title: shortLine(`${subject} (${code})`, 255),
    message: lines.map((line) => shortLine(line, 1_000)).join('\n'),
  };
}
