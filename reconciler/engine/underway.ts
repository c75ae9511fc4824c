/** Steps that were started and whose effect does not show yet: they hold their locks and have a deadline. */
import type { Operation } from 'fast-json-patch';
import jsonPatch from 'fast-json-patch';
import type { ClusterState } from '../model/cluster-state.ts';
import type { PlannedStep } from '../planner/next-steps.ts';
import type { Lock } from '../steps/step.ts';
import { isWait, stepDeadlineMs, stepEffect, stepLocks } from '../steps/table.ts';
import type { StepOutcome } from './progress.ts';

interface Started {
  readonly planned: PlannedStep;
  readonly at: number;
  readonly locks: readonly Lock[];
  readonly effect: readonly Operation[];
  /** Until the call to the outside has returned the effect cannot be judged. */
  executing: boolean;
}

export interface Ended {
  readonly planned: PlannedStep;
  readonly startedAt: number;
  readonly outcome: StepOutcome;
}

/** Whether the document shows what an operation makes, or already what is desired in its place. */
function shows(operation: Operation, live: ClusterState, desired: ClusterState): boolean {
  const value = valueAt(live, operation.path);
  if (operation.op === 'remove') return value === undefined;
  if (operation.op !== 'add' && operation.op !== 'replace') return true;
  return covers(value, operation.value, valueAt(desired, operation.path));
}

/**
 * Whether `value` is what was expected or, part by part, what is desired. What nobody expected may be there beside it:
 * an address that the engine gave shows in the configuration although no step set it.
 */
function covers(value: unknown, expected: unknown, desired: unknown): boolean {
  if (isObject(expected) && isObject(value)) {
    const wanted = isObject(desired) ? desired : {};
    return Object.keys(expected).every((key) => covers(value[key], expected[key], wanted[key]));
  }
  return value === expected || (desired !== undefined && value === desired);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function valueAt(state: ClusterState, path: string): unknown {
  try {
    return jsonPatch.getValueByPointer(state, path);
  } catch {
    return undefined;
  }
}

/** Enough of a value to recognise it. */
function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}

/** Contents change by the minute under clients' hands; they say nothing about a step. */
function isJudged(operation: Operation): boolean {
  return !operation.path.endsWith('/contents');
}

export class Underway {
  readonly #started = new Map<string, Started>();

  get size(): number {
    return this.#started.size;
  }

  /** Whether something other than a wait is under way. */
  get working(): boolean {
    return [...this.#started.values()].some(({ planned }) => !isWait(planned.step));
  }

  has(id: string): boolean {
    return this.#started.has(id);
  }

  /** Locks that keep other steps from starting. Waits hold none: the step that they wait for may be needed again. */
  locks(): Set<Lock> {
    return new Set(
      [...this.#started.values()]
        .filter(({ planned }) => !isWait(planned.step))
        .flatMap(({ locks }) => locks),
    );
  }

  start(planned: PlannedStep, live: ClusterState, now: number): void {
    this.#started.set(planned.id, {
      planned,
      at: now,
      locks: stepLocks(planned.step, live),
      effect: stepEffect(planned.step, live).filter(isJudged),
      executing: !isWait(planned.step),
    });
  }

  /** The call to the outside has returned: from now on the effect is looked for. */
  executed(id: string): void {
    const started = this.#started.get(id);
    if (started !== undefined) started.executing = false;
  }

  /** The call to the outside was refused: the step is over. */
  refused(id: string, reason: string): Ended | undefined {
    const started = this.#started.get(id);
    if (started === undefined) return undefined;
    this.#started.delete(id);
    return { planned: started.planned, startedAt: started.at, outcome: { result: 'failed', reason } };
  }

  /**
   * Takes out every step whose effect shows, or whose deadline has passed.
   * @param proposed ids of the waits that are still called for; one that is not, is over.
   */
  settle(live: ClusterState, desired: ClusterState, now: number, proposed: ReadonlySet<string>): Ended[] {
    const ended: Ended[] = [];
    for (const [id, started] of this.#started) {
      if (started.executing) continue;
      const missing = started.effect.filter((operation) => !shows(operation, live, desired));
      const wait = isWait(started.planned.step);
      if (missing.length === 0 || (wait && !proposed.has(id))) {
        ended.push({ planned: started.planned, startedAt: started.at, outcome: { result: 'done' } });
      } else if (now - started.at > stepDeadlineMs(started.planned.step)) {
        const seconds = Math.round((now - started.at) / 1000);
        const shown = missing
          .slice(0, 3)
          .map((operation) => `${operation.path} is ${excerpt(valueAt(live, operation.path))}`);
        ended.push({
          planned: started.planned,
          startedAt: started.at,
          outcome: {
            result: 'failed',
            reason: `its effect does not show after ${seconds} s: ${shown.join(', ')}`,
          },
        });
      } else continue;
      this.#started.delete(id);
    }
    return ended;
  }
}
