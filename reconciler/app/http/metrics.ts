/** Numbers for Prometheus: counted from events as they happen, the rest read from the status when it is asked for. */

import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { GithubNumbers } from '../../adapters/github/meter.ts';
import type { KeeperStatus } from '../../engine/keeper-status.ts';
import type { ReconcilerStatus } from '../../engine/reconciler.ts';
import type { ReconcilerEvent } from '../../engine/reconciler-events.ts';
import { isGoneSurge } from '../../model/topology.ts';

const STATUSES: readonly KeeperStatus['status'][] = [
  'starting',
  'working',
  'converged',
  'blocked',
  'failed',
  'standby',
];

/** From an idle pass of some milliseconds to the formation of a large cluster. */
const PASS_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

export interface MetricsOptions {
  readonly version: string;
  now(): number;
  status(): ReconcilerStatus;
  /** Whether somebody has paused a cluster; missing where there is no forge. */
  isPaused?(cluster: string, now: number): boolean;
  /** Traffic with the forge; missing where it has none that is counted. */
  forge?(): GithubNumbers;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #options: MetricsOptions;
  readonly #steps: Counter<'cluster' | 'kind' | 'result'>;
  readonly #passes: Histogram<'cluster'>;
  /** When a pass last ended with the cluster as its spec says, by cluster. */
  readonly #convergedAt = new Map<string, number>();
  readonly #differences = new Map<string, number>();

  constructor(options: MetricsOptions) {
    this.#options = options;
    const registers = [this.#registry];
    this.#steps = new Counter({
      name: 'redisforge_steps_total',
      help: 'Steps carried out, waits not counted',
      labelNames: ['cluster', 'kind', 'result'],
      registers,
    });
    this.#passes = new Histogram({
      name: 'redisforge_pass_duration_seconds',
      help: 'How long a pass over a cluster took',
      labelNames: ['cluster'],
      buckets: PASS_BUCKETS,
      registers,
    });
    this.#clusterGauges();
    this.#repositoryGauges();
    this.#forgeGauges();
    this.#processGauges();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  record(event: ReconcilerEvent): void {
    if (event.kind === 'pass') {
      this.#passes.observe({ cluster: event.cluster }, event.durationMs / 1000);
      if (event.status.status === 'converged') this.#convergedAt.set(event.cluster, this.#options.now());
      return;
    }
    if (event.kind !== 'progress') return;
    const { cluster, event: progress } = event;
    if (progress.kind === 'observed') this.#differences.set(cluster, progress.differences);
    else if (progress.kind === 'step-ended' && !progress.step.step.kind.startsWith('await-'))
      this.#steps.inc({ cluster, kind: progress.step.step.kind, result: progress.outcome.result });
  }

  /** A gauge that is made anew from the status whenever it is asked for: what is gone does not linger. */
  #gauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    rows: () => Iterable<readonly [labels: Readonly<Record<string, string>>, value: number]>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [labels, value] of rows()) this.set(labels, value);
      },
    });
  }

  #clusterGauges(): void {
    const clusters = (): [string, KeeperStatus][] => Object.entries(this.#options.status().clusters);
    this.#gauge(
      'redisforge_cluster_status',
      '1 for the state that the cluster is in, 0 for the others',
      ['cluster', 'status'],
      () =>
        clusters().flatMap(([cluster, keeper]) =>
          STATUSES.map((status) => [{ cluster, status }, keeper.status === status ? 1 : 0] as const),
        ),
    );
    this.#gauge('redisforge_cluster_blocks', 'Things that stand in the way of a person', ['cluster'], () =>
      clusters().map(([cluster, { blocks }]) => [{ cluster }, blocks.length]),
    );
    this.#gauge('redisforge_cluster_differences', 'Fields that differed at the last look', ['cluster'], () =>
      [...this.#differences].map(([cluster, count]) => [{ cluster }, count]),
    );
    this.#gauge(
      'redisforge_seconds_since_last_successful_pass',
      'Seconds since a pass last found the cluster as its spec says, or made it so',
      ['cluster'],
      () => [...this.#convergedAt].map(([cluster, at]) => [{ cluster }, (this.#options.now() - at) / 1000]),
    );
    this.#gauge(
      'redisforge_node_reachable',
      'Whether redis-server answered at the last look',
      ['cluster', 'node', 'shard', 'zone'],
      () =>
        clusters().flatMap(([cluster, { observation }]) =>
          Object.entries(observation?.live.nodes ?? {})
            .filter(([, state]) => !isGoneSurge(state))
            .map(
              ([node, { shard, zone, reachable }]) =>
                [{ cluster, node, shard, zone }, reachable === 'yes' ? 1 : 0] as const,
            ),
        ),
    );
  }

  #repositoryGauges(): void {
    const { status } = this.#options;
    this.#gauge('redisforge_commit_info', 'Commit whose specs are in force', ['cluster', 'commit'], () =>
      Object.entries(status().clusters).map(([cluster, { commit }]) => [{ cluster, commit }, 1]),
    );
    this.#gauge(
      'redisforge_head_timestamp_seconds',
      'When the head of the branch was committed',
      ['commit'],
      () => {
        const { commit } = status();
        return commit === undefined ? [] : [[{ commit: commit.id }, commit.at / 1000]];
      },
    );
    this.#gauge('redisforge_repository_up', 'Whether the repository could be read the last time', [], () => {
      const { polledAt, repositoryFailure } = status();
      return [[{}, polledAt !== undefined && repositoryFailure === undefined ? 1 : 0]];
    });
    this.#gauge('redisforge_spec_problems', 'Problems of spec files that were not accepted', ['path'], () =>
      Object.entries(status().invalid).map(([path, problems]) => [{ path }, problems.length]),
    );
  }

  #forgeGauges(): void {
    const { status, now, isPaused, forge } = this.#options;
    this.#gauge(
      'redisforge_change_held',
      '1 while a change that is on the branch waits for somebody before it comes into force',
      ['cluster', 'reason'],
      () => Object.entries(status().held).map(([cluster, { code }]) => [{ cluster, reason: code }, 1]),
    );
    this.#gauge('redisforge_acting', '0 while another process acts on the repository', [], () => [
      [{}, status().standby === undefined ? 1 : 0],
    ]);
    this.#gauge(
      'redisforge_last_successful_poll_timestamp_seconds',
      'When the repository was last read',
      [],
      () => {
        const { polledAt } = status();
        return polledAt === undefined ? [] : [[{}, polledAt / 1000]];
      },
    );
    if (isPaused !== undefined)
      this.#gauge('redisforge_cluster_paused', '1 while somebody has paused or stopped it', ['cluster'], () =>
        Object.keys(status().clusters).map((cluster) => [{ cluster }, isPaused(cluster, now()) ? 1 : 0]),
      );
    if (forge !== undefined) this.#trafficGauges(forge);
  }

  #trafficGauges(forge: () => GithubNumbers): void {
    this.#gauge('redisforge_forge_requests_total', 'Answers of the forge; code 0: none', ['code'], () =>
      [...forge().requests].map(([code, count]) => [{ code: `${code}` }, count]),
    );
    this.#gauge('redisforge_forge_rate_limit_remaining', 'Requests that the forge still allows', [], () => {
      const { rateLimit } = forge();
      return rateLimit === undefined ? [] : [[{}, rateLimit.remaining]];
    });
    this.#gauge('redisforge_forge_writes_left', 'Writes that our own budget has left', ['per'], () =>
      Object.entries(forge().contentLeft).map(([per, left]) => [{ per }, left]),
    );
    this.#gauge('redisforge_forge_last_answer_timestamp_seconds', 'When the forge last answered', [], () => {
      const { lastAnswerAt } = forge();
      return lastAnswerAt === undefined ? [] : [[{}, lastAnswerAt / 1000]];
    });
  }

  /**
   * The standard names for what a process uses. The library's own collectors also watch the event loop a hundred
   * times a second, which is more than the rest of an idle RedisForge does.
   */
  #processGauges(): void {
    this.#gauge('redisforge_build_info', 'Version of RedisForge', ['version', 'node_version'], () => [
      [{ version: this.#options.version, node_version: process.version }, 1],
    ]);
    this.#gauge('process_start_time_seconds', 'Start of the process, in seconds since the epoch', [], () => [
      [{}, Math.round(Date.now() / 1000 - process.uptime())],
    ]);
    this.#gauge('process_cpu_seconds_total', 'Processor time used, in seconds', [], () => {
      const { user, system } = process.cpuUsage();
      return [[{}, (user + system) / 1e6]];
    });
    this.#gauge('process_resident_memory_bytes', 'Memory that the process occupies', [], () => [
      [{}, process.memoryUsage.rss()],
    ]);
    this.#gauge('nodejs_heap_size_used_bytes', 'Memory used by objects', [], () => [
      [{}, process.memoryUsage().heapUsed],
    ]);
  }
}
