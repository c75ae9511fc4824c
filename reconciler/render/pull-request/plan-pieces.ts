/** The parts of a plan as Markdown, wherever it is shown: under a pull request, in a file, in a terminal's pipe. */
import type { Plan } from '../../planner/plan.ts';
import type { Sides } from '../../planner/preview/preview.ts';
import { escaped } from '../markdown.ts';
import { type OutlookRow, outlookView } from '../outlook.ts';
import { counted } from '../quantities.ts';
import { problemList } from './parts.ts';
import { type DestructiveForm, destructiveBox, stepTable } from './step-rows.ts';
import { summaryLines } from './summary.ts';
import { topologyPieces } from './topology-picture.ts';
import { IMPORTANCE, type Piece, text } from './tree.ts';

/** Shorter tables stand open. */
const MOST_OPEN = 20;

/** What would be done: what cannot be undone first, then what it amounts to, then every step. */
export function stepPieces(plan: Plan, sides: Sides, form: DestructiveForm): Piece[] {
  const box = destructiveBox(plan, form);
  const steps = plan.waves.flat().length;
  if (steps === 0) return warnings(plan);
  const title = plan.status === 'blocked' ? 'Steps that can be done before that' : 'Steps, wave by wave';
  return [
    ...(box === undefined ? [] : [box]),
    text(summaryLines(plan, sides)),
    {
      kind: 'details',
      summary: `<b>${title}</b> (${counted(steps, 'step')})`,
      open: steps <= MOST_OPEN,
      pieces: [stepTable(plan)],
    },
    ...warnings(plan),
  ];
}

export function warnings(plan: Plan): Piece[] {
  return plan.warnings.length === 0 ? [] : [text('#### Warnings'), problemList(plan.warnings)];
}

/** What it takes, what it leads to, and pictures of both sides. */
export function outlookPieces(plan: Plan, sides: Sides): Piece[] {
  const { costs, balance, losses } = outlookView(plan);
  const drawn = plan.status === 'converged' ? [] : topologyPieces(sides);
  return [
    ...(costs.length === 0 ? [] : [folded('What it takes', rowTable(['', ''], costs))]),
    ...(balance.length === 0 ? [] : [folded('What is shared', rowTable(['', ''], balance))]),
    ...(losses.length === 0
      ? []
      : [folded('What if a zone is lost', rowTable(['If', 'then, after this plan'], losses))]),
    ...(drawn.length === 0 ? [] : [folded('Topology', ...drawn)]),
  ];
}

export function folded(title: string, ...pieces: readonly Piece[]): Piece {
  return { kind: 'details', summary: `<b>${title}</b>`, open: false, pieces };
}

function rowTable(head: readonly string[], rows: readonly OutlookRow[]): Piece {
  return {
    kind: 'table',
    noun: ['line', 'lines'],
    head,
    align: head.map(() => '---'),
    rows: rows.map(({ label, lines }) => ({
      cells: [escaped(label), lines.map(escaped).join('<br>')],
      importance: IMPORTANCE.estimate,
    })),
  };
}
