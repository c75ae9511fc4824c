/** The journal: what ran, why, from which commit, with which result. Evidence for people; nothing is decided by it. */
import type { StateStore } from '../ports.ts';
import type { ProgressEvent } from './progress.ts';

/** Where a pass comes from. */
export interface Cause {
  /** `change`: the spec moved. `drift`: the live cluster did. `manual`: a person ran it from a shell. */
  readonly kind: 'change' | 'drift' | 'manual';
  /** Commit that the spec is from, undefined when it is not from Git. */
  readonly commit?: string;
}

export interface JournalEntry {
  readonly at: string;
  readonly cluster: string;
  readonly step: string;
  readonly reason: string;
  readonly cause: Cause['kind'];
  readonly commit?: string;
  readonly durationMs: number;
  readonly result: 'done' | 'failed';
  readonly error?: string;
}

/** The entry for a step that has ended; undefined for every other event. */
export function journalEntry(cluster: string, cause: Cause, event: ProgressEvent): JournalEntry | undefined {
  if (event.kind !== 'step-ended') return undefined;
  return {
    at: new Date(event.at).toISOString(),
    cluster,
    step: event.step.id,
    reason: event.step.because,
    cause: cause.kind,
    ...(cause.commit === undefined ? {} : { commit: cause.commit }),
    durationMs: event.durationMs,
    result: event.outcome.result,
    ...(event.outcome.result === 'failed' ? { error: event.outcome.reason } : {}),
  };
}

export async function writeJournal(store: StateStore, entry: JournalEntry): Promise<void> {
  await store.append(`clusters/${entry.cluster}/journal.jsonl`, JSON.stringify(entry));
}
