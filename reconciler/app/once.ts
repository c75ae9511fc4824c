/** When `--once` is over: every cluster of the head commit has converged, or cannot. */
import type { ReconcilerStatus } from '../engine/reconciler.ts';
import type { ReconcilerEvent } from '../engine/reconciler-events.ts';
import { EXIT, type ExitCode, worst } from './exit-codes.ts';

export interface Ending {
  readonly exitCode: ExitCode;
  /** Why it is no success, one reason a line. */
  readonly reasons: readonly string[];
}

/** Follows the events of a reconciler until nothing more is to be expected. */
export class OnceWatch {
  /** Clusters whose last pass changed nothing and has not converged: waiting longer would not help. */
  readonly #stuck = new Set<string>();
  #gone: readonly string[] = [];

  record(event: ReconcilerEvent): void {
    if (event.kind === 'commit') this.#gone = [];
    else if (event.kind === 'spec-gone') this.#gone = [...this.#gone, `${event.path}: the spec is gone`];
    else if (event.kind === 'pass') {
      const { status } = event.status;
      if ((status === 'blocked' || status === 'failed') && event.steps === 0) this.#stuck.add(event.cluster);
      else this.#stuck.delete(event.cluster);
    }
  }

  /** The end, undefined while something may still come. */
  ending(status: ReconcilerStatus): Ending | undefined {
    const { commit, repositoryFailure, clusters, invalid, held, standby } = status;
    if (standby !== undefined) return { exitCode: EXIT.blocked, reasons: [standby] };
    if (repositoryFailure !== undefined)
      return { exitCode: EXIT.error, reasons: [`the repository cannot be read: ${repositoryFailure}`] };
    if (commit === undefined) return undefined;
    const endings = Object.entries(clusters).map(([name, keeper]) => this.#endingOf(name, keeper));
    if (endings.some((ending) => ending === undefined)) return undefined;
    const broken = Object.entries(invalid).map(
      ([path, problems]) => `${path}: ${problems[0]?.summary ?? 'not valid'}`,
    );
    const nothing = endings.length + broken.length === 0;
    if (nothing)
      return { exitCode: EXIT.error, reasons: [`commit ${commit.id.slice(0, 12)} holds no cluster.yaml`] };
    const all: Ending[] = [
      ...endings.filter((ending) => ending !== undefined),
      ...(broken.length > 0 ? [{ exitCode: EXIT.error, reasons: broken }] : []),
      ...Object.entries(held).map(([name, { summary }]) => ({
        exitCode: EXIT.blocked,
        reasons: [`${name}: ${summary}`],
      })),
    ];
    return {
      exitCode: worst(all.map(({ exitCode }) => exitCode)),
      reasons: all.flatMap(({ reasons }) => reasons),
    };
  }

  #endingOf(name: string, keeper: ReconcilerStatus['clusters'][string]): Ending | undefined {
    const { status, checkedAt, blocks, failures } = keeper;
    if (checkedAt === undefined && status !== 'standby') return undefined;
    if (status === 'converged') return { exitCode: EXIT.done, reasons: [] };
    const reasons = [
      ...failures.map(({ step, reason }) => `${name}: ${step}: ${reason}`),
      ...blocks.map(({ summary }) => `${name}: ${summary}`),
    ];
    if (status === 'standby') return { exitCode: EXIT.blocked, reasons };
    // Secrets that cannot be read end a pass before it begins, without an event.
    const isStuck = this.#stuck.has(name) || (status === 'blocked' && keeper.observation === undefined);
    if (!isStuck) return undefined;
    return { exitCode: status === 'blocked' ? EXIT.blocked : EXIT.error, reasons };
  }
}
