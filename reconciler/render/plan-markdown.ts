/** A plan as Markdown, for files and for the CI of a spec repository: the same face as under a pull request. */
import type { ClusterState } from '../model/cluster-state.ts';
import { type Plan, stateAfter } from '../planner/plan.ts';
import { differencesInWords } from './differences.ts';
import { code, escaped } from './markdown.ts';
import { planView } from './plan-view.ts';
import { differenceTable, problemList } from './pull-request/parts.ts';
import { folded, outlookPieces, stepPieces } from './pull-request/plan-pieces.ts';
import { changesInWords, MARKDOWN } from './pull-request/summary.ts';
import { fitted, type Piece, text } from './pull-request/tree.ts';

const SIGNS = { good: '✅', changing: '📝', bad: '⛔' } as const;

/** @param live what it was planned against. */
export function planMarkdown(plan: Plan, live: ClusterState): string {
  const view = planView(plan, live);
  const sides = { live, after: stateAfter(live, plan.waves) };
  const verdict = plan.status === 'changes' ? changesInWords(plan, sides, MARKDOWN) : escaped(view.verdict);
  const differences = differencesInWords(plan.differences, live);
  const pieces: Piece[] = [
    text(`### ${SIGNS[view.tone]} ${code(plan.cluster)}: ${verdict}`),
    ...(plan.blocks.length === 0 ? [] : [text('#### What stands in the way'), problemList(plan.blocks)]),
    ...stepPieces(plan, sides, 'explained'),
    ...(differences.length === 0 ? [] : [folded('What differs', differenceTable(differences))]),
    ...outlookPieces(plan, sides),
    ...(plan.waves.length === 0 ? [] : [text(`<sub>plan ${code(view.digest)}</sub>`)]),
  ];
  const whole = { budget: Number.POSITIVE_INFINITY, whole: '' };
  return `${fitted(pieces, whole) ?? ''}\n`;
}
