/** The steps of a plan as rows of tables and lists: what each does and why, its risk, what it moves, how long, who notices. */
import type { Estimate, WaveTime } from '../../planner/estimate.ts';
import { type Guess, greatest, plus } from '../../planner/guess.ts';
import { bytesOf, keysOf, type LoadGuess } from '../../planner/loads.ts';
import type { PlannedStep } from '../../planner/next-steps.ts';
import type { Plan } from '../../planner/plan.ts';
import type { Risk } from '../../steps/step.ts';
import { type Step, stepRisk } from '../../steps/table.ts';
import { escaped } from '../markdown.ts';
import { keysInWords, timeOfWave } from '../outlook.ts';
import { alikeIn } from '../plan-view.ts';
import { counted } from '../quantities.ts';
import { riskOf, stepInWords } from '../step-words.ts';
import { clientEffect } from './client-effects.ts';
import { IMPORTANCE, KEPT, type Noun, type Piece, type Row } from './tree.ts';

export const STEPS: Noun = ['step', 'steps'];

const IMPORTANCE_OF: Readonly<Record<Risk, number>> = {
  none: IMPORTANCE.wait,
  safe: IMPORTANCE.safe,
  disruptive: IMPORTANCE.disruptive,
  destructive: IMPORTANCE.destructive,
};

const SIGN_OF: Readonly<Record<Risk, string>> = {
  none: '',
  safe: '',
  disruptive: '⚠️ ',
  destructive: '🛑 ',
};

/** Up to so many steps each has a row of its own; of more, those that do the same for the same reason share one. */
const MOST_ROWS = 250;
/** So many steps that share a row are named. */
const NAMED = 3;

/** Every step of a plan, wave by wave. */
export function stepTable(plan: Plan): Piece {
  const steps = plan.waves.flat().length;
  const rows = plan.waves.flatMap((wave, index) => {
    const times = plan.estimate.waves[index];
    const groups = steps <= MOST_ROWS ? separately(wave) : alikeIn(wave);
    return groups.map((group) => stepRow(index + 1, group, times));
  });
  return {
    kind: 'table',
    noun: STEPS,
    head: ['Wave', 'What and why', 'Risk', 'Moves', 'Takes', 'Clients notice'],
    align: ['---:', '---', '---', '---', '---', '---'],
    rows,
  };
}

type Placed = ReturnType<typeof alikeIn>[number];

function separately(wave: readonly PlannedStep[]): Placed[] {
  return wave.map((planned, index) => [{ planned, index }]);
}

function stepRow(wave: number, group: Placed, times: WaveTime | undefined): Row {
  const [first] = group as [Placed[number]];
  const { step, because } = first.planned;
  const risk = stepRisk(step);
  const named = group
    .slice(0, group.length > NAMED + 1 ? NAMED : group.length)
    .map(({ planned }) => escaped(stepInWords(planned.step)));
  const more = group.length - named.length;
  if (more > 0) named.push(`and ${counted(more, 'more', 'more')} like these`);
  return {
    cells: [
      `${wave}`,
      `${named.join('<br>')}<br><sub>because ${escaped(because)}</sub>`,
      `${SIGN_OF[risk]}${riskOf(step)}`,
      movesOf(group, times),
      takesOf(group, times),
      clientEffect(step),
    ],
    importance: IMPORTANCE_OF[risk],
    weight: group.length,
  };
}

/** Keys and bytes that a step carries from node to node; of several steps their sum. */
function movesOf(group: Placed, times: WaveTime | undefined): string {
  const carried = group.flatMap(({ index }) => times?.carried[index] ?? []);
  return carried.length === 0 ? '' : keysInWords(sumOf(carried));
}

function sumOf(loads: readonly LoadGuess[]): { readonly keys: Guess; readonly bytes: Guess } {
  return {
    keys: loads.map(keysOf).reduce(plus),
    bytes: loads.map(bytesOf).reduce(plus),
  };
}

/** How long a step takes; of several that run side by side the slowest. */
function takesOf(group: Placed, times: WaveTime | undefined): string {
  const parts = group.flatMap(({ index }) => times?.steps[index] ?? []);
  if (parts.length === 0) return '';
  const ms = greatest(parts.map((part) => part.ms));
  const atLeastMs = Math.max(...parts.map((part) => part.atLeastMs));
  return ms === 'unknown' && atLeastMs === 0 ? 'unknown' : timeOfWave({ ms, atLeastMs });
}

/** How much room the steps that cannot be undone get: each with its reason, by name only, or their number alone. */
export type DestructiveForm = 'explained' | 'named' | 'counted';

/** What cannot be undone, in a box that is never folded; undefined when there is nothing of that kind. */
export function destructiveBox(plan: Plan, form: DestructiveForm): Piece | undefined {
  const steps = plan.waves.flatMap((wave, index) =>
    wave
      .filter(({ step }) => stepRisk(step) === 'destructive')
      .map((planned) => ({ ...planned, wave: index + 1 })),
  );
  if (steps.length === 0) return undefined;
  const title = `**${counted(steps.length, 'step')} cannot be undone.** ${steps.length === 1 ? 'It runs' : 'They run'} only as shown here, once this plan is approved:`;
  const lines =
    form === 'explained'
      ? steps.map(
          ({ wave, step, because }) =>
            `wave ${wave}: **${escaped(stepInWords(step))}**, because ${escaped(because)}`,
        )
      : form === 'named'
        ? byKind(steps).map(
            ([kind, names]) => `${kind} (${counted(names.length, 'step')}): ${names.map(escaped).join(', ')}`,
          )
        : byKind(steps).map(
            ([kind, names]) => `${kind}: ${counted(names.length, 'step')}, too many to name here`,
          );
  return {
    kind: 'alert',
    level: 'CAUTION',
    pieces: [
      { kind: 'text', text: title },
      {
        kind: 'list',
        noun: STEPS,
        rows: lines.map((line) => ({ cells: [line], importance: KEPT })),
      },
    ],
  };
}

/** What is removed for good, by kind of step. */
function byKind(steps: readonly { readonly step: Step }[]): [kind: string, names: string[]][] {
  const groups = Map.groupBy(steps, ({ step }) => step.kind);
  return [...groups].map(([kind, alike]) => [kind, alike.map(({ step }) => nameOf(step))]);
}

function nameOf(step: Step): string {
  if (step.kind === 'remove-volume') return step.volume;
  if (step.kind === 'takeover') return `${step.from} to ${step.to}`;
  return 'node' in step ? step.node : step.kind;
}

export function totalTime({ ms, atLeastMs }: Estimate): string {
  return timeOfWave({ ms, atLeastMs });
}
