/** A plan for the comment under a pull request. */
import type { Problem } from '../../spec-schema/problem.ts';
import type { Difference } from './differences.ts';
import { code, escaped } from './markdown.ts';
import type { OutlookRow } from './outlook.ts';
import type { PlanView, StepGroup } from './plan-view.ts';
import { counted, listed } from './quantities.ts';

const SIGNS = { good: '✅', changing: '📝', bad: '⛔' } as const;

/** More would not be read, and a comment has a limit of 65,536 characters. */
const MOST_DIFFERENCES = 50;

export function planMarkdown(view: PlanView): string {
  const parts = [`### ${SIGNS[view.tone]} ${code(view.cluster)}: ${escaped(view.verdict)}`];
  if (view.blocks.length > 0)
    parts.push('#### What stands in the way', view.blocks.map(problemItem).join('\n'));
  if (view.differences.length > 0) parts.push('#### What differs', differencesPart(view.differences));
  const { costs, balance, losses } = view.outlook;
  if (costs.length > 0) parts.push('#### What it takes', outlookPart(costs));
  if (balance.length > 0) parts.push('#### What is shared', outlookPart(balance));
  if (losses.length > 0) parts.push('#### What if', outlookPart(losses));
  if (view.waves.length > 0) parts.push(wavesPart(view.waves));
  if (view.warnings.length > 0) parts.push('#### Warnings', view.warnings.map(problemItem).join('\n'));
  if (view.waves.length > 0) parts.push(`<sub>plan ${code(view.digest)}</sub>`);
  return `${parts.join('\n\n')}\n`;
}

function problemItem(problem: Problem): string {
  const lines = [`- **${escaped(problem.subject)}**: ${escaped(problem.summary)} (${code(problem.code)})`];
  if (problem.evidence !== undefined && problem.evidence !== '')
    lines.push(`  - evidence: ${code(problem.evidence)}`);
  if (problem.hint !== undefined && problem.hint !== '') lines.push(`  - hint: ${escaped(problem.hint)}`);
  return lines.join('\n');
}

function differencesPart(differences: readonly Difference[]): string {
  const rows = differences.slice(0, MOST_DIFFERENCES).map((difference) => {
    const shown =
      difference.kind === 'member' ? difference.names.map((id) => id.slice(0, 8)) : difference.names;
    const who =
      difference.kind === 'cluster' ? 'the cluster' : `${difference.kind} ${escaped(listed(shown))}`;
    return `| ${who} | ${difference.lines.map(escaped).join('<br>')} |`;
  });
  const more = differences.length - rows.length;
  return [
    '| | |',
    '| --- | --- |',
    ...rows,
    ...(more > 0 ? [`| | and ${counted(more, 'more', 'more')} |`] : []),
  ].join('\n');
}

function outlookPart(rows: readonly OutlookRow[]): string {
  return [
    '| | |',
    '| --- | --- |',
    ...rows.map(({ label, lines }) => `| ${escaped(label)} | ${lines.map(escaped).join('<br>')} |`),
  ].join('\n');
}

function wavesPart(waves: PlanView['waves']): string {
  const rows = waves.flatMap((groups, index) => groups.map((group) => stepRow(index + 1, group)));
  return [
    '<details><summary>What would be done, wave by wave</summary>',
    ['| Wave | Step | Risk | Because |', '| ---: | --- | --- | --- |', ...rows].join('\n'),
    '</details>',
  ].join('\n\n');
}

function stepRow(wave: number, group: StepGroup): string {
  const steps = group.steps.map(({ description }) => escaped(description));
  if (group.more > 0) steps.push(`and ${counted(group.more, 'more', 'more')} like these`);
  return `| ${wave} | ${steps.join('<br>')} | ${group.risk} | ${escaped(group.because)} |`;
}
