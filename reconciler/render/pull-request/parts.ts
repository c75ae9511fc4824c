/** What several of the texts of a pull request have in common: headlines, problems, requirements, times, links. */
import type { Problem } from '../../../spec-schema/problem.ts';
import type { Binding, Requirement } from '../../planner/preview/preview.ts';
import { subjectOf } from '../difference-text.ts';
import type { Difference } from '../differences.ts';
import { code, escaped } from '../markdown.ts';
import { IMPORTANCE, KEPT, type Noun, type Piece, type Row } from './tree.ts';

/** What a forge takes of a comment is 65,536; nobody has said in which units, and the marker needs some. */
export const COMMENT_BUDGET = 60_000;

export interface Page {
  /** UTF-16 units that the text may have. */
  readonly budget?: number;
  /** Address of a page that shows everything. */
  readonly fullPlan?: string | undefined;
}

/** Where to see what is left out. */
export function wholeOf({ fullPlan }: Page): string {
  const link = fullPlan === undefined ? undefined : safeLink(fullPlan);
  return link === undefined ? '`redisforge plan` shows all of it' : `[the whole plan](<${link}>)`;
}

/** An address as it may stand in a link; undefined when it is none of the web. */
export function safeLink(address: string): string | undefined {
  return /^https?:\/\/[^\s<>\\]+$/.test(address) ? address : undefined;
}

/** `2026-11-24 18:30 UTC`. @param at milliseconds since the epoch. */
export function momentText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

const SHORT = 10;

/** A commit: bare, so that GitHub makes a link of it, when it certainly is one. */
export function commitText(id: string): string {
  const short = id.slice(0, SHORT);
  return /^[0-9a-f]{7,}$/.test(short) ? short : code(short);
}

/** The beginning of a digest: enough to tell two apart. */
export function digestText(digest: string): string {
  return code(digest.slice(0, 12));
}

const PROBLEMS: Noun = ['problem', 'problems'];

export function problemList(problems: readonly Problem[]): Piece {
  return { kind: 'list', noun: PROBLEMS, rows: problems.map(problemRow) };
}

function problemRow(problem: Problem): Row {
  const { where, evidence, hint } = problem;
  const place = where === undefined ? '' : ` at ${code(`${where.file}:${where.line}:${where.column}`)}`;
  const lines = [
    `**${escaped(problem.subject)}**${place}: ${escaped(problem.summary)} (${code(problem.code)})`,
    ...(evidence === undefined || evidence === '' ? [] : [`  - found: ${code(evidence)}`]),
    ...(hint === undefined || hint === '' ? [] : [`  - to do: ${escaped(hint)}`]),
  ];
  return { cells: [lines.join('\n')], importance: IMPORTANCE.problem };
}

const SIGNS: Readonly<Record<Requirement['state'], string>> = { met: '✅', open: '⏳', refused: '⛔' };

/** Not a task list: whoever may write could tick its boxes, which would change the comment. */
export function requirementList(requirements: readonly Requirement[]): Piece {
  return {
    kind: 'list',
    noun: ['requirement', 'requirements'],
    rows: requirements.map(({ state, text }) => ({
      cells: [`${SIGNS[state]} ${escaped(text)}`],
      importance: KEPT,
    })),
  };
}

const DIFFERENCES: Noun = ['difference', 'differences'];

/** What differs, one row for those with the same differences. */
export function differenceTable(differences: readonly Difference[]): Piece {
  return {
    kind: 'table',
    noun: DIFFERENCES,
    head: ['Where', 'What'],
    align: ['---', '---'],
    rows: differences.map((difference) => ({
      cells: [escaped(subjectOf(difference)), difference.lines.map(escaped).join('<br>')],
      importance: IMPORTANCE.drift,
    })),
  };
}

/** The last line of a comment: everything that the plan is bound to. */
export function footer(binding: Binding, planId: string | undefined, plannedAt: number): string {
  const parts = [
    ...(planId === undefined ? [] : [`plan ${code(planId)}`]),
    `head ${commitText(binding.head)}`,
    `base ${commitText(binding.base)}`,
    ...(binding.live === '' ? [] : [`live ${digestText(binding.live)}`]),
    `planned at ${momentText(plannedAt)}`,
    `RedisForge ${escaped(binding.engine)}`,
  ];
  return `<sub>${parts.join(' · ')}</sub>`;
}
