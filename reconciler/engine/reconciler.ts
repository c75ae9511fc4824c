/**
 * The long-running reconciler: follows a branch, converges every cluster of it on its own, and looks for drift in
 * between. Polling is the truth; engine events only shorten the wait.
 */
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import type { Commit, Leases, SpecRepository } from '../ports.ts';
import { PortError } from '../ports.ts';
import type { Ports } from './cluster.ts';
import { Keeper } from './keeper.ts';
import type { KeeperStatus } from './keeper-status.ts';
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
}

export class Reconciler {
  readonly #ports: Ports;
  readonly #leases: Leases;
  readonly #source: SpecSource;
  readonly #settings: ReconcilerSettings;
  readonly #report: (event: ReconcilerEvent) => void;
  readonly #keepers = new Map<string, { readonly keeper: Keeper; readonly done: Promise<void> }>();
  readonly #invalid = new Map<string, readonly Problem[]>();
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
  ) {
    this.#ports = ports;
    this.#leases = leases;
    this.#source = new SpecSource(repository, ports.store);
    this.#settings = settings;
    this.#report = report;
  }

  status(): ReconcilerStatus {
    return {
      commit: this.#commit,
      polledAt: this.#polledAt,
      repositoryFailure: this.#repositoryFailure,
      clusters: Object.fromEntries([...this.#keepers].map(([name, { keeper }]) => [name, keeper.status()])),
      invalid: Object.fromEntries(this.#invalid),
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
      const change = await this.#source.poll(signal);
      this.#polledAt = this.#ports.clock.now();
      this.#repositoryFailure = undefined;
      if (change !== undefined) this.#accept(change, signal);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      if (signal.aborted) return;
      // The last good spec stays in force; the clusters are looked after as before.
      if (this.#repositoryFailure !== error.message)
        this.#report({ kind: 'repository-unreachable', reason: error.message });
      this.#repositoryFailure = error.message;
    }
  }

  #accept(change: SpecChange, signal: AbortSignal): void {
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
    for (const { path, spec, commit } of change.specs) {
      this.#keep(spec, commit, signal);
      this.#report({ kind: 'spec-accepted', cluster: spec.metadata.name, path, commit });
    }
    for (const { path, cluster } of change.gone)
      this.#report({ kind: 'spec-gone', cluster, path, commit: change.commit.id });
  }

  #keep(spec: ClusterSpec, commit: string, signal: AbortSignal): void {
    const name = spec.metadata.name;
    const existing = this.#keepers.get(name);
    if (existing !== undefined) {
      existing.keeper.follow(spec, commit);
      return;
    }
    const keeper = new Keeper(spec, commit, this.#ports, this.#leases, this.#settings, this.#report);
    this.#keepers.set(name, { keeper, done: keeper.run(signal) });
  }
}
