/** How a rollout goes, from what the keeper of its cluster tells. Pure: each event makes a new document of the last. */
import type { Problem } from '../../../spec-schema/problem.ts';
import { liveDigest } from '../../planner/preview/digests.ts';
import type { Rollout, StepProgress } from '../../planner/preview/preview.ts';
import type { KeeperStatus } from '../keeper-status.ts';
import type { ProgressEvent } from '../progress.ts';

/** What waits for people or for a time is no failure. */
const WAITING: ReadonlySet<string> = new Set([
  'paused',
  'stopped',
  'frozen',
  'outside-window',
  'needs-approval',
]);

/** After so long a rollout that is blocked has failed; most blocks are over in a moment. */
const PATIENCE_MS = 60_000;

export function afterProgress(rollout: Rollout, event: ProgressEvent): Rollout {
  if (event.kind === 'step-started')
    return { ...rollout, state: 'running', steps: withStep(rollout.steps, event, 'running') };
  if (event.kind !== 'step-ended') return rollout;
  const { outcome, durationMs } = event;
  if (outcome.result === 'done')
    return { ...rollout, steps: withStep(rollout.steps, event, 'done', { durationMs }) };
  return {
    ...rollout,
    steps: withStep(rollout.steps, event, 'failed', { durationMs, reason: outcome.reason }),
  };
}

/** @param blockedSince when the block that stands now was first seen, in milliseconds since the epoch. */
export function afterPass(
  rollout: Rollout,
  { status, blocks, failures, observation }: KeeperStatus,
  now: number,
  blockedSince: number | undefined,
): Rollout {
  if (status === 'converged')
    return {
      ...rollout,
      state: 'done',
      problems: [],
      // What happened while nobody looked, before a restart for example, has happened.
      steps: rollout.steps.map((step) =>
        step.state === 'waiting' || step.state === 'running' ? { ...step, state: 'done' } : step,
      ),
      endedAt: now,
      live: observation === undefined ? undefined : liveDigest(observation.live),
    };
  if (status === 'failed')
    return {
      ...rollout,
      state: 'failed',
      endedAt: now,
      problems: [...failures.map(({ step, reason }) => failure(step, reason)), ...blocks],
    };
  if (status !== 'blocked') return rollout;
  if (blocks.length > 0 && blocks.every(({ code }) => WAITING.has(code)))
    return { ...rollout, state: 'held', problems: blocks };
  if (blockedSince === undefined || now - blockedSince < PATIENCE_MS) return { ...rollout, problems: blocks };
  return { ...rollout, state: 'failed', endedAt: now, problems: blocks };
}

function failure(step: string, reason: string): Problem {
  return {
    severity: 'error',
    code: 'step-failed',
    subject: step,
    summary: reason,
    hint: 'it is tried again by itself, less and less often',
  };
}

function withStep(
  steps: readonly StepProgress[],
  { step }: Extract<ProgressEvent, { kind: 'step-started' | 'step-ended' }>,
  state: StepProgress['state'],
  end: { readonly durationMs?: number; readonly reason?: string } = {},
): StepProgress[] {
  const next: StepProgress = { planned: step, state, durationMs: end.durationMs, reason: end.reason };
  // A step that comes more than once is the first of them that has not ended yet.
  const open = steps.findIndex(({ planned, state: now }) => planned.id === step.id && now !== 'done');
  if (open === -1) return [...steps, next];
  return steps.map((each, index) => (index === open ? next : each));
}
