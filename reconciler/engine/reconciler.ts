/**
 * The long-running reconciler: follows a branch, converges every cluster of it on its own, and looks for drift in
 * between. Polling is the truth; engine events only shorten the wait.
 */
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import type { Commit, Leases, SpecRepository } from '../ports.ts';
import { PortError } from '../ports.ts';
import type { Ports } from './cluster.ts';
import { SpecsInForce } from './in-force.ts';
import { Keeper } from './keeper.ts';
import type { KeeperStatus } from './keeper-status.ts';
import { Offers } from './offers.ts';
import type { PullRequests } from './pull-requests/pull-requests.ts';
import type { ReconcilerEvent, ReconcilerSettings } from './reconciler-events.ts';
import { type SpecChange, SpecSource } from './spec-source.ts';

/** Between two looks at the repository, whoever wakes us. */
const SOONEST_MS = 2_000;

export interface ReconcilerStatus {
  readonly commit: Commit | undefined;
  /** When the repository was last read, in milliseconds since the epoch. */
  readonly polledAt: number | undefined;
  readonly repositoryFailure: string | undefined;
  readonly clusters: Readonly<Record<string, KeeperStatus>>;
  /** Problems of spec files that were not accepted, by path. */
  readonly invalid: Readonly<Record<string, readonly Problem[]>>;
  /** Why changes on the branch are not in force, by cluster. */
  readonly held: Readonly<Record<string, Problem>>;
  /** Why another process acts on the repository; undefined while this one does. */
  readonly standby: string | undefined;
}

interface Kept {
  readonly keeper: Keeper;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

export class Reconciler {
  readonly #ports: Ports;
  readonly #leases: Leases;
  #source: SpecSource;
  readonly #settings: ReconcilerSettings;
  readonly #report: (event: ReconcilerEvent) => void;
  readonly #keepers = new Map<string, Kept>();
  readonly #invalid = new Map<string, readonly Problem[]>();
  readonly #repository: SpecRepository;
  readonly #pullRequests: PullRequests | undefined;
  #offers: Offers | undefined;
  #term: AbortSignal | undefined;
  /** What the branch said last, until all of it has been taken up. */
  #change: SpecChange | undefined;
  #commit: Commit | undefined;
  #polledAt: number | undefined;
  #repositoryFailure: string | undefined;
  #alarm = new AbortController();

  constructor(
    ports: Ports,
    repository: SpecRepository,
    leases: Leases,
    settings: ReconcilerSettings,
    report: (event: ReconcilerEvent) => void,
    /** With a forge, what is on the branch comes into force only as it was shown and approved there. */
    pullRequests?: PullRequests,
  ) {
    this.#repository = repository;
    this.#pullRequests = pullRequests;
    this.#ports = ports;
    this.#leases = leases;
    this.#source = new SpecSource(repository, ports.store);
    this.#settings = settings;
    this.#report = (event) => {
      pullRequests?.record(event);
      report(event);
    };
  }

  status(): ReconcilerStatus {
    return {
      commit: this.#commit,
      polledAt: this.#polledAt,
      repositoryFailure: this.#repositoryFailure,
      clusters: Object.fromEntries([...this.#keepers].map(([name, { keeper }]) => [name, keeper.status()])),
      invalid: Object.fromEntries(this.#invalid),
      held: Object.fromEntries(this.#offers?.held ?? []),
      standby: this.#pullRequests?.standby,
    };
  }

  /** Runs until `signal` is aborted; every cluster then stops between steps. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#poll(signal);
      await this.#wait(signal);
    }
    await Promise.all([...this.#keepers.values()].map(({ done }) => done));
  }

  /** Looks at the repository soon instead of at the next interval. However often it is called: seldom more than usual. */
  wake(): void {
    this.#alarm.abort();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const atLeast = Math.min(SOONEST_MS, this.#settings.pollMs);
    await clock.sleep(atLeast, signal);
    const more = this.#settings.pollMs - atLeast;
    if (more > 0) await clock.sleep(more, AbortSignal.any([signal, this.#alarm.signal]));
    this.#alarm = new AbortController();
  }

  async #poll(signal: AbortSignal): Promise<void> {
    try {
      const term = await this.#termOf(signal);
      if (term !== undefined) {
        this.#change = (await this.#source.poll(term)) ?? this.#change;
        if (this.#change !== undefined) await this.#accept(this.#change, term);
        this.#change = undefined;
        this.#lookAtProposals(term);
      }
      this.#polledAt = this.#ports.clock.now();
      this.#repositoryFailure = undefined;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      if (signal.aborted) return;
      // The last good spec stays in force; the clusters are looked after as before.
      if (this.#repositoryFailure !== error.message)
        this.#report({ kind: 'repository-unreachable', reason: error.message });
      this.#repositoryFailure = error.message;
    }
  }

  /**
   * For how long we act. With a forge, one process acts on a repository: whoever takes over begins with what is in force
   * by then, and only then looks after any cluster.
   */
  async #termOf(signal: AbortSignal): Promise<AbortSignal | undefined> {
    if (this.#pullRequests === undefined) return signal;
    const term = await this.#pullRequests.term(signal);
    if (term === undefined || term === this.#term) return term;
    await Promise.all([...this.#keepers.values()].map(({ done }) => done));
    this.#keepers.clear();
    this.#offers = await this.#resume(this.#pullRequests, term);
    this.#source = new SpecSource(this.#repository, this.#ports.store);
    this.#term = term;
    return term;
  }

  /** What is in force is looked after before the repository has answered. */
  async #resume(admission: PullRequests, term: AbortSignal): Promise<Offers> {
    const inForce = await SpecsInForce.open(this.#ports.store);
    for (const { spec, commit, approved } of inForce.all().values()) this.#keep(spec, commit, term, approved);
    return new Offers({
      admission,
      inForce,
      report: this.#report,
      keep: (spec, commit, approved) => this.#keep(spec, commit, term, approved),
      letGo: (cluster) => {
        this.#keepers.get(cluster)?.stop.abort();
        this.#keepers.delete(cluster);
      },
      followed: (cluster) => this.#keepers.get(cluster)?.keeper.status().commit,
    });
  }

  /** Beside the poll of the branch, which never waits for a forge. */
  #lookAtProposals(signal: AbortSignal): void {
    if (this.#pullRequests === undefined || this.#commit === undefined) return;
    const wake = (cluster: string): void => this.#keepers.get(cluster)?.keeper.wake();
    // What people have said may have changed what is judged.
    this.#pullRequests
      .poll(this.#commit, wake, signal)
      .then(() => this.#offers?.judge(signal))
      .catch((error: unknown) => this.#report({ kind: 'defect', cluster: 'pull requests', error }));
    this.#offers?.judge(signal);
  }

  async #accept(change: SpecChange, signal: AbortSignal): Promise<void> {
    this.#commit = change.commit;
    this.#report({ kind: 'commit', commit: change.commit, forced: change.forced, previous: change.previous });
    this.#invalid.clear();
    for (const { path, problems, keeping } of change.invalid) {
      this.#invalid.set(path, problems);
      this.#report({
        kind: 'spec-invalid',
        path,
        commit: change.commit.id,
        problems,
        keeping: keeping?.commit,
      });
    }
    if (this.#offers !== undefined) await this.#offers.take(change);
    for (const { path, spec, commit } of this.#offers === undefined ? change.specs : []) {
      this.#keep(spec, commit, signal);
      this.#report({ kind: 'spec-accepted', cluster: spec.metadata.name, path, commit });
    }
    for (const { path, cluster } of change.gone)
      this.#report({ kind: 'spec-gone', cluster, path, commit: change.commit.id });
  }

  #keep(spec: ClusterSpec, commit: string, signal: AbortSignal, approved?: ReadonlySet<string>): void {
    const name = spec.metadata.name;
    const existing = this.#keepers.get(name);
    if (existing !== undefined) {
      existing.keeper.follow(spec, commit, approved);
      return;
    }
    const pullRequests = this.#pullRequests;
    const keeper = new Keeper(spec, commit, this.#ports, this.#leases, this.#settings, this.#report, {
      approved,
      ...(pullRequests === undefined ? {} : { brake: (cluster, now) => pullRequests.brakeOn(cluster, now) }),
    });
    const stop = new AbortController();
    this.#keepers.set(name, { keeper, stop, done: keeper.run(AbortSignal.any([signal, stop.signal])) });
  }
}
