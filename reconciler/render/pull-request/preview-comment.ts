/** The comment that tells what a pull request would do to one cluster. */
import type { Preview, Sides } from '../../planner/preview/preview.ts';
import { differencesInWords } from '../differences.ts';
import { code, escaped } from '../markdown.ts';
import { counted } from '../quantities.ts';
import {
  COMMENT_BUDGET,
  commitText,
  differenceTable,
  digestText,
  footer,
  momentText,
  type Page,
  problemList,
  requirementList,
  wholeOf,
} from './parts.ts';
import { folded, outlookPieces, stepPieces, warnings } from './plan-pieces.ts';
import { editLines } from './spec-edits.ts';
import type { DestructiveForm } from './step-rows.ts';
import { fitted, IMPORTANCE, type Piece, text } from './tree.ts';
import { fullVerdict } from './verdict.ts';

/**
 * Markdown of at most `budget` UTF-16 units (60,000 unless said). Steps that cannot be undone are always all in it: each
 * with its reason, or by name when there are very many.
 */
export function previewComment(preview: Preview, page: Page = {}): string {
  const fit = { budget: page.budget ?? COMMENT_BUDGET, whole: wholeOf(page) };
  for (const form of ['explained', 'named'] as const) {
    const whole = fitted(previewPieces(preview, form), fit);
    if (whole !== undefined) return whole;
  }
  // Thousands of them: nobody can have read this, and the headline says how many there are.
  return fitted(previewPieces(preview, 'counted'), fit) ?? shortest(preview);
}

/** When not even the skeleton fits into the budget. */
function shortest(preview: Preview): string {
  return [fullVerdict(preview), footer(preview.binding, preview.id, preview.plannedAt)].join('\n\n');
}

export function previewPieces(preview: Preview, form: DestructiveForm): Piece[] {
  const { outcome } = preview;
  const planned =
    'plan' in outcome
      ? outcome.kind === 'no-op'
        ? warnings(outcome.plan)
        : stepPieces(outcome.plan, outcome.sides, form)
      : [];
  return [
    text(fullVerdict(preview)),
    requirementList(preview.requirements),
    ...explanation(preview),
    ...planned,
    ...editPieces(preview),
    ...('sides' in outcome ? driftPieces(preview, outcome.sides) : []),
    ...('plan' in outcome ? outlookPieces(outcome.plan, outcome.sides) : []),
    ...earlierPieces(preview),
    commandPieces(preview),
    text(footer(preview.binding, preview.id, preview.plannedAt)),
  ];
}

/** What has to be said of outcomes that are no plan to be carried out. */
function explanation({ outcome, binding, plannedAt, cluster }: Preview): Piece[] {
  switch (outcome.kind) {
    case 'changes':
      return [];
    case 'no-op':
      return [
        text(
          `Proved: RedisForge read the live cluster (${digestText(binding.live)}, ${momentText(plannedAt)}) and planned this change against it. Merging touches nothing.`,
        ),
      ];
    case 'blocked':
      return [text('#### What stands in the way'), problemList(outcome.plan.blocks)];
    case 'invalid':
      return [
        text(
          'Nothing was planned, and nothing of it would be carried out. The spec that is in force stays in force.',
        ),
        problemList(outcome.problems),
      ];
    case 'failed':
      return [
        {
          kind: 'alert',
          level: 'WARNING',
          pieces: [
            text(
              '**This is no plan.** It says nothing about what the change would do, or whether it is safe.',
            ),
          ],
        },
        problemList(outcome.problems),
      ];
    case 'offline':
      return [
        text(
          `${escaped(outcome.reason)}. The live cluster was not looked at: what follows compares the two specs only. Somebody who may write here can ask for the plan: ${code(`/redisforge plan ${binding.head}`)}`,
        ),
      ];
    case 'released':
      return [
        text(
          `The spec of ${code(cluster)} is taken away. Nothing is stopped or removed: its nodes run on as they are, and nobody looks after them from then on.`,
        ),
      ];
  }
}

function editPieces({ edits }: Preview): Piece[] {
  if (edits.length === 0) return [];
  return [
    {
      kind: 'details',
      summary: `<b>What this pull request changes in the spec</b> (${counted(edits.length, 'change')})`,
      open: false,
      pieces: [editLines(edits)],
    },
  ];
}

function driftPieces({ drift }: Preview, { live }: Sides): Piece[] {
  const differences = differencesInWords(drift, live);
  if (differences.length === 0) return [];
  return [
    {
      kind: 'details',
      summary: `<b>What is already different on the live cluster</b> (${counted(differences.length, 'difference')})`,
      open: false,
      pieces: [
        text('Measured against the spec of the base branch: none of it comes from this pull request.'),
        differenceTable(differences),
      ],
    },
  ];
}

function earlierPieces({ earlier }: Preview): Piece[] {
  if (earlier.length === 0) return [];
  return [
    folded('Earlier plans', {
      kind: 'list',
      noun: ['plan', 'plans'],
      rows: earlier.map(({ id, head, verdict }) => ({
        cells: [`${code(id)} for ${commitText(head)}: ${escaped(verdict)}`],
        importance: IMPORTANCE.history,
      })),
    }),
  ];
}

function commandPieces({ id, outcome }: Preview): Piece {
  const lines = [
    '`/redisforge plan`: plan again',
    ...(id !== undefined && outcome.kind === 'changes'
      ? [`${code(`/redisforge approve ${id}`)}: approve exactly this plan`]
      : []),
    '`/redisforge help`: all commands',
  ];
  return folded('Commands', {
    kind: 'list',
    noun: ['command', 'commands'],
    rows: lines.map((line) => ({ cells: [line], importance: IMPORTANCE.help })),
  });
}
