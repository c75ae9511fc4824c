/** The headline of each outcome, understood without reading on, and without ever being taken for another one. */
import type { Preview } from '../../planner/preview/preview.ts';
import { code } from '../markdown.ts';
import { problemCount } from '../problem-text.ts';
import { counted } from '../quantities.ts';
import { changesInWords, MARKDOWN, type Markup, tallyOf, UNMARKED } from './summary.ts';

/** The outcome in a few words, without the cluster's name. */
export function verdictOf({ outcome }: Preview, markup: Markup = UNMARKED): string {
  switch (outcome.kind) {
    case 'changes':
      return changesInWords(outcome.plan, outcome.sides, markup);
    case 'no-op':
      return 'nothing to do on the live cluster';
    case 'blocked':
      return `cannot be carried out: ${counted(outcome.plan.blocks.length, 'thing')} ${outcome.plan.blocks.length === 1 ? 'stands' : 'stand'} in the way`;
    case 'invalid':
      return `the spec is not valid: ${problemCount(outcome.problems)}`;
    case 'failed':
      return `no plan could be made: ${markup.foreign(outcome.problems[0]?.summary ?? 'nobody said why')}`;
    case 'offline':
      return 'not planned against the live cluster';
    case 'released':
      return 'the cluster is released: left as it is, and no longer looked after';
  }
}

export function signOf({ outcome, requirements }: Preview): string {
  if (requirements.some(({ state }) => state === 'refused')) return '⛔';
  switch (outcome.kind) {
    case 'changes':
      return tallyOf(outcome.plan, outcome.sides).destructive > 0 ? '🛑' : '📝';
    case 'no-op':
      return '✅';
    case 'blocked':
      return '⛔';
    case 'invalid':
    case 'failed':
      return '❌';
    case 'offline':
      return '⚪';
    case 'released':
      return '📤';
  }
}

/** Headline and, below it, what merging would do now. */
export function fullVerdict(preview: Preview): string {
  const headline = `### ${signOf(preview)} ${code(preview.cluster)}: ${verdictOf(preview, MARKDOWN)}`;
  const next = consequence(preview);
  return next === '' ? headline : `${headline}\n\n${next}`;
}

function consequence({ outcome, requirements }: Preview): string {
  const refused = requirements.filter(({ state }) => state === 'refused').length;
  const open = requirements.filter(({ state }) => state === 'open').length;
  if (refused > 0)
    return '**Merging this changes nothing on the cluster: the pull request has to be changed first.**';
  if (outcome.kind === 'blocked')
    return '**Merging this leaves the cluster short of the spec, until what stands in the way is gone.**';
  if (outcome.kind !== 'changes') return '';
  return open > 0
    ? `**Merging this does not start it yet: ${counted(open, 'thing is', 'things are')} still open.**`
    : '**Merging this starts it.**';
}
