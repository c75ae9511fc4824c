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

/** Commits of this process: no two specs have the same one, whoever keeps them. */
let commits = 0;

export class Keeping {
  readonly events: ReconcilerEvent[] = [];
  readonly #cluster: RealCluster;
  readonly #keeper: Keeper;
  readonly #ports: Ports;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #commit = nextCommit();

  private constructor(cluster: RealCluster, options: KeepingOptions) {
    this.#cluster = cluster;
    this.#ports = options.ports ?? portsIn(cluster.directory);
    this.#keeper = new Keeper(
      cluster.spec,
      this.#commit,
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
    this.#commit = nextCommit();
    this.#keeper.follow(this.#cluster.spec, this.#commit);
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
    const holds = (): boolean => {
      const { status, checkedAt, commit } = this.status();
      return status === 'converged' && (checkedAt ?? 0) >= since && commit === this.#commit;
    };
    try {
      await eventually('the keeper has converged', holds, deadlineMs);
    } catch (error) {
      const { status, blocks, failures } = this.status();
      const why = [
        ...blocks.map(({ code, summary }) => `${code}: ${summary}`),
        ...failures.map(({ step, reason }) => `${step}: ${reason}`),
      ];
      throw new Error(this.#cluster.short(`${(error as Error).message}: ${status}: ${why.join('; ')}`));
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await Promise.all([this.#ports.redis.close(), this.#ports.engines.close()]);
  }
}

function nextCommit(): string {
  commits += 1;
  return `commit-${commits}`;
}
