/** Steps that were started and whose effect does not show yet: they hold their locks and have a deadline. */
import type { Operation } from 'fast-json-patch';
import jsonPatch from 'fast-json-patch';
import type { ClusterState } from '../model/cluster-state.ts';
import type { PlannedStep } from '../planner/next-steps.ts';
import type { Lock } from '../steps/step.ts';
import {
  canBeWatched,
  isUnderWay,
  isWait,
  type Step,
  stepDeadlineMs,
  stepEffect,
  stepLocks,
} from '../steps/table.ts';
import type { StepOutcome } from './progress.ts';
import type { Watched } from './watch.ts';

interface Started {
  readonly planned: PlannedStep;
  readonly at: number;
  readonly locks: readonly Lock[];
  readonly effect: readonly Operation[];
  /** What was there when the step was started. */
  readonly before: ClusterState;
  /** When the call to the outside returned; until then the effect cannot be judged. */
  executedAt: number | undefined;
  /** What the step counted before it began, for its verification. */
  evidence: unknown;
}

/** Work that goes on after a step was accepted shows at the latest after this long. */
const SHOWS_MS = 2_000;

export interface Ended {
  readonly planned: PlannedStep;
  readonly startedAt: number;
  readonly outcome: StepOutcome;
  readonly evidence: unknown;
}

/** Whether the document shows what an operation makes, or has come to what is desired in its place. */
function shows(
  operation: Operation,
  before: ClusterState,
  live: ClusterState,
  desired: ClusterState,
): boolean {
  const value = valueAt(live, operation.path);
  if (operation.op === 'remove') return value === undefined;
  if (operation.op !== 'add' && operation.op !== 'replace') return true;
  const field = operation.path.slice(operation.path.lastIndexOf('/') + 1);
  return (
    covers(value, operation.value, valueAt(desired, operation.path), valueAt(before, operation.path)) ||
    isFurther(field, value, operation.value)
  );
}

/** Fields that go on by themselves after a step, in the order in which they do. */
const PROGRESS: Readonly<Record<string, readonly unknown[]>> = {
  link: ['down', 'syncing', 'up'],
  synced: [false, true],
  copy: ['partial', 'whole'],
  soaked: [false, true],
};

/** Whether a field has got further than the step alone would have brought it: it was quicker than the next look. */
function isFurther(field: string, value: unknown, expected: unknown): boolean {
  const order = PROGRESS[field];
  if (order === undefined || !order.includes(expected)) return false;
  return order.indexOf(value) > order.indexOf(expected);
}

/**
 * Whether `value` is what was expected or, part by part, has become what is desired. Having been so all the time is no
 * sign: a switchover before a restart makes something that nobody desires in the end. What nobody expected may be there beside it:
 * an address that the engine gave shows in the configuration although no step set it.
 */
function covers(value: unknown, expected: unknown, desired: unknown, before: unknown): boolean {
  if (isObject(expected) && isObject(value)) {
    const wanted = isObject(desired) ? desired : {};
    const former = isObject(before) ? before : {};
    return Object.keys(expected).every((key) => covers(value[key], expected[key], wanted[key], former[key]));
  }
  return value === expected || (desired !== undefined && value === desired && value !== before);
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

/** Steps after which a node comes back into a cluster that has gone on without it. */
const STARTS: ReadonlySet<Step['kind']> = new Set([
  'start-node',
  'restart-node',
  'deploy-node',
  'await-start',
]);
/** Steps that leave every container as it is. */
const MOVES_DATA: ReadonlySet<Step['kind']> = new Set([
  'migrate-slots',
  'await-migration',
  'await-sync',
  'await-agreement',
]);
/** Which place it takes there is the cluster's to say: somebody may have been elected or given its slots meanwhile. */
const PLACE: ReadonlySet<string> = new Set(['role', 'replicaOf', 'link', 'synced', 'copy']);

/** Whether the members still list a node that came back without them, and so what it is once it is stopped, is theirs to say. */
const LISTING: ReadonlySet<string> = new Set(['membership', 'epoch', ...PLACE]);

/** Contents change by the minute under clients' hands; they say nothing about a step. */
function isJudged({ kind }: Step, { path }: Operation): boolean {
  const field = path.slice(path.lastIndexOf('/') + 1);
  if (field === 'contents') return false;
  if (kind === 'fence-node') return !LISTING.has(field);
  return !(STARTS.has(kind) && PLACE.has(field));
}

export class Underway {
  readonly #started = new Map<string, Started>();
  readonly #deadlineMs: (step: Step) => number;

  /** @param deadlineMs how long a step may take; by default what its kind says. */
  constructor(deadlineMs: (step: Step) => number = stepDeadlineMs) {
    this.#deadlineMs = deadlineMs;
  }

  get size(): number {
    return this.#started.size;
  }

  /** Whether something other than a wait is under way. */
  get working(): boolean {
    return [...this.#started.values()].some(({ planned }) => !isWait(planned.step));
  }

  /** Of what is under way, that whose end can be watched for. */
  watchable(): readonly Watched[] {
    return [...this.#started.values()]
      .map(({ planned: { step }, at }) => ({ step, at }))
      .filter(({ step }) => canBeWatched(step));
  }

  /** Whether something is under way, and all of it moves data between servers that go on running. */
  get onlyDataMoves(): boolean {
    return (
      this.size > 0 && [...this.#started.values()].every(({ planned }) => MOVES_DATA.has(planned.step.kind))
    );
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
      effect: stepEffect(planned.step, live).filter((operation) => isJudged(planned.step, operation)),
      before: live,
      executedAt: isWait(planned.step) ? now : undefined,
      evidence: undefined,
    });
  }

  /** The call to the outside has returned: from now on the effect is looked for. */
  executed(id: string, now: number, evidence: unknown): void {
    const started = this.#started.get(id);
    if (started === undefined) return;
    started.executedAt = now;
    started.evidence = evidence;
  }

  /** The call to the outside was refused: the step is over. */
  refused(id: string, reason: string): Ended | undefined {
    const started = this.#started.get(id);
    if (started === undefined) return undefined;
    this.#started.delete(id);
    return {
      planned: started.planned,
      startedAt: started.at,
      outcome: { result: 'failed', reason },
      evidence: undefined,
    };
  }

  /**
   * Takes out every step whose effect shows, whose deadline has passed, or whose work has ended without effect.
   * @param proposed ids of the waits that are still called for; one that is not, is over.
   */
  settle(live: ClusterState, desired: ClusterState, now: number, proposed: ReadonlySet<string>): Ended[] {
    const ended: Ended[] = [];
    for (const [id, started] of this.#started) {
      const outcome = this.#outcomeOf(started, live, desired, now, proposed.has(id));
      if (outcome === undefined) continue;
      this.#started.delete(id);
      ended.push({ planned: started.planned, startedAt: started.at, outcome, evidence: started.evidence });
    }
    return ended;
  }

  #outcomeOf(
    { planned: { step }, at, executedAt, effect, before }: Started,
    live: ClusterState,
    desired: ClusterState,
    now: number,
    calledFor: boolean,
  ): StepOutcome | undefined {
    if (executedAt === undefined) return undefined;
    const missing = effect.filter((operation) => !shows(operation, before, live, desired));
    if (missing.length === 0 || (isWait(step) && !calledFor)) return { result: 'done' };
    const seconds = Math.round((now - at) / 1000);
    const shown = missing
      .slice(0, 3)
      .map((operation) => `${operation.path} is ${excerpt(valueAt(live, operation.path))}`)
      .join(', ');
    if (now - at > this.#deadlineMs(step)) {
      return { result: 'failed', reason: `its effect does not show after ${seconds} s: ${shown}` };
    }
    if (isUnderWay(step, live) === false && now - executedAt > SHOWS_MS) {
      return { result: 'failed', reason: `it has ended without effect after ${seconds} s: ${shown}` };
    }
    return undefined;
  }
}
