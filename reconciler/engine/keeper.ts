/** The keeper of one cluster: holds its lease, converges it after a change, on an interval, or when an engine says so. */
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { Hold } from '../planner/holds.ts';
import { type Lease, type Leases, PortError } from '../ports.ts';
import type { Lock } from '../steps/step.ts';
import type { StepName } from '../steps/table.ts';
import { approvedBy } from './approval.ts';
import { type Cluster, openCluster, type Ports } from './cluster.ts';
import { converge, type FailedStep, locksOf, type Outcome } from './converge.ts';
import type { Observation } from './interpret/interpret.ts';
import { type Cause, journalEntry, writeJournal } from './journal.ts';
import type { KeeperStatus } from './keeper-status.ts';
import type { ProgressEvent } from './progress.ts';
import type { ReconcilerEvent, ReconcilerSettings } from './reconciler-events.ts';
import { watchEngines } from './wake.ts';

/** A step that failed rests for a time that doubles; everything that needs none of its locks goes on. */
const FIRST_REST_MS = 5_000;
const LONGEST_REST_MS = 300_000;

/**
 * Members know nothing of a forgotten one for 60 seconds; then whoever missed the FORGET may tell them of it again. So
 * long after such a step there is another look, however seldom drift is looked for.
 */
const BAN_MS = 61_000;
const FORGETS: ReadonlySet<StepName> = new Set(['remove-node', 'remove-surge', 'forget-ghost']);

interface Rest {
  readonly until: number;
  readonly locks: readonly Lock[];
  readonly times: number;
}

/** What binds a keeper beside the spec. */
export interface KeeperBonds {
  /** Ids of the destructive steps that may be carried out; without it those of the first plan for the commit. */
  readonly approved?: ReadonlySet<string> | undefined;
  /** A pause or a stop that somebody has asked for. */
  readonly brake?: (cluster: string, now: number) => Hold | undefined;
}

/** One pass, and what it is for. */
interface Turn {
  /** Milliseconds since the epoch; 0 when nothing was looked at. */
  readonly begun: number;
  readonly commit: string;
  /** Aborted when a newer spec takes the place of this one. */
  readonly outdated: AbortSignal;
}

export class Keeper {
  readonly #ports: Ports;
  readonly #leases: Leases;
  readonly #settings: ReconcilerSettings;
  readonly #report: (event: ReconcilerEvent) => void;
  readonly #resting = new Map<string, Rest>();
  /** When it has to be seen that what was forgotten has stayed so. */
  #forgottenAt = Number.POSITIVE_INFINITY;
  #spec: ClusterSpec;
  #commit: string;
  readonly #brake: KeeperBonds['brake'];
  #approved: ReadonlySet<string> | undefined;
  #convergedCommit: string | undefined;
  #wake = new AbortController();
  /** Aborted, and replaced, with each event: also in the middle of a pass. */
  #news = new AbortController();
  /** Aborted when the spec in force is replaced, to end a pass for the old one between steps. */
  #outdated = new AbortController();
  #status: KeeperStatus;

  constructor(
    spec: ClusterSpec,
    commit: string,
    ports: Ports,
    leases: Leases,
    settings: ReconcilerSettings,
    report: (event: ReconcilerEvent) => void,
    { approved, brake }: KeeperBonds = {},
  ) {
    this.#approved = approved;
    this.#brake = brake;
    this.#spec = spec;
    this.#commit = commit;
    this.#ports = ports;
    this.#leases = leases;
    this.#settings = settings;
    this.#report = report;
    this.#status = {
      status: 'starting',
      commit,
      checkedAt: undefined,
      blocks: [],
      failures: [],
      observation: undefined,
      stepsDone: 0,
      stepsFailed: 0,
    };
  }

  status(): KeeperStatus {
    return this.#status;
  }

  /** A newer spec: taken up after the present pass, which is cut short between steps. */
  follow(spec: ClusterSpec, commit: string, approved?: ReadonlySet<string>): void {
    const same =
      JSON.stringify(spec) === JSON.stringify(this.#spec) &&
      sorted(approved).join() === sorted(this.#approved).join();
    this.#approved = approved;
    this.#spec = spec;
    this.#commit = commit;
    if (same) {
      if (this.#convergedCommit !== undefined) this.#convergedCommit = commit;
      this.#status = { ...this.#status, commit };
      return;
    }
    this.#resting.clear();
    this.#outdated.abort();
    this.#outdated = new AbortController();
    this.wake();
  }

  /** Ends the wait between passes, and in the middle of one the wait between two looks. */
  wake(): void {
    this.#wake.abort();
    this.#news.abort();
    this.#news = new AbortController();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let lease: Lease | undefined;
      try {
        lease = await this.#leases.acquire(this.#spec.metadata.name, this.#settings.holder);
        await this.#hold(AbortSignal.any([signal, lease.lost]));
      } catch (error) {
        if (!(error instanceof PortError)) throw error;
        // Somebody else acts on this cluster: say so, look again later, touch nothing.
        const turn: Turn = { begun: 0, commit: this.#commit, outdated: this.#outdated.signal };
        this.#set('standby', { failures: [{ step: 'lease', reason: error.message }] }, turn);
        this.#report({
          kind: 'pass',
          cluster: this.#spec.metadata.name,
          cause: { kind: 'drift', commit: this.#commit },
          status: this.#status,
          durationMs: 0,
          steps: 0,
        });
        await this.#ports.clock.sleep(this.#settings.driftMs, signal);
      } finally {
        await lease?.release();
      }
    }
  }

  /** Looks after the cluster while the lease is held. */
  async #hold(signal: AbortSignal): Promise<void> {
    let watching: { spec: ClusterSpec; stop: AbortController } | undefined;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const spec = this.#spec;
      if (watching?.spec !== spec) {
        watching?.stop.abort();
        watching = { spec, stop: new AbortController() };
        void watchEngines(spec, this.#ports, AbortSignal.any([signal, watching.stop.signal]), () =>
          this.wake(),
        );
      }
      const pause = await this.#pass(spec, signal);
      await this.#ports.clock.sleep(pause, AbortSignal.any([signal, this.#wake.signal]));
    }
    watching?.stop.abort();
  }

  /** One pass; returns how long to wait before the next one, in milliseconds. */
  async #pass(spec: ClusterSpec, signal: AbortSignal): Promise<number> {
    const begun = this.#ports.clock.now();
    // A newer spec may come at any moment: what it approves, and that it has converged, is said of no other.
    const turn: Turn = { begun, commit: this.#commit, outdated: this.#outdated.signal };
    const agreed = this.#approved;
    const cause: Cause = {
      kind: this.#convergedCommit === this.#commit ? 'drift' : 'change',
      commit: this.#commit,
    };
    const { cluster, problems } = await openCluster(spec, this.#ports);
    if (cluster === undefined) {
      this.#set('blocked', { blocks: problems }, turn);
      return this.#settings.driftMs;
    }
    try {
      const approved = agreed ?? (await approvedBy(cluster, turn.commit));
      const brake = this.#brake;
      const outcome = await converge(cluster, {
        approved,
        signal: AbortSignal.any([signal, turn.outdated]),
        report: (event) => this.#progress(cause, event),
        resting: (now) => this.#restingLocks(now),
        ...(brake === undefined ? {} : { brake: (now) => brake(spec.metadata.name, now) }),
        news: () => this.#news.signal,
      });
      return this.#conclude(cluster, cause, outcome, turn);
    } catch (error) {
      // A defect in RedisForge must not end the care for this cluster, nor for the others.
      this.#report({ kind: 'defect', cluster: spec.metadata.name, error });
      this.#set(
        'failed',
        { failures: [{ step: 'pass', reason: error instanceof Error ? error.message : String(error) }] },
        turn,
      );
      return this.#settings.driftMs;
    }
  }

  #conclude(cluster: Cluster, cause: Cause, outcome: Outcome, turn: Turn): number {
    const now = this.#ports.clock.now();
    if (outcome.status === 'converged') {
      this.#resting.clear();
      this.#convergedCommit = this.#commitOf(turn);
    }
    if (outcome.status === 'failed')
      for (const failure of outcome.failures) this.#rest(failure, outcome.observation, now);
    const status =
      outcome.status === 'stopped'
        ? 'working'
        : outcome.status === 'blocked' && this.#resting.size > 0
          ? 'failed'
          : outcome.status;
    this.#set(
      status,
      {
        blocks: 'blocks' in outcome ? outcome.blocks : [],
        ...(outcome.status === 'failed'
          ? { failures: outcome.failures.map(({ step, reason }) => ({ step: step.id, reason })) }
          : outcome.status === 'converged'
            ? { failures: [] }
            : {}),
        ...(outcome.observation === undefined ? {} : { observation: outcome.observation }),
      },
      turn,
    );
    this.#report({
      kind: 'pass',
      cluster: cluster.intent.spec.metadata.name,
      cause,
      status: this.#status,
      durationMs: now - turn.begun,
      steps: outcome.steps,
    });
    // After a failure the rest goes on at once: what failed holds its locks while it rests.
    if (outcome.status === 'failed') return 0;
    if (this.#forgottenAt <= now) this.#forgottenAt = Number.POSITIVE_INFINITY;
    const soonest = Math.min(
      this.#forgottenAt - now,
      ...[...this.#resting.values()].map(({ until }) => until - now),
    );
    return Math.max(0, Math.min(this.#settings.driftMs, soonest));
  }

  #rest(failure: FailedStep, observation: Observation, now: number): void {
    const times = (this.#resting.get(failure.step.id)?.times ?? 0) + 1;
    const until = now + Math.min(FIRST_REST_MS * 2 ** (times - 1), LONGEST_REST_MS);
    this.#resting.set(failure.step.id, { until, times, locks: locksOf(failure, observation) });
  }

  #restingLocks(now: number): ReadonlySet<Lock> {
    // Further away than any rest can be: the clock was put back meanwhile, and the rest is over.
    const rests = ({ until }: Rest): boolean => until > now && until - now <= LONGEST_REST_MS;
    return new Set([...this.#resting.values()].filter(rests).flatMap(({ locks }) => locks));
  }

  #progress(cause: Cause, event: ProgressEvent): void {
    const cluster = this.#spec.metadata.name;
    if (event.kind === 'step-started') this.#status = { ...this.#status, status: 'working' };
    if (event.kind === 'step-ended') {
      const done = event.outcome.result === 'done';
      if (FORGETS.has(event.step.step.kind)) this.#forgottenAt = event.at + BAN_MS;
      this.#status = {
        ...this.#status,
        stepsDone: this.#status.stepsDone + (done ? 1 : 0),
        stepsFailed: this.#status.stepsFailed + (done ? 0 : 1),
      };
    }
    if (event.kind === 'observed') this.#status = { ...this.#status, observation: event.observation };
    this.#report({ kind: 'progress', cluster, cause, event });
    const entry = journalEntry(cluster, cause, event);
    // The journal is evidence, never a condition: a full disk must not stop a repair.
    if (entry !== undefined)
      void writeJournal(this.#ports.store, entry).catch((error: unknown) =>
        this.#report({ kind: 'defect', cluster, error }),
      );
  }

  /** The commit that a pass was for: the newest one, as long as that says the same. */
  #commitOf({ commit, outdated }: Turn): string {
    return outdated.aborted ? commit : this.#commit;
  }

  #set(status: KeeperStatus['status'], changes: Partial<KeeperStatus>, turn: Turn): void {
    this.#status = {
      ...this.#status,
      blocks: [],
      ...changes,
      status,
      commit: this.#commitOf(turn),
      checkedAt: turn.begun,
    };
  }
}

function sorted(ids: ReadonlySet<string> | undefined): string[] {
  return [...(ids ?? [])].sort();
}
