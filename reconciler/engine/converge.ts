/** The loop: observe, decide, start what may start, observe again, until nothing differs or nothing may be done. */

import type { Operation } from 'fast-json-patch';
import pLimit from 'p-limit';
import type { Problem } from '../../spec-schema/problem.ts';
import type { ClusterState } from '../model/cluster-state.ts';
import { applyOperations, diff } from '../planner/diff.ts';
import type { Hold } from '../planner/holds.ts';
import { checkLaws } from '../planner/laws.ts';
import { type Decision, nextSteps, type PlannedStep } from '../planner/next-steps.ts';
import { resolve } from '../planner/resolve.ts';
import type { Policy } from '../planner/rules/rule.ts';
import { PortError } from '../ports.ts';
import type { Lock } from '../steps/step.ts';
import {
  executeStep,
  isWait,
  needsVerification,
  stepDeadlineMs,
  stepEffect,
  stepLocks,
  verifyStep,
} from '../steps/table.ts';
import { type Cluster, directivesOf, policyOf, preferencesOf, stepContext } from './cluster.ts';
import { halt } from './halt.ts';
import type { Observation } from './interpret/interpret.ts';
import { recall, remember } from './memory.ts';
import { Observer } from './observer.ts';
import type { Report } from './progress.ts';
import { type Ended, Underway } from './underway.ts';
import { untilOneEnds } from './watch.ts';

export type Outcome =
  | { readonly status: 'converged'; readonly observation: Observation; readonly steps: number }
  /** Nothing more can be done; the blocks say why. */
  | {
      readonly status: 'blocked';
      readonly observation: Observation;
      readonly steps: number;
      readonly blocks: readonly Problem[];
    }
  | {
      readonly status: 'failed';
      readonly observation: Observation;
      readonly steps: number;
      readonly failures: readonly FailedStep[];
      readonly blocks: readonly Problem[];
    }
  /** Asked to stop: it did so between steps. */
  | { readonly status: 'stopped'; readonly observation: Observation | undefined; readonly steps: number };

export interface FailedStep {
  readonly step: PlannedStep;
  readonly reason: string;
}

export interface ConvergeOptions {
  readonly signal: AbortSignal;
  readonly report: Report;
  /** Which steps may be carried out; by default all. Steps that are not allowed are left out of every wave. */
  readonly allow?: (step: PlannedStep) => boolean;
  /** Ids of the destructive steps that may be carried out (law 8); by default all that come up. */
  readonly approved?: Policy['approved'];
  /** Locks to leave alone, for steps that failed a moment ago and rest. */
  readonly resting?: (now: number) => ReadonlySet<Lock>;
  /** What people have asked for beside the spec: a pause or a stop; it may come and go while the loop runs. */
  readonly brake?: (now: number) => Hold | undefined;
  /** A signal that is aborted when something happens that is worth a look at once; asked for anew before each look. */
  readonly news?: () => AbortSignal;
}

/** Effects of most steps show within a few milliseconds; of the others within seconds. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;
/** What shows after seconds is noticed a sixth of that late at most. */
const PAUSE_GROWTH = 1.2;
/** Looks at a state about which no rule says anything before that is called a block. */
const LOOKS_FOR_NOTHING = 20;
/** Containers started or servers asked at the same time. */
const PARALLEL_CALLS = 64;

export async function converge(cluster: Cluster, options: ConvergeOptions): Promise<Outcome> {
  return new Convergence(cluster, options).run();
}

/** One run of the loop. What it remembers is only what was started a moment ago; all else is read again. */
class Convergence {
  readonly #cluster: Cluster;
  readonly #options: ConvergeOptions;
  readonly #observer: Observer;
  readonly #underway: Underway;
  readonly #failures: FailedStep[] = [];
  readonly #calls = pLimit(PARALLEL_CALLS);
  /** Calls to the outside that have not returned. The loop goes on beside them: a long one holds up nothing. */
  readonly #running = new Set<Promise<void>>();
  #defect: unknown;
  #steps = 0;
  #looks = 0;
  #waves = 0;

  constructor(cluster: Cluster, options: ConvergeOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#observer = new Observer(cluster);
    const syncMs = cluster.intent.spec.policies.syncTimeout * 1000;
    this.#underway = new Underway((step) => (step.kind === 'await-sync' ? syncMs : stepDeadlineMs(step)));
  }

  async run(): Promise<Outcome> {
    try {
      return await this.#loop();
    } finally {
      // Asked to stop, or failed: what has been begun is finished, so that it ends between steps.
      await Promise.all(this.#running);
    }
  }

  async #loop(): Promise<Outcome> {
    let pause = FIRST_PAUSE_MS;
    let observation: Observation | undefined;
    for (;;) {
      if (this.#options.signal.aborted) return { status: 'stopped', observation, steps: this.#steps };
      if (this.#defect !== undefined) throw this.#defect;
      // What happens from here on may not show in this observation any more.
      const news = this.#options.news?.();
      const onlyDataMoves = this.#running.size === 0 && this.#underway.onlyDataMoves;
      observation = await this.#observer.look(onlyDataMoves, news);
      const { decision, desired, differences } = await this.#decide(observation);
      this.#options.report({ kind: 'observed', observation, differences: differences.length });
      if (this.#failures.length > 0 && !this.#underway.working) {
        return {
          status: 'failed',
          observation,
          steps: this.#steps,
          failures: this.#failures,
          blocks: decision.blocks,
        };
      }
      if (differences.length === 0 && !this.#underway.working) {
        await this.#keepSpecMemory();
        return { status: 'converged', observation, steps: this.#steps };
      }
      const started =
        this.#failures.length > 0 ? false : this.#startWave(decision.wave, observation, desired);
      if (!started && this.#underway.size === 0) {
        const { blocks } = decision;
        // Nothing to do and nothing in the way: something is on its way that no rule waits for, a container that the
        // engine is removing, for example.
        if (blocks.length === 0 && !this.#isResting() && this.#looks < LOOKS_FOR_NOTHING) {
          this.#looks += 1;
        } else {
          // What rests after a failure was explained by it.
          const said = blocks.length > 0 || this.#isResting() ? blocks : [unexplained(differences)];
          this.#options.report({ kind: 'blocked', blocks: said });
          return { status: 'blocked', observation, steps: this.#steps, blocks: said };
        }
      }
      pause = started ? FIRST_PAUSE_MS : Math.min(pause * PAUSE_GROWTH, LONGEST_PAUSE_MS);
      await this.#pause(pause, observation, news);
    }
  }

  #resting(): ReadonlySet<Lock> {
    return this.#options.resting?.(this.#cluster.ports.clock.now()) ?? new Set();
  }

  #isResting(): boolean {
    return this.#resting().size > 0;
  }

  /** From now on, what the spec says of roles and directives is no news any more. */
  async #keepSpecMemory(): Promise<void> {
    const { spec } = this.#cluster.intent;
    const { store } = this.#cluster.ports;
    const memory = await recall(store, spec.metadata.name);
    await remember(store, spec.metadata.name, memory, {
      ...memory,
      preferences: preferencesOf(spec),
      directives: directivesOf(spec),
    });
  }

  /**
   * Until it is worth looking again: there is news, all calls have returned and what they began has ended or cannot be
   * watched, or the pause is over.
   */
  async #pause(ms: number, observation: Observation, news?: AbortSignal): Promise<void> {
    const { clock } = this.#cluster.ports;
    const over = new AbortController();
    const signals = [over.signal, this.#options.signal, ...(news === undefined ? [] : [news])];
    const signal = AbortSignal.any(signals);
    const watched = this.#underway.watchable().length;
    if (this.#running.size === 0 && watched === 0) return clock.sleep(ms, signal);
    const longest = this.#running.size > 0 || watched === this.#underway.size ? LONGEST_PAUSE_MS : ms;
    await Promise.race([this.#untilTold(observation, signal), clock.sleep(longest, signal)]);
    over.abort('looking again');
  }

  async #untilTold(observation: Observation, signal: AbortSignal): Promise<void> {
    const calls = this.#running.size;
    await Promise.all(this.#running);
    const watched = this.#underway.watchable();
    if (watched.length === 0 || (calls > 0 && watched.length < this.#underway.size)) return;
    await untilOneEnds(watched, stepContext(this.#cluster, observation, signal));
  }

  /** Settles what is under way, then asks what may start beside it. */
  async #decide(
    observation: Observation,
  ): Promise<{ decision: Decision; desired: ClusterState; differences: Operation[] }> {
    const { live, facts } = observation;
    const { intent, ports } = this.#cluster;
    const desired = resolve(intent, live, facts);
    const ask = (): Decision => {
      const resting = this.#resting();
      return nextSteps(intent, desired, live, facts, {
        ...policyOf(this.#cluster, new Set([...this.#underway.locks(), ...resting]), this.#options.approved),
        holds: 'kept',
        brake: this.#options.brake?.(ports.clock.now()),
      });
    };
    let decision = ask();
    const ended = this.#underway.settle(
      live,
      desired,
      ports.clock.now(),
      new Set(decision.wave.map(({ id }) => id)),
    );
    for (const step of ended) this.#end(await this.#verified(step, observation));
    // What has ended gave its locks back.
    if (ended.length > 0) decision = ask();
    const allow = this.#options.allow ?? (() => true);
    const wave = decision.wave.filter(allow);
    return { decision: { ...decision, wave }, desired, differences: diff(live, desired) };
  }

  /** The step as it ended, after a last look at what the documents cannot tell. */
  async #verified(ended: Ended, observation: Observation): Promise<Ended> {
    const { step } = ended.planned;
    if (ended.outcome.result !== 'done' || ended.evidence === undefined || !needsVerification(step))
      return ended;
    try {
      await verifyStep(step, stepContext(this.#cluster, observation, this.#options.signal), ended.evidence);
      return ended;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      // Refused: it was looked at, and is wrong. Otherwise it could not be looked at.
      if (error.code === 'refused') await halt(this.#cluster, ended.planned, error.message);
      return { ...ended, outcome: { result: 'failed', reason: error.message } };
    }
  }

  #end({ planned, startedAt, outcome }: Ended): void {
    const at = this.#cluster.ports.clock.now();
    if (outcome.result === 'failed') this.#failures.push({ step: planned, reason: outcome.reason });
    this.#options.report({ kind: 'step-ended', step: planned, at, durationMs: at - startedAt, outcome });
  }

  /** Starts every step of the wave that is not under way; true when there was one that does something. */
  #startWave(wave: readonly PlannedStep[], observation: Observation, desired: ClusterState): boolean {
    const { clock } = this.#cluster.ports;
    const fresh = wave.filter(({ id }) => !this.#underway.has(id));
    const actions = fresh.filter(({ step }) => !isWait(step));
    this.#refuseUnlawful(actions, observation);
    if (fresh.length > 0) {
      this.#waves += 1;
      this.#options.report({ kind: 'wave', number: this.#waves, steps: fresh });
    }
    for (const planned of fresh) {
      const at = clock.now();
      this.#underway.start(planned, observation.live, at);
      this.#options.report({ kind: 'step-started', step: planned, at });
    }
    this.#steps += actions.length;
    for (const planned of primariesFirst(actions, desired)) {
      const running = this.#calls(() => this.#execute(planned, observation))
        .catch((defect: unknown) => {
          this.#defect = defect;
        })
        .finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
    return actions.length > 0;
  }

  /** The laws, once more, on what is really there. A violation is a bug: nothing is touched. */
  #refuseUnlawful(actions: readonly PlannedStep[], { live }: Observation): void {
    if (actions.length === 0) return;
    const steps = actions.map(({ step }) => step);
    const after = applyOperations(
      live,
      steps.flatMap((step) => stepEffect(step, live)),
    );
    const [violation] = checkLaws(
      { before: live, steps, after },
      policyOf(this.#cluster, this.#underway.locks(), this.#options.approved),
    );
    if (violation !== undefined)
      throw new Error(
        `a wave would break law ${violation.law}: ${violation.summary} (${violation.steps.join(', ')})`,
      );
  }

  async #execute(planned: PlannedStep, observation: Observation): Promise<void> {
    // Not the caller's signal: asked to stop, the loop ends between steps, never in the middle of one.
    const deadline = AbortSignal.timeout(stepDeadlineMs(planned.step));
    try {
      const evidence = await executeStep(planned.step, stepContext(this.#cluster, observation, deadline));
      this.#underway.executed(planned.id, this.#cluster.ports.clock.now(), evidence);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      if (error.code === 'timeout' || error.code === 'unreachable') {
        // The outcome is unknown: whether it happened will be seen.
        this.#underway.executed(planned.id, this.#cluster.ports.clock.now(), undefined);
        return;
      }
      const ended = this.#underway.refused(planned.id, error.message);
      if (ended !== undefined) this.#end(ended);
    }
  }
}

/** A difference that no rule proposes anything about: a gap in RedisForge, said as one. */
function unexplained(differences: readonly Operation[]): Problem {
  return {
    severity: 'error',
    code: 'nothing-proposed',
    subject: 'cluster',
    summary: 'what differs cannot be changed now, and no rule says why',
    evidence: differences
      .slice(0, 5)
      .map(({ path }) => path)
      .join(', '),
    hint: 'look again in a moment; if it stays, report it with the output of `redisforge plan --format json`',
  };
}

/**
 * Calls to one engine may have to queue. Redis keeps a primary from serving for two seconds after its start, and a
 * replica not at all: so those that are to own slots go first.
 */
function primariesFirst(actions: readonly PlannedStep[], desired: ClusterState): PlannedStep[] {
  const owns = ({ step }: PlannedStep): boolean => 'node' in step && desired.nodes[step.node]?.slots !== '';
  return [...actions.filter(owns), ...actions.filter((planned) => !owns(planned))];
}

/**
 * All locks that a failed step would take, so that it can rest while the others go on. Nobody starts while it rests: it
 * is in no switchover's way.
 */
export function locksOf(failed: FailedStep, { live }: Observation): readonly Lock[] {
  return stepLocks(failed.step.step, live).filter((lock) => !lock.startsWith('starts'));
}
