/** A plan is the loop run on paper: decide, apply the effects to a copy, repeat until nothing differs. */
import { createHash } from 'node:crypto';
import type { Operation } from 'fast-json-patch';
import type { Problem } from '../../spec-schema/problem.ts';
import type { ClusterState } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { stepEffect } from '../steps/table.ts';
import { type BalanceOutcome, balanceOutcome } from './balance-score.ts';
import { canonicalJson } from './canonical-json.ts';
import { applyOperations, diff, isConverged } from './diff.ts';
import { type Estimate, Estimator } from './estimate.ts';
import { fingerprint } from './fingerprint.ts';
import { holdOf } from './holds.ts';
import type { Intent } from './intent.ts';
import type { Violation } from './law.ts';
import { checkLaws } from './laws.ts';
import { memoryWarnings } from './memory-warnings.ts';
import { MACHINERY, type Machinery, nextSteps, type PlannedStep } from './next-steps.ts';
import { resolve } from './resolve.ts';
import type { Block, Policy } from './rules/rule.ts';
import { type ZoneLoss, zoneLosses } from './what-if.ts';

export interface Plan {
  readonly cluster: string;
  /** `converged`: nothing to do. `changes`: all differences can be removed. `blocked`: some cannot. */
  readonly status: 'converged' | 'changes' | 'blocked';
  /** What differs at the start. */
  readonly differences: readonly Operation[];
  readonly waves: readonly (readonly PlannedStep[])[];
  /** What stands in the way at the end, with the evidence and the smallest change that would help. */
  readonly blocks: readonly Block[];
  readonly warnings: readonly Problem[];
  /** What the loss of a zone would do, now and when the plan is carried out as far as it goes. */
  readonly outlook: { readonly before: readonly ZoneLoss[]; readonly after: readonly ZoneLoss[] };
  /** How evenly the shards share slots, memory or load, before and after, and why slots move or do not. */
  readonly balance: BalanceOutcome;
  /** How long it takes, what it moves, how bare the cluster is on the way. */
  readonly estimate: Estimate;
  /** SHA-256 over the canonical JSON of the steps, without prose or times. */
  readonly digest: string;
}

/** A plan that cannot be right: a bug in RedisForge, reported with what is needed to find it, never looped. */
export class PlanningError extends Error {
  readonly violations: readonly Violation[];
  readonly before: ClusterState;
  readonly after: ClusterState;
  constructor(
    message: string,
    before: ClusterState,
    after: ClusterState,
    violations: readonly Violation[] = [],
  ) {
    super(message);
    this.name = 'PlanningError';
    this.before = before;
    this.after = after;
    this.violations = violations;
  }
}

/** More waves than any sound plan has: each node passes through fewer than this many states. */
function waveLimit(intent: Intent): number {
  return 50 + 12 * Object.keys(intent.nodes).length;
}

/**
 * @throws PlanningError when a law would be broken, a wave changes nothing, or a state comes back.
 */
export function plan(
  intent: Intent,
  live: ClusterState,
  facts: Facts,
  policy: Policy,
  machinery: Machinery = MACHINERY,
): Plan {
  let paper = live;
  const waves: (readonly PlannedStep[])[] = [];
  const seen = new Set<string>([fingerprint(live)]);
  let desired = resolve(intent, paper, facts);
  const differences = diff(paper, desired);
  let isDone = isConverged(paper, desired);
  const mostWaves = waveLimit(intent);
  let blocks: readonly Block[] = [];
  const estimator = estimatorOf(intent, live, facts);
  while (!isDone) {
    const decision = nextSteps(intent, desired, paper, facts, policy, machinery);
    blocks = decision.blocks;
    if (decision.wave.length === 0) break;
    const steps = decision.wave.map(({ step }) => step);
    const before = paper;
    const operations = steps.flatMap((step) => stepEffect(step, before));
    paper = applyOperations(before, operations);
    const violations = checkLaws({ before, steps, after: paper }, policy, machinery.laws);
    if (violations[0] !== undefined) {
      throw new PlanningError(
        `wave ${waves.length + 1} would break law ${violations[0].law}: ${violations[0].summary}`,
        before,
        paper,
        violations,
      );
    }
    waves.push(decision.wave);
    estimator.add({ before, steps, after: paper }, operations);
    desired = resolve(intent, paper, facts);
    isDone = isConverged(paper, desired);
    const state = fingerprint(paper);
    if (seen.has(state) || waves.length > mostWaves) {
      throw new PlanningError(
        `wave ${waves.length} leads back to a state that was there before: ${decision.wave.map(({ id }) => id).join(', ')}`,
        before,
        paper,
      );
    }
    seen.add(state);
  }
  const status = differences.length === 0 ? 'converged' : isDone ? 'changes' : 'blocked';
  if (status === 'blocked' && blocks.length === 0) {
    throw new PlanningError(
      `no rule knows what to do about ${diff(paper, desired)
        .map(({ path }) => path)
        .slice(0, 10)
        .join(', ')}`,
      paper,
      desired,
    );
  }
  const estimate = estimator.result();
  return {
    cluster: intent.spec.metadata.name,
    status,
    differences,
    waves,
    blocks: status === 'blocked' ? blocks : [],
    warnings: [
      ...facts.warnings,
      ...memoryWarnings(intent, facts, waves),
      ...holdWarnings(intent, waves, facts.now),
    ],
    outlook: { before: zoneLosses(live), after: zoneLosses(paper) },
    balance: balanceOutcome(intent, facts, live, paper, {
      movedSlots: estimate.migrated.slots,
      isBlocked: status === 'blocked',
    }),
    estimate,
    digest: planDigest(waves),
  };
}

function estimatorOf({ spec }: Intent, live: ClusterState, facts: Facts): Estimator {
  return new Estimator(live, facts, {
    soakMs: spec.policies.canarySoak * 1000,
    slotBytes: spec.balance.by === 'memory' ? facts.slotWeights : undefined,
  });
}

/** What a plan shows although it would not be done now, one warning for each reason. */
function holdWarnings(intent: Intent, waves: readonly (readonly PlannedStep[])[], now: number): Problem[] {
  const holds = waves.flat().flatMap(({ step }) => holdOf(intent.spec, step, now) ?? []);
  const byReason = new Map(holds.map((hold) => [hold.summary, hold]));
  return [...byReason.values()].map(({ code, summary, hint }) => ({
    severity: 'warning',
    code,
    subject: 'cluster',
    summary,
    hint,
  }));
}

/** The paper state to which the waves lead when every step does what it says. */
export function stateAfter(live: ClusterState, waves: readonly (readonly PlannedStep[])[]): ClusterState {
  return waves.reduce(
    (before, wave) =>
      applyOperations(
        before,
        wave.flatMap(({ step }) => stepEffect(step, before)),
      ),
    live,
  );
}

/** Identity of what a plan does: equal plans have equal digests, wherever and whenever they were made. */
export function planDigest(waves: readonly (readonly PlannedStep[])[]): string {
  return createHash('sha256')
    .update(canonicalJson(waves.map((wave) => wave.map(({ step }) => step))))
    .digest('hex');
}
