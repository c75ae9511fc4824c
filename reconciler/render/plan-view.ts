/** What is shown of a plan, whatever the format: the terminal, a pull request and a machine see the same. */
import type { Problem } from '../../spec-schema/problem.ts';
import type { ClusterState } from '../model/cluster-state.ts';
import type { PlannedStep } from '../planner/next-steps.ts';
import type { Plan } from '../planner/plan.ts';
import { isWait } from '../steps/table.ts';
import { type Difference, differencesInWords } from './differences.ts';
import { type OutlookView, outlookView, timeOfWave } from './outlook.ts';
import { counted } from './quantities.ts';
import { riskOf, stepInWords } from './step-words.ts';
import type { Tone } from './style.ts';
import { visibleLine } from './visible.ts';

export interface PlanView {
  readonly cluster: string;
  readonly status: Plan['status'];
  readonly tone: Tone;
  /** One sentence: what would happen. */
  readonly verdict: string;
  readonly differences: readonly Difference[];
  readonly waves: readonly (readonly StepGroup[])[];
  /** How long each wave takes. */
  readonly waveTimes: readonly string[];
  readonly outlook: OutlookView;
  readonly blocks: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Beginning of the digest: enough to tell two plans apart. */
  readonly digest: string;
}

/** Steps of one wave that differ only in what they are about. */
export interface StepGroup {
  readonly risk: string;
  readonly waits: boolean;
  readonly because: string;
  readonly steps: readonly StepView[];
  /** Further steps of the same kind for the same reason, not listed. */
  readonly more: number;
}

export interface StepView {
  readonly id: string;
  readonly description: string;
}

/** Of more steps than this with one reason only the first few are listed: nobody reads a thousand lines. */
const MOST_ALIKE = 12;
const LISTED_ALIKE = 3;

export function planView(plan: Plan, live: ClusterState): PlanView {
  return {
    cluster: plan.cluster,
    status: plan.status,
    tone: { converged: 'good', changes: 'changing', blocked: 'bad' }[plan.status] as Tone,
    verdict: verdictOf(plan),
    differences: differencesInWords(plan.differences, live),
    waves: plan.waves.map(groupsOf),
    waveTimes: plan.estimate.waves.map(timeOfWave),
    outlook: outlookView(plan),
    blocks: plan.blocks,
    warnings: plan.warnings,
    digest: plan.digest.slice(0, 12),
  };
}

function verdictOf(plan: Plan): string {
  if (plan.status === 'converged') return 'nothing to do, the cluster is as the spec says';
  const steps = plan.waves.flat().filter(({ step }) => !isWait(step)).length;
  const size = `${counted(steps, 'step')} in ${counted(plan.waves.length, 'wave')}`;
  if (plan.status === 'changes') return `${size} would make it as the spec says`;
  const way = `${counted(plan.blocks.length, 'thing')} ${plan.blocks.length === 1 ? 'stands' : 'stand'} in the way`;
  return steps === 0
    ? `blocked: ${way}, nothing can be done`
    : `blocked: ${way}; before that, ${size} can be done`;
}

/** The steps of a wave by what they do and why, each with its place in the wave. */
export function alikeIn(
  wave: readonly PlannedStep[],
): (readonly { readonly planned: PlannedStep; readonly index: number }[])[] {
  const placed = wave.map((planned, index) => ({ planned, index }));
  return [...Map.groupBy(placed, ({ planned }) => `${planned.step.kind}\n${planned.because}`).values()];
}

function groupsOf(wave: readonly PlannedStep[]): StepGroup[] {
  return alikeIn(wave).map((group) => {
    const steps = group.map(({ planned }) => planned);
    const [first] = steps as [PlannedStep];
    const shown = steps.length > MOST_ALIKE ? steps.slice(0, LISTED_ALIKE) : steps;
    return {
      risk: riskOf(first.step),
      waits: isWait(first.step),
      because: visibleLine(first.because),
      steps: shown.map(({ id, step }) => ({ id, description: visibleLine(stepInWords(step)) })),
      more: steps.length - shown.length,
    };
  });
}
