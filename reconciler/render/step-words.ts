/** Steps in words. Whatever a step carries of secrets, digests included, is replaced before anything is said. */
import type { Risk } from '../steps/step.ts';
import { describeStep, type Step, stepRisk, stepSends } from '../steps/table.ts';
import { valuesInWords, withoutSecrets } from './directive-words.ts';
import { listed } from './quantities.ts';

/** One line in the imperative, sizes with their units. */
export function stepInWords(step: Step): string {
  if (step.kind === 'configure') return describeStep({ ...step, config: valuesInWords(step.config) });
  if (step.kind === 'restart-node') return describeStep({ ...step, changes: valuesInWords(step.changes) });
  return describeStep(step);
}

/** What is sent, in the words of Redis and Docker. */
export function commandsOf(step: Step): readonly string[] {
  return stepSends(step.kind === 'configure' ? { ...step, config: withoutSecrets(step.config) } : step);
}

/** The node that a step is about, or the shard, the host or the cluster. */
export function subjectOfStep(step: Step): string {
  if ('node' in step) return step.node;
  if ('from' in step) return step.from;
  if (step.kind === 'forget-ghost') return `member ${step.id.slice(0, 8)}`;
  if (step.kind === 'remove-volume') return `volume ${step.volume}`;
  if ('nodes' in step) return listed(step.nodes);
  return 'hosts' in step ? listed(step.hosts) : 'the cluster';
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
