/** Steps in words. Whatever a step carries of secrets, digests included, is replaced before anything is said. */
import type { Risk } from '../steps/step.ts';
import { describeStep, type Step, stepRisk, stepSends } from '../steps/table.ts';
import { withoutSecrets } from './directive-words.ts';

function presentable(step: Step): Step {
  if (step.kind === 'configure') return { ...step, config: withoutSecrets(step.config) };
  if (step.kind === 'restart-node') return { ...step, changes: withoutSecrets(step.changes) };
  return step;
}

/** One line in the imperative. */
export function stepInWords(step: Step): string {
  return describeStep(presentable(step));
}

/** What is sent, in the words of Redis and Docker. */
export function commandsOf(step: Step): readonly string[] {
  return stepSends(presentable(step));
}

const RISKS: Readonly<Record<Risk, string>> = {
  none: 'waits',
  safe: 'safe',
  disruptive: 'disruptive',
  destructive: 'destructive',
};

/** The risk in one word. */
export function riskOf(step: Step): string {
  return RISKS[stepRisk(step)];
}

/** The risk in one sentence. */
export function riskInWords(step: Step): string {
  return {
    none: 'none: it only waits and looks again',
    safe: 'safe: no client notices',
    disruptive: 'disruptive: one node stops serving for a time, or roles change',
    destructive: 'destructive: something is removed for good; it runs only from a plan that was approved',
  }[stepRisk(step)];
}
