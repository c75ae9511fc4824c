/** A plan for a terminal. */
import { blockLines } from './block-text.ts';
import { differenceLines } from './difference-text.ts';
import type { OutlookRow } from './outlook.ts';
import type { PlanView, StepGroup } from './plan-view.ts';
import { counted } from './quantities.ts';
import { type Style, toned } from './style.ts';

export function planText(view: PlanView, style: Style): string {
  const lines = [`${style.bold(view.cluster)}: ${toned(style, view.tone, view.verdict)}`];
  if (view.differences.length > 0)
    lines.push('', style.bold('What differs'), ...differenceLines(view.differences, style));
  for (const [index, groups] of view.waves.entries()) {
    const steps = groups.reduce((sum, group) => sum + group.steps.length + group.more, 0);
    const size = [counted(steps, 'step'), view.waveTimes[index]].join(', ');
    lines.push('', `${style.bold(`Wave ${index + 1}`)} ${style.dim(`(${size})`)}`);
    for (const group of groups) lines.push(...groupLines(group, style));
  }
  if (view.blocks.length > 0)
    lines.push(
      '',
      style.bold('What stands in the way'),
      ...view.blocks.flatMap((block) => blockLines(block, style)),
    );
  if (view.warnings.length > 0)
    lines.push('', style.bold('Warnings'), ...view.warnings.flatMap((warning) => blockLines(warning, style)));
  const { costs, balance, losses } = view.outlook;
  if (costs.length > 0) lines.push('', style.bold('What it takes'), ...costs.flatMap(rowLines));
  if (balance.length > 0) lines.push('', style.bold('What is shared'), ...balance.flatMap(rowLines));
  if (losses.length > 0) lines.push('', style.bold('What if'), ...losses.flatMap(rowLines));
  if (view.waves.length > 0) lines.push('', style.dim(`plan ${view.digest}`));
  return lines.join('\n');
}

function rowLines({ label, lines }: OutlookRow): string[] {
  const [only, ...others] = lines;
  if (others.length === 0) return [`  ${label}: ${only}`];
  return [`  ${label}:`, ...lines.map((line) => `    - ${line}`)];
}

function groupLines(group: StepGroup, style: Style): string[] {
  const tag = tagOf(group, style);
  const lines = group.steps.map(({ id, description }) => `  ${tag} ${description}  ${style.dim(id)}`);
  if (group.more > 0) lines.push(`    and ${counted(group.more, 'more', 'more')} like these`);
  lines.push(style.dim(`      because ${group.because}${group.waits ? '' : ` (${group.risk})`}`));
  return lines;
}

function tagOf({ risk, waits }: StepGroup, style: Style): string {
  if (waits) return style.dim('…');
  if (risk === 'safe') return style.green('+');
  return risk === 'disruptive' ? style.yellow('~') : style.red('-');
}
