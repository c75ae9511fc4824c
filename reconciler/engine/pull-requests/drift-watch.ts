/** Drift that is not repaired by itself: one issue for each cluster, kept up to date, closed with proof. */
import type { Operation } from 'fast-json-patch';
import type { Problem } from '../../../spec-schema/problem.ts';
import { diff } from '../../planner/diff.ts';
import { liveDigest } from '../../planner/preview/digests.ts';
import { resolve } from '../../planner/resolve.ts';
import { PortError } from '../../ports.ts';
import { driftIssue } from '../../render/pull-request/issues.ts';
import { openCluster } from '../cluster.ts';
import { specInForce } from '../in-force.ts';
import type { KeeperStatus } from '../keeper-status.ts';
import type { ReconcilerEvent } from '../reconciler-events.ts';
import type { Desk, DriftRecord } from './desk.ts';

/** What is repaired within this time is nobody's business. */
const PATIENCE_MS = 300_000;
/** While nothing changes, that it is still there is said this often. */
const REMINDER_MS = 3_600_000;

/** Somebody has decided that it is not repaired now. */
const DELIBERATE: ReadonlySet<string> = new Set(['paused', 'stopped', 'frozen', 'outside-window']);

export class DriftWatch {
  readonly #desk: Desk;
  /** Clusters that a look is being taken at, with what came meanwhile. */
  readonly #busy = new Map<string, KeeperStatus | undefined>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Never waits, never throws. @param isRollingOut whether what stands in the way belongs to a change. */
  record(event: ReconcilerEvent, isRollingOut: (cluster: string) => boolean): void {
    if (event.kind !== 'pass') return;
    const { cluster, status } = event;
    const seen = this.#desk.books.drift.get(cluster);
    const bad = status.status === 'blocked' || status.status === 'failed';
    if (status.status === 'blocked' && status.blocks.every(({ code }) => DELIBERATE.has(code))) return;
    if (bad ? isRollingOut(cluster) : status.status !== 'converged' || seen === undefined) return;
    if (this.#busy.has(cluster)) {
      this.#busy.set(cluster, status);
      return;
    }
    this.#busy.set(cluster, undefined);
    void this.#take(cluster, status);
  }

  async #take(cluster: string, status: KeeperStatus): Promise<void> {
    try {
      if (status.status === 'converged') await this.#gone(cluster, status);
      else await this.#seen(cluster, status);
    } catch (error) {
      // The next pass tells it again.
      if (!(error instanceof PortError)) this.#desk.defect(error);
    }
    const next = this.#busy.get(cluster);
    this.#busy.delete(cluster);
    if (next === undefined) return;
    this.#busy.set(cluster, undefined);
    await this.#take(cluster, next);
  }

  async #seen(cluster: string, { observation, blocks, failures }: KeeperStatus): Promise<void> {
    const { books, ports } = this.#desk;
    const now = ports.clock.now();
    const before = books.drift.get(cluster);
    const problems = [...blocks, ...failures.map(({ step, reason }) => failure(step, reason))];
    const said = problems.map(({ code, subject }) => `${code} ${subject}`).join('\n');
    const record: DriftRecord = {
      firstSeen: before?.firstSeen ?? now,
      said: before?.said,
      drift: before?.drift ?? [],
      live: observation?.live,
      blocks: problems,
    };
    const due =
      now - record.firstSeen >= PATIENCE_MS &&
      (record.said === undefined || record.said.blocks !== said || now - record.said.at >= REMINDER_MS);
    if (!due || observation === undefined) {
      if (before === undefined) await books.drift.put(cluster, { ...record, live: undefined });
      return;
    }
    const drift = await this.#differences(cluster, observation);
    await books.outbox.put([
      {
        kind: 'issue',
        issue: driftIssue({
          cluster,
          live: observation.live,
          drift,
          firstSeen: record.firstSeen,
          lastSeen: now,
          blocks: problems,
          suspected: [],
        }),
      },
    ]);
    await books.drift.put(cluster, { ...record, drift, said: { at: now, blocks: said } });
  }

  async #gone(cluster: string, { observation }: KeeperStatus): Promise<void> {
    const { books, ports } = this.#desk;
    const record = books.drift.get(cluster);
    if (record?.said !== undefined && record.live !== undefined && observation !== undefined) {
      const at = ports.clock.now();
      const { firstSeen, drift, blocks, live } = record;
      const gone = { at, live: liveDigest(observation.live) };
      await books.outbox.put([
        {
          kind: 'issue',
          issue: driftIssue({ cluster, live, drift, firstSeen, lastSeen: at, blocks, suspected: [], gone }),
        },
      ]);
    }
    await books.drift.remove(cluster);
  }

  async #differences(
    cluster: string,
    { live, facts }: NonNullable<KeeperStatus['observation']>,
  ): Promise<readonly Operation[]> {
    const { ports } = this.#desk;
    const spec = (await specInForce(ports.store, cluster))?.spec;
    const opened = spec === undefined ? undefined : (await openCluster(spec, ports)).cluster;
    return opened === undefined ? [] : diff(live, resolve(opened.intent, live, facts));
  }
}

function failure(step: string, reason: string): Problem {
  return {
    severity: 'error',
    code: 'step-failed',
    subject: step,
    summary: reason,
    hint: 'it is tried again by itself, less and less often',
  };
}
