/** Whether the loops are alive: every sign of life of every cluster, and how old the last one is. */
import type { ReconcilerStatus } from '../../engine/reconciler.ts';
import type { ReconcilerEvent } from '../../engine/reconciler-events.ts';

/** What `/healthz` and `/readyz` answer. */
export interface Verdict {
  readonly ok: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

export class Vitals {
  readonly #now: () => number;
  readonly #status: () => ReconcilerStatus;
  readonly #silenceMs: number;
  readonly #signs = new Map<string, number>();
  readonly #startedAt: number;

  /** @param driftMs time between two passes over a converged cluster. */
  constructor(now: () => number, status: () => ReconcilerStatus, driftMs: number) {
    this.#now = now;
    this.#status = status;
    // A pass may have to wait for silent hosts and for calls that are out; three intervals are no accident any more.
    this.#silenceMs = Math.max(60_000, 3 * driftMs);
    this.#startedAt = now();
  }

  record(event: ReconcilerEvent): void {
    if (event.kind === 'progress' || event.kind === 'pass') this.#signs.set(event.cluster, this.#now());
  }

  /** Alive: no cluster's loop has been silent for too long. What the loops found plays no part: a restart would not help. */
  health(): Verdict {
    const now = this.#now();
    const clusters = Object.entries(this.#status().clusters).map(([name, { status, checkedAt }]) => {
      const last = Math.max(this.#startedAt, this.#signs.get(name) ?? 0, checkedAt ?? 0);
      return { name, status, silentMs: now - last };
    });
    // One that waits for its lease has no loop of its own yet.
    const stuck = clusters.filter(
      ({ status, silentMs }) => status !== 'standby' && silentMs > this.#silenceMs,
    );
    return { ok: stuck.length === 0, details: { limitMs: this.#silenceMs, clusters } };
  }

  /**
   * Ready: the repository has been read and every cluster has been looked at once, whatever was found. A blocked
   * cluster is a matter for people and alerts (`/metrics`), not for whatever restarts processes.
   */
  readiness(): Verdict {
    const { commit, repositoryFailure, clusters, invalid, held, standby } = this.#status();
    const waiting = Object.entries(clusters)
      .filter(([, { checkedAt }]) => checkedAt === undefined)
      .map(([name]) => name);
    return {
      ok: commit !== undefined && waiting.length === 0,
      details: {
        commit: commit?.id,
        repositoryFailure,
        standby,
        waiting,
        clusters: Object.fromEntries(
          Object.entries(clusters).map(([name, keeper]) => [
            name,
            {
              status: keeper.status,
              commit: keeper.commit,
              checkedAt:
                keeper.checkedAt === undefined ? undefined : new Date(keeper.checkedAt).toISOString(),
              blocks: keeper.blocks.map(({ code, subject, summary }) => ({ code, subject, summary })),
              failures: keeper.failures,
            },
          ]),
        ),
        held: Object.fromEntries(
          Object.entries(held).map(([name, { code, summary, hint }]) => [name, { code, summary, hint }]),
        ),
        invalid: Object.fromEntries(
          Object.entries(invalid).map(([path, problems]) => [path, problems.length]),
        ),
      },
    };
  }
}
