/** Proof that a step does to a real cluster what its `effect` says: nothing less, and nothing besides. */
import jsonPatch, { type Operation } from 'fast-json-patch';
import { policyOf, stepContext } from '../../reconciler/engine/cluster.ts';
import type { Observation } from '../../reconciler/engine/interpret/interpret.ts';
import { observe } from '../../reconciler/engine/observe.ts';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import { applyOperations, diff } from '../../reconciler/planner/diff.ts';
import { type Decision, nextSteps, type PlannedStep } from '../../reconciler/planner/next-steps.ts';
import { resolve } from '../../reconciler/planner/resolve.ts';
import { executeStep, isWait, type StepName, stepEffect } from '../../reconciler/steps/table.ts';
import { eventually } from './lab-containers.ts';
import type { RealCluster } from './real-cluster.ts';

/** A change besides the effect that is right, and why. */
export interface Allowance {
  /** Kinds of step beside which it may be seen; any, when it is left out. */
  readonly kinds?: readonly StepName[];
  /** Paths that may change; `$node` stands for the node of the step. */
  readonly path: string;
  /** The only value that they may have then; any, when it is left out. */
  readonly value?: unknown;
  readonly because: string;
}

/** What has been proved so far, by kind of step: ids without the name of the cluster. */
export type Proved = Map<StepName, string[]>;

/**
 * Fields that go on by themselves once a step has started something, in the order in which they do: seen late, they
 * are further than the step alone would have brought them.
 */
const PROGRESS: Readonly<Record<string, readonly unknown[]>> = {
  link: ['down', 'syncing', 'up'],
  synced: [false, true],
  copy: ['unknown', 'partial', 'whole'],
};

function isFurther(path: string, is: unknown, predicted: unknown): boolean {
  const order = PROGRESS[path.slice(path.lastIndexOf('/') + 1)];
  return order?.includes(predicted) === true && order.indexOf(is) > order.indexOf(predicted);
}

/** A document counts as settled when it was the same for so long. */
const QUIET_MS = 150;
const PATIENCE_MS = 15_000;

export interface Situation extends Observation {
  readonly desired: ClusterState;
  readonly decision: Decision;
}

export async function lookAt(cluster: RealCluster): Promise<Situation> {
  const opened = await cluster.open();
  const { live, facts } = await observe(opened);
  const desired = resolve(opened.intent, live, facts);
  const decision = nextSteps(opened.intent, desired, live, facts, policyOf(opened));
  return { live, facts, desired, decision };
}

/** Looks until nothing in the document has changed for a while, so that what changes afterwards is the step's doing. */
export async function settled(cluster: RealCluster): Promise<Situation> {
  let last: Situation | undefined;
  let since = 0;
  return eventually(
    'the document is at rest',
    async () => {
      const now = await lookAt(cluster);
      const at = performance.now();
      if (last === undefined || jsonPatch.compare(last.live, now.live).length > 0) since = at;
      last = now;
      return at - since >= QUIET_MS ? now : undefined;
    },
    PATIENCE_MS,
  );
}

/** Looks, as fast as it can, until a step of that kind is called for. */
export async function proposed(
  cluster: RealCluster,
  kind: StepName,
): Promise<{ situation: Situation; step: PlannedStep }> {
  return eventually(
    `${kind} is called for`,
    async () => {
      const situation = await lookAt(cluster);
      const step = situation.decision.wave.find((planned) => planned.step.kind === kind);
      return step === undefined ? undefined : { situation, step };
    },
    PATIENCE_MS,
  );
}

export class StepProofs {
  readonly proved: Proved = new Map();
  readonly #allowances: readonly Allowance[];

  constructor(allowances: readonly Allowance[]) {
    this.#allowances = allowances;
  }

  /** Carries a step out and looks until the document is what it was before with the effect applied, and stays so. */
  async prove(cluster: RealCluster, planned: PlannedStep, before: Situation): Promise<void> {
    const { step } = planned;
    const effect = stepEffect(step, before.live);
    const predicted = applyOperations(before.live, effect);
    if (!isWait(step)) {
      const context = stepContext(await cluster.open(), before, AbortSignal.timeout(PATIENCE_MS));
      await executeStep(step, context);
    }
    let unexplained: string[] = [];
    let since: number | undefined;
    try {
      await eventually(
        `${planned.id} has its effect and no other`,
        async () => {
          const now = await lookAt(cluster);
          unexplained = jsonPatch
            .compare(predicted, now.live)
            .filter((operation) => !this.#isExplained(planned, operation, effect, predicted))
            .map((operation) => inWords(operation, before.live, predicted));
          if (unexplained.length > 0) since = undefined;
          else since ??= performance.now();
          return since !== undefined && performance.now() - since >= QUIET_MS;
        },
        PATIENCE_MS,
      );
    } catch (cause) {
      throw new Error(`${planned.id}:\n${unexplained.join('\n')}`, { cause });
    }
    this.proved.set(step.kind, [...(this.proved.get(step.kind) ?? []), cluster.short(planned.id)]);
  }

  /** Converges one step at a time, each of them proved. Returns their ids. */
  async drive(cluster: RealCluster): Promise<string[]> {
    const taken: string[] = [];
    for (;;) {
      const before = await settled(cluster);
      if (diff(before.live, before.desired).length === 0) return taken;
      const { wave, blocks } = before.decision;
      // Waits first, so that what time brings is over before the next step is judged.
      const next = wave.find(({ step }) => isWait(step)) ?? wave[0];
      if (next === undefined) throw new Error(`blocked: ${JSON.stringify(blocks)}`);
      await this.prove(cluster, next, before);
      taken.push(cluster.short(next.id));
      if (taken.length > 100) throw new Error(`no end after ${taken.join(', ')}`);
    }
  }

  #isExplained(
    planned: PlannedStep,
    operation: Operation,
    effect: readonly Operation[],
    predicted: ClusterState,
  ): boolean {
    const { step } = planned;
    const value = operation.op === 'replace' || operation.op === 'add' ? operation.value : undefined;
    const ofEffect = effect.some(({ path }) => path === operation.path);
    if (ofEffect && isFurther(operation.path, value, valueAt(predicted, operation.path))) return true;
    const node = 'node' in step ? step.node : '';
    return this.#allowances.some(
      (allowed) =>
        allowed.kinds?.includes(step.kind) !== false &&
        (allowed.value === undefined || allowed.value === value) &&
        new RegExp(`^${allowed.path.replaceAll('$node', `/nodes/${node}`)}$`).test(operation.path),
    );
  }
}

function valueAt(state: ClusterState, path: string): unknown {
  try {
    return jsonPatch.getValueByPointer(state, path);
  } catch {
    return undefined;
  }
}

function inWords(operation: Operation, before: ClusterState, predicted: ClusterState): string {
  const is = operation.op === 'add' || operation.op === 'replace' ? operation.value : undefined;
  const [was, should, now] = [valueAt(before, operation.path), valueAt(predicted, operation.path), is].map(
    (value) => JSON.stringify(value) ?? 'absent',
  );
  return `${operation.path}: was ${was}, should be ${should}, is ${now}`;
}
