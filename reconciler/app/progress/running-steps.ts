/** What is going on in one cluster, gathered from the events of its loop. */
import type { ProgressEvent } from '../../engine/progress.ts';
import type { PlannedStep } from '../../planner/next-steps.ts';
import { isWait, type StepName } from '../../steps/table.ts';

type Observation = Extract<ProgressEvent, { kind: 'observed' }>['observation'];

export interface RunningStep {
  readonly planned: PlannedStep;
  readonly startedAt: number;
}

/** Many steps of one kind in one wave: followed as one. */
export interface Bulk {
  readonly kind: StepName;
  readonly total: number;
  readonly startedAt: number;
  done: number;
  failed: number;
}

/** Steps of one kind in one wave that are still told one by one. */
const MOST_SINGLE = 12;

export class RunningSteps {
  readonly #running = new Map<string, RunningStep>();
  readonly #bulks = new Map<string, Bulk>();
  #wave = 0;
  #done = 0;
  #failed = 0;
  #differences: number | undefined;
  #observation: Observation | undefined;

  get wave(): number {
    return this.#wave;
  }

  /** Steps carried out with success; waits are not counted. */
  get done(): number {
    return this.#done;
  }

  get failed(): number {
    return this.#failed;
  }

  /** How many fields still differ, undefined before the first look. */
  get differences(): number | undefined {
    return this.#differences;
  }

  get observation(): Observation | undefined {
    return this.#observation;
  }

  /** Steps under way that are shown one by one, oldest first. */
  get single(): readonly RunningStep[] {
    return [...this.#running.values()].filter(({ planned }) => !this.#bulks.has(planned.id));
  }

  /** Groups of many alike steps of which some are still under way. */
  get bulks(): readonly Bulk[] {
    const under = [...this.#running.keys()].flatMap((id) => this.#bulks.get(id) ?? []);
    return [...new Set(under)];
  }

  bulkOf(id: string): Bulk | undefined {
    return this.#bulks.get(id);
  }

  /** A pass is over: what it had under way when it was told to stop will not be heard of again. */
  forget(): void {
    this.#running.clear();
    this.#bulks.clear();
  }

  apply(event: ProgressEvent): void {
    if (event.kind === 'observed') {
      this.#observation = event.observation;
      this.#differences = event.differences;
    } else if (event.kind === 'wave') this.#startWave(event.number, event.steps);
    else if (event.kind === 'step-started')
      this.#running.set(event.step.id, { planned: event.step, startedAt: event.at });
    else if (event.kind === 'step-ended') this.#end(event);
  }

  #startWave(number: number, steps: readonly PlannedStep[]): void {
    this.#wave = number;
    const byKind = Map.groupBy(steps, ({ step }) => step.kind);
    for (const [kind, alike] of byKind) {
      if (alike.length <= MOST_SINGLE) continue;
      const startedAt = this.#observation?.facts.now ?? 0;
      const bulk: Bulk = { kind, total: alike.length, startedAt, done: 0, failed: 0 };
      for (const { id } of alike) this.#bulks.set(id, bulk);
    }
  }

  #end({ step, outcome }: Extract<ProgressEvent, { kind: 'step-ended' }>): void {
    this.#running.delete(step.id);
    const bulk = this.#bulks.get(step.id);
    if (outcome.result === 'done') {
      if (!isWait(step.step)) this.#done += 1;
      if (bulk !== undefined) bulk.done += 1;
    } else {
      this.#failed += 1;
      if (bulk !== undefined) bulk.failed += 1;
    }
  }
}
