/** What the loop tells while it runs: one stream of events for the terminal, the log and the journal. */
import type { Problem } from '../../spec-schema/problem.ts';
import type { PlannedStep } from '../planner/next-steps.ts';
import type { Observation } from './interpret/interpret.ts';

export type StepOutcome =
  | { readonly result: 'done' }
  /** The other side refused, or the effect did not show within the deadline. */
  | { readonly result: 'failed'; readonly reason: string };

export type ProgressEvent =
  | { readonly kind: 'observed'; readonly observation: Observation; readonly differences: number }
  | { readonly kind: 'wave'; readonly number: number; readonly steps: readonly PlannedStep[] }
  | { readonly kind: 'step-started'; readonly step: PlannedStep; readonly at: number }
  | {
      readonly kind: 'step-ended';
      readonly step: PlannedStep;
      readonly at: number;
      readonly durationMs: number;
      readonly outcome: StepOutcome;
    }
  | { readonly kind: 'blocked'; readonly blocks: readonly Problem[] };

export type Report = (event: ProgressEvent) => void;
