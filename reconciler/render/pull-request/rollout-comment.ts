/** The same comment after the merge: what was done, what runs, what waits, and how it ended. */

import type { PlannedStep } from '../../planner/next-steps.ts';
import type { PlanChange, Preview, Rollout, StepProgress } from '../../planner/preview/preview.ts';
import { stepRisk } from '../../steps/table.ts';
import { code, escaped } from '../markdown.ts';
import { counted, duration } from '../quantities.ts';
import { stepInWords } from '../step-words.ts';
import { COMMENT_BUDGET, digestText, footer, type Page, problemList, wholeOf } from './parts.ts';
import { STEPS } from './step-rows.ts';
import { MARKDOWN } from './summary.ts';
import { fitted, IMPORTANCE, KEPT, type Piece, text } from './tree.ts';
import { verdictOf } from './verdict.ts';

export interface RolloutPage extends Page {
  /** What was shown before the merge. */
  readonly shown?: Preview | undefined;
  /** The plan that was shown against the one that would run now, for a rollout that is held. */
  readonly change?: PlanChange | undefined;
}

export function rolloutComment(rollout: Rollout, page: RolloutPage = {}): string {
  const fit = { budget: page.budget ?? COMMENT_BUDGET, whole: wholeOf(page) };
  const pieces = [
    text(`### ${headline(rollout)}`),
    ...problemPieces(rollout),
    ...(rollout.state === 'held' ? heldPieces(rollout, page.change) : []),
    ...(rollout.state === 'failed' ? [text(revertText(rollout))] : []),
    ...checklist(rollout),
    ...shownPieces(page.shown),
  ];
  return fitted(pieces, fit) ?? `### ${headline(rollout)}`;
}

function headline({ cluster, state, steps, begunAt, endedAt, live }: Rollout): string {
  const done = steps.filter((step) => step.state === 'done').length;
  const took = begunAt === undefined || endedAt === undefined ? '' : ` in ${duration(endedAt - begunAt)}`;
  const name = code(cluster);
  switch (state) {
    case 'held':
      return begunAt === undefined
        ? `⏸️ ${name}: merged, and held: nothing was touched`
        : `⏸️ ${name}: held after ${done} of ${counted(steps.length, 'step')}`;
    case 'running':
      return `⏳ ${name}: ${done} of ${counted(steps.length, 'step')} done`;
    case 'failed':
      return `⛔ ${name}: failed after ${counted(done, 'step')}${took}`;
    case 'superseded':
      return `⏭️ ${name}: superseded by a later merge after ${counted(done, 'step')}`;
    case 'done': {
      const proof = live === undefined ? '' : ` (live ${digestText(live)})`;
      return steps.length === 0
        ? `✅ ${name}: nothing was to be done, the cluster is as the spec says${proof}`
        : `✅ ${name}: ${counted(steps.length, 'step')} done${took}, the cluster is as the spec says${proof}`;
    }
  }
}

function problemPieces({ problems }: Rollout): Piece[] {
  return problems.length === 0 ? [] : [problemList(problems)];
}

/** What ends by itself, or with another command, or not at all: no approval helps. */
const NOT_APPROVABLE: ReadonlySet<string> = new Set([
  'needs-window',
  'refused-by-policy',
  'paused',
  'stopped',
  'frozen',
  'outside-window',
]);

function heldPieces({ plan, problems }: Rollout, change: PlanChange | undefined): Piece[] {
  const helps = problems.length === 0 || problems.some(({ code: what }) => !NOT_APPROVABLE.has(what));
  const approve =
    plan === undefined || !helps
      ? []
      : [text(`To let the plan of now run: ${code(`/redisforge approve ${plan}`)}`)];
  if (change === undefined) return approve;
  return [
    text(comparisonText(change)),
    ...comparison('of now that nobody was shown', '+', change.added),
    ...comparison('of before that no longer need to be done', '-', change.gone),
    ...approve,
  ];
}

function comparisonText({ verdict }: PlanChange): string {
  return {
    same: 'The plan of now is the one that was shown before the merge.',
    less: 'The plan of now is a part of the one that was shown before the merge.',
    other: 'The plan of now is not the one that was shown before the merge:',
  }[verdict];
}

function comparison(title: string, sign: string, steps: readonly PlannedStep[]): Piece[] {
  if (steps.length === 0) return [];
  return [
    text(`**${counted(steps.length, 'step')} ${title}:**`),
    {
      kind: 'list',
      noun: STEPS,
      rows: steps.map(({ step, because }) => ({
        cells: [`\`${sign}\` ${escaped(stepInWords(step))}<br><sub>because ${escaped(because)}</sub>`],
        importance: stepRisk(step) === 'destructive' ? KEPT : IMPORTANCE.problem,
      })),
    },
  ];
}

/** How the merge is taken back: a squashed or rebased one has a single parent, and then `-m 1` is refused. */
function revertText({ mergeCommit }: Rollout): string {
  const commit = mergeCommit.slice(0, 40);
  return `To go back: the **Revert** button of this pull request, or ${code(`git revert -m 1 ${commit}`)} (without ${code('-m 1')} when it was squashed). A revert is planned and shown like any other change.`;
}

const SIGNS: Readonly<Record<StepProgress['state'], string>> = {
  waiting: '·',
  running: '⏳',
  done: '✅',
  failed: '⛔',
};

const IMPORTANCE_OF: Readonly<Record<StepProgress['state'], number>> = {
  waiting: IMPORTANCE.wait,
  done: IMPORTANCE.safe,
  running: IMPORTANCE.destructive,
  failed: KEPT,
};

const MOST_OPEN = 40;

function checklist({ steps, state }: Rollout): Piece[] {
  if (steps.length === 0) return [];
  return [
    {
      kind: 'details',
      summary: `<b>Steps</b> (${counted(steps.length, 'step')})`,
      open: state !== 'held' && (steps.length <= MOST_OPEN || state === 'running'),
      pieces: [
        {
          kind: 'table',
          noun: STEPS,
          head: ['', 'Step', 'Took'],
          align: ['---', '---', '---'],
          rows: steps.map((step) => ({
            cells: [
              SIGNS[step.state],
              progressText(step),
              step.durationMs === undefined ? '' : duration(step.durationMs),
            ],
            importance: stepRisk(step.planned.step) === 'destructive' ? KEPT : IMPORTANCE_OF[step.state],
          })),
        },
      ],
    },
  ];
}

function progressText({ planned, reason }: StepProgress): string {
  const what = escaped(stepInWords(planned.step));
  return reason === undefined ? what : `${what}<br>**${escaped(reason)}**`;
}

function shownPieces(shown: Preview | undefined): Piece[] {
  if (shown === undefined) return [];
  const { id, plannedAt, binding } = shown;
  return [
    text(`<sub>Shown before the merge: ${verdictOf(shown, MARKDOWN)}</sub>`),
    text(footer(binding, id, plannedAt)),
  ];
}
