/** From what the reconciler tells to log lines: one for each step, and one whenever the state of a cluster changes. */
import type { Logger } from 'pino';
import type { Problem } from '../../../spec-schema/problem.ts';
import type { ReconcilerEvent } from '../../engine/reconciler-events.ts';

type Event<K extends ReconcilerEvent['kind']> = Extract<ReconcilerEvent, { kind: K }>;

export class EventLog {
  readonly #log: Logger;
  /** What was last said of each cluster, so that a pass that finds nothing new says nothing. */
  readonly #said = new Map<string, string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  handle(event: ReconcilerEvent): void {
    if (event.kind === 'commit') this.#commit(event);
    else if (event.kind === 'spec-accepted') {
      const { cluster, path, commit } = event;
      this.#log.info({ cluster, path, commit }, 'spec in force');
    } else if (event.kind === 'spec-invalid') this.#invalid(event);
    else if (event.kind === 'spec-gone') {
      const { cluster, path, commit } = event;
      this.#log.warn({ cluster, path, commit }, 'the spec is gone; its cluster is left as it is');
    } else if (event.kind === 'repository-unreachable')
      this.#log.error(
        { reason: event.reason },
        'the repository cannot be read; the last good specs stay in force',
      );
    else if (event.kind === 'progress') this.#progress(event);
    else if (event.kind === 'pass') this.#pass(event);
    else if (event.kind === 'admitted') {
      const { cluster, commit, destructive } = event;
      this.#log.info({ cluster, commit, destructive }, 'the change comes into force');
    } else if (event.kind === 'held') {
      const { cluster, commit, problem } = event;
      this.#log.warn({ cluster, commit }, 'the change is held; the spec in force stays in force');
      this.#problem({ cluster, commit }, problem);
    } else if (event.kind === 'pull-requests') this.#pullRequests(event);
    else if (event.kind === 'unsaid') {
      const { key, reason, givenUp } = event;
      if (givenUp) this.#log.error({ key, reason }, 'could not be said at the forge, and is given up');
      else this.#log.warn({ key, reason }, 'could not be said at the forge yet');
    } else this.#log.error({ cluster: event.cluster, err: event.error }, 'defect in RedisForge');
  }

  #pullRequests({ state, reason }: Event<'pull-requests'>): void {
    if (state === 'acting') this.#log.info('looking after the pull requests');
    else if (state === 'standby') this.#log.warn({ reason }, 'another one looks after the pull requests');
    else this.#log.warn({ reason }, 'pull requests cannot be looked after as they should');
  }

  #commit({ commit, previous, forced }: Event<'commit'>): void {
    const fields = { commit: commit.id, author: commit.author, subject: commit.subject, previous };
    if (forced)
      this.#log.error(fields, 'the branch was force-pushed: the commit before is no longer part of it');
    else this.#log.info(fields, 'commit');
  }

  #invalid({ path, commit, problems, keeping }: Event<'spec-invalid'>): void {
    const outcome =
      keeping === undefined ? 'its cluster is not looked after' : 'the last good spec stays in force';
    this.#log.error({ path, commit, keeping, problems: problems.length }, `spec not valid; ${outcome}`);
    for (const problem of problems) this.#problem({ path, commit }, problem);
  }

  #problem(about: Readonly<Record<string, unknown>>, problem: Problem): void {
    const { severity, code, subject, summary, evidence, where, hint } = problem;
    const place = where === undefined ? {} : { line: where.line, column: where.column };
    const fields = { ...about, code, subject, ...place, evidence, hint };
    if (severity === 'error') this.#log.error(fields, summary);
    else this.#log.warn(fields, summary);
  }

  #progress({ cluster, cause, event }: Event<'progress'>): void {
    const about = { cluster, cause: cause.kind, commit: cause.commit };
    if (event.kind === 'wave')
      this.#log.debug({ ...about, wave: event.number, steps: event.steps.map(({ id }) => id) }, 'wave');
    else if (event.kind === 'step-started')
      this.#log.debug({ ...about, step: event.step.id, reason: event.step.because }, 'step started');
    else if (event.kind === 'step-ended') {
      const { step, durationMs, outcome } = event;
      const fields = { ...about, step: step.id, reason: step.because, durationMs, result: outcome.result };
      if (outcome.result === 'done') this.#log.info(fields, 'step done');
      else this.#log.error({ ...fields, error: outcome.reason }, 'step failed');
    }
  }

  #pass({ cluster, cause, status, durationMs, steps }: Event<'pass'>): void {
    const { blocks, failures } = status;
    const news = JSON.stringify([
      status.status,
      blocks.map(({ code, subject, summary }) => [code, subject, summary]),
      failures,
    ]);
    if (this.#said.get(cluster) === news && steps === 0) return;
    const isNew = this.#said.get(cluster) !== news;
    this.#said.set(cluster, news);
    const fields = {
      cluster,
      status: status.status,
      cause: cause.kind,
      commit: cause.commit,
      durationMs,
      steps,
    };
    const isBad = status.status === 'blocked' || status.status === 'failed';
    if (isBad) this.#log.error(fields, status.status);
    else this.#log.info(fields, status.status);
    if (!isNew) return;
    for (const block of blocks) this.#problem({ cluster, commit: cause.commit }, block);
    for (const { step, reason } of failures)
      this.#log.error({ cluster, step, reason }, 'resting after a failure');
  }
}
