/** A real cluster in the care of a keeper, as `redisforge run` has it: woken by engine events, by drift, by commits. */
import { join } from 'node:path';
import { SystemClock } from '../../reconciler/adapters/state/clock.ts';
import { FileLeases } from '../../reconciler/adapters/state/file-leases.ts';
import type { Ports } from '../../reconciler/engine/cluster.ts';
import { Keeper } from '../../reconciler/engine/keeper.ts';
import type { KeeperStatus } from '../../reconciler/engine/keeper-status.ts';
import type { ReconcilerEvent } from '../../reconciler/engine/reconciler-events.ts';
import { eventually } from './lab-containers.ts';
import { portsIn, type RealCluster } from './real-cluster.ts';

export interface KeepingOptions {
  /** Between two looks without an event. */
  readonly driftMs?: number;
  readonly holder?: string;
  /** Ports in place of those of a fresh process. */
  readonly ports?: Ports;
}

export class Keeping {
  readonly events: ReconcilerEvent[] = [];
  readonly #cluster: RealCluster;
  readonly #keeper: Keeper;
  readonly #ports: Ports;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #commits = 1;

  private constructor(cluster: RealCluster, options: KeepingOptions) {
    this.#cluster = cluster;
    this.#ports = options.ports ?? portsIn(cluster.directory);
    this.#keeper = new Keeper(
      cluster.spec,
      'commit-1',
      this.#ports,
      new FileLeases(join(cluster.directory, 'leases'), new SystemClock()),
      { pollMs: 1000, driftMs: options.driftMs ?? 2000, holder: options.holder ?? 'test' },
      (event) => this.events.push(event),
    );
    this.#done = this.#keeper.run(this.#stop.signal);
  }

  /** Starts looking after a cluster; it ends with the cluster at the latest. */
  static start(cluster: RealCluster, options: KeepingOptions = {}): Keeping {
    const keeping = new Keeping(cluster, options);
    cluster.alsoRemove(() => keeping.stop());
    return keeping;
  }

  status(): KeeperStatus {
    return this.#keeper.status();
  }

  /** Merges the spec as the cluster has it now. */
  commit(): void {
    this.#commits += 1;
    this.#keeper.follow(this.#cluster.spec, `commit-${this.#commits}`);
  }

  /** Ids of the steps that were started, in order, without the cluster's name. */
  steps(): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'progress' && event.event.kind === 'step-started'
        ? [this.#cluster.short(event.event.step.id)]
        : [],
    );
  }

  /** Waits until the keeper has seen the cluster as the spec wants it, in a pass that began after now. */
  async converged(deadlineMs = 60_000): Promise<void> {
    const since = Date.now();
    await eventually(
      'the keeper has converged',
      () => {
        const { status, checkedAt, commit } = this.status();
        return status === 'converged' && (checkedAt ?? 0) >= since && commit === `commit-${this.#commits}`;
      },
      deadlineMs,
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await Promise.all([this.#ports.redis.close(), this.#ports.engines.close()]);
  }
}
