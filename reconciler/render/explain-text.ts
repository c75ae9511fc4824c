/** One step of a plan, in full: why it is there, what it sends, what it changes, what it may cost. */
import type { ClusterState } from '../model/cluster-state.ts';
import type { PlannedStep } from '../planner/next-steps.ts';
import { isWait, stepDeadlineMs, stepDisturbs, stepEffect, stepLocks } from '../steps/table.ts';
import { clipped } from './columns.ts';
import { maskedPatch } from './masked-patch.ts';
import { duration, listed } from './quantities.ts';
import { commandsOf, riskInWords, stepInWords } from './step-words.ts';
import type { Style } from './style.ts';
import { visibleLine } from './visible.ts';

/**
 * @param before the state on paper in which the step starts.
 * @param wave its place in the plan, from 1.
 */
export function explainText(
  { id, step, because }: PlannedStep,
  before: ClusterState,
  wave: { readonly number: number; readonly of: number },
  style: Style,
): string {
  const disturbed = stepDisturbs(step, before);
  const entry = (label: string, text: string): string =>
    `  ${style.dim(label.padEnd(9))}  ${visibleLine(text)}`;
  const list = (label: string, texts: readonly string[]): string[] =>
    texts.map((text, index) => entry(index === 0 ? label : '', text));
  return [
    `${style.bold(visibleLine(stepInWords(step)))}`,
    entry('step', id),
    entry('wave', `${wave.number} of ${wave.of}`),
    entry('because', because),
    entry('risk', riskInWords(step)),
    ...(disturbed.length > 0 ? [entry('disturbs', listed(disturbed))] : []),
    entry('locks', stepLocks(step, before).join(', ')),
    entry('deadline', duration(stepDeadlineMs(step))),
    ...list('sends', isWait(step) ? ['nothing; it looks again until the effect shows'] : commandsOf(step)),
    ...list('effect', effectLines(step, before)),
  ].join('\n');
}

/** A whole configuration would hide the rest; `plan --format json` has it. */
const LONGEST_VALUE = 100;

/** More fields than this are the configuration of a new node. */
const MOST_EFFECTS = 30;

function effectLines(step: PlannedStep['step'], before: ClusterState): string[] {
  const lines = maskedPatch(stepEffect(step, before)).map((operation) =>
    'value' in operation
      ? `${operation.path} becomes ${clipped(JSON.stringify(operation.value), LONGEST_VALUE)}`
      : `${operation.path} goes`,
  );
  return lines.length > MOST_EFFECTS
    ? [...lines.slice(0, MOST_EFFECTS), `and ${lines.length - MOST_EFFECTS} more`]
    : lines;
}
