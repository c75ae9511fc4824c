/** Problems for people: what is wrong, where, the offending text itself, and the smallest change that helps. */
import type { Problem, SourceLocation } from '../../spec-schema/problem.ts';
import { counted } from './quantities.ts';
import type { Style } from './style.ts';
import { visible, visibleLine } from './visible.ts';

/** Longer lines are shown in part, around the place that matters. */
const SHOWN_COLUMNS = 100;

/**
 * One problem in a few lines.
 * @param source the text of the file that `problem.where` is in, when it is at hand.
 */
export function problemText(problem: Problem, style: Style, source?: string): string {
  const paint = problem.severity === 'error' ? style.red : style.yellow;
  const label = paint(`${problem.severity}[${problem.code}]`);
  const { where } = problem;
  const place = where === undefined ? problem.subject : `${where.file}:${where.line}:${where.column}`;
  const lines = [`${style.bold(visibleLine(place))}: ${label}: ${visibleLine(problem.summary)}`];
  const excerpt =
    where === undefined || source === undefined ? [] : sourceExcerpt(where, problem.evidence, source, paint);
  if (excerpt.length > 0) lines.push(...excerpt);
  else if (problem.evidence !== undefined && problem.evidence !== '')
    lines.push(...labelled('found', problem.evidence, style));
  if (problem.hint !== undefined && problem.hint !== '') lines.push(...labelled('hint', problem.hint, style));
  return lines.join('\n');
}

/** `label: text`, further lines of the text under its beginning. */
function labelled(label: string, text: string, style: Style): string[] {
  return visible(text)
    .split('\n')
    .map((line, index) =>
      index === 0 ? `  ${style.dim(`${label}:`)} ${line}` : `  ${' '.repeat(label.length + 2)}${line}`,
    );
}

/** The offending line with its number, and carets under what offends. */
function sourceExcerpt(
  where: SourceLocation,
  evidence: string | undefined,
  source: string,
  paint: (text: string) => string,
): string[] {
  const line = source.split('\n')[where.line - 1]?.replace(/\r$/, '');
  if (line === undefined || line.trim() === '') return [];
  const at = Math.min(where.column - 1, line.length);
  const offends = evidence !== undefined && line.startsWith(evidence, at) ? evidence.length : 1;
  const from = line.length <= SHOWN_COLUMNS ? 0 : Math.max(0, at - SHOWN_COLUMNS / 2);
  const shown = line.slice(from, from + SHOWN_COLUMNS);
  const number = String(where.line);
  const lead = from > 0 ? '…' : '';
  const tail = from + SHOWN_COLUMNS < line.length ? '…' : '';
  // Tabs are kept in the padding, so that the carets stand where the text stands however wide a tab is.
  const padding = lead.replace(/./g, ' ') + visible(line.slice(from, at)).replace(/[^\t]/g, ' ');
  const carets = '^'.repeat(Math.max(1, Math.min(offends, from + SHOWN_COLUMNS - at)));
  return [
    `  ${number} | ${lead}${visible(shown)}${tail}`,
    `  ${' '.repeat(number.length)} | ${padding}${paint(carets)}`,
  ];
}

/** `2 errors, 1 warning`; empty when there is neither. */
export function problemCount(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  return [errors > 0 ? counted(errors, 'error') : '', warnings > 0 ? counted(warnings, 'warning') : '']
    .filter((part) => part !== '')
    .join(', ');
}
