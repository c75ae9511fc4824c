/** The rollouts under way: what the keepers tell goes into the books and to the forge, without a keeper ever waiting. */
import type { Problem } from '../../../spec-schema/problem.ts';
import { PortError } from '../../ports.ts';
import type { ReconcilerEvent } from '../reconciler-events.ts';
import type { Desk, RolloutRecord } from './desk.ts';
import { rolloutMessages } from './rollout-messages.ts';
import { afterPass, afterProgress } from './rollout-progress.ts';

/** Progress is told this often at most; results at once. */
const PROGRESS_SPACING_MS = 30_000;
/** So many events as come within this time are written down together. */
const GATHER_MS = 500;

export class Rollouts {
  readonly #desk: Desk;
  /** What is newer than the books. */
  readonly #news = new Map<string, RolloutRecord>();
  /** When the block that a cluster stands before was first seen. */
  readonly #blocked = new Map<string, number>();
  #writing: Promise<void> | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  of(cluster: string): RolloutRecord | undefined {
    return this.#news.get(cluster) ?? this.#desk.books.rollouts.get(cluster);
  }

  /** A judgement about a change that is on the branch: written down and said before anything is done about it. @throws PortError */
  async begin(record: RolloutRecord): Promise<void> {
    const { cluster } = record.rollout;
    const { books } = this.#desk;
    const before = this.of(cluster);
    if (before !== undefined && isSame(before, record)) return;
    if (before !== undefined && isStuck(before) && before.rollout.mergeCommit === record.rollout.mergeCommit)
      return this.#goOn(before, record);
    if (before !== undefined && isOpen(before) && before.rollout.mergeCommit !== record.rollout.mergeCommit) {
      const ended: RolloutRecord = {
        ...before,
        rollout: { ...before.rollout, state: 'superseded', endedAt: this.#desk.ports.clock.now() },
      };
      await books.outbox.put(rolloutMessages(this.#desk, ended));
    }
    this.#news.delete(cluster);
    this.#blocked.delete(cluster);
    await books.outbox.put(rolloutMessages(this.#desk, record));
    await books.rollouts.put(cluster, record);
  }

  /** Changes that are in force and wait for the approval of what comes next. */
  stuck(): string[] {
    return [...this.#desk.books.rollouts.values()].flatMap((record) =>
      isStuck(this.of(record.rollout.cluster) ?? record) ? [record.rollout.cluster] : [],
    );
  }

  /** Whether what a keeper meets now belongs to a change, not to drift. */
  isUnderWay(cluster: string): boolean {
    const record = this.of(cluster);
    return record !== undefined && isBegun(record);
  }

  /** What has been done stays done; the plan is another one, and goes on or waits for somebody. */
  async #goOn(before: RolloutRecord, { change, rollout }: RolloutRecord): Promise<void> {
    const { state, plan, problems } = rollout;
    const shown = {
      state,
      plan,
      problems:
        state === 'held'
          ? [...before.rollout.problems.filter(isUnapproved), ...problems.filter((one) => !isUnapproved(one))]
          : problems,
    };
    const next: RolloutRecord = { ...before, change, rollout: { ...before.rollout, ...shown } };
    if (JSON.stringify(next) === JSON.stringify(before)) return;
    const { books } = this.#desk;
    this.#news.delete(rollout.cluster);
    await books.outbox.put(rolloutMessages(this.#desk, next));
    await books.rollouts.put(rollout.cluster, next);
  }

  /** Never waits, never throws: whatever it hears is written down a moment later. */
  record(event: ReconcilerEvent, signal: AbortSignal): void {
    if (event.kind !== 'progress' && event.kind !== 'pass') return;
    const { cluster, cause } = event;
    const record = this.of(cluster);
    // A pass for what was in force before says nothing about this change.
    if (record === undefined || !isBegun(record) || cause.commit === record.before) return;
    const rollout =
      event.kind === 'progress'
        ? afterProgress(record.rollout, event.event)
        : afterPass(
            record.rollout,
            event.status,
            this.#desk.ports.clock.now(),
            this.#blockedSince(cluster, event.status.status),
          );
    if (rollout === record.rollout) return;
    this.#news.set(cluster, { ...record, rollout });
    this.#writing ??= this.#write(signal);
  }

  #blockedSince(cluster: string, status: string): number | undefined {
    if (status !== 'blocked') {
      this.#blocked.delete(cluster);
      return undefined;
    }
    const since = this.#blocked.get(cluster) ?? this.#desk.ports.clock.now();
    this.#blocked.set(cluster, since);
    return since;
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { books, ports } = this.#desk;
    while (this.#news.size > 0 && !signal.aborted) {
      await ports.clock.sleep(GATHER_MS, signal);
      for (const [cluster, record] of [...this.#news]) {
        try {
          const { state } = record.rollout;
          const spacing = state === 'running' ? PROGRESS_SPACING_MS : 0;
          await books.outbox.put(rolloutMessages(this.#desk, record), spacing);
          await books.rollouts.put(cluster, record);
        } catch (error) {
          // The disk is in trouble: the news stay news.
          if (error instanceof PortError) continue;
          this.#desk.defect(error);
        }
        if (this.#news.get(cluster) === record) this.#news.delete(cluster);
      }
    }
    this.#writing = undefined;
  }
}

function isOpen({ rollout: { state } }: RolloutRecord): boolean {
  return state === 'running' || state === 'held';
}

/** It was admitted: what its keeper does now is about it. */
function isBegun({ rollout: { state, begunAt } }: RolloutRecord): boolean {
  return begunAt !== undefined && state !== 'done' && state !== 'superseded';
}

function isUnapproved({ code }: Problem): boolean {
  return code === 'needs-approval';
}

function isStuck(record: RolloutRecord): boolean {
  const { state, problems } = record.rollout;
  return isBegun(record) && state === 'held' && problems.some(isUnapproved);
}

/** Whether a judgement says what is written down already. One that runs is not begun again by being admitted again. */
function isSame(before: RolloutRecord, now: RolloutRecord): boolean {
  if (before.rollout.mergeCommit !== now.rollout.mergeCommit || before.spec !== now.spec) return false;
  if (now.rollout.state === 'running') return before.rollout.begunAt !== undefined && !isStuck(before);
  return (
    JSON.stringify(before.rollout) === JSON.stringify(now.rollout) && before.pullRequest === now.pullRequest
  );
}
