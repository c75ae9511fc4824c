/** Previews of small clusters, for what is rendered from them. */
import type { ClusterState } from '../../../reconciler/model/cluster-state.ts';
import type { Intent } from '../../../reconciler/planner/intent.ts';
import type { Outcome, Preview } from '../../../reconciler/planner/preview/preview.ts';
import type { Problem } from '../../../spec-schema/problem.ts';
import { afterPlan, convergedState, emptyState, noFacts, POLICY, testIntent } from '../../support/specs.ts';
import { after, type Situation, situation } from '../situations.ts';

export const BINDING = {
  head: '4f0c2b7d9e1a4f0c2b7d9e1a4f0c2b7d9e1a4f0c',
  base: 'b6d1e8a0c3b6d1e8a0c3b6d1e8a0c3b6d1e8a0c3',
  spec: '11'.repeat(32),
  policy: '22'.repeat(32),
  live: '9a8b7c6d5e4f'.repeat(5),
  engine: '0.1.0',
};

export const NOW = Date.UTC(2026, 10, 24, 18, 30);

export function previewOf(outcome: Outcome, more: Partial<Preview> = {}): Preview {
  return {
    cluster: 'test',
    path: 'clusters/test/cluster.yaml',
    id: 'plan' in outcome ? 'p_3f9c01ab77de' : undefined,
    binding: BINDING,
    outcome,
    edits: [],
    drift: [],
    requirements: [],
    plannedAt: NOW,
    earlier: [],
    ...more,
  };
}

/** The outcome that a situation leads to. */
export function outcomeOf({ intent, live, facts, plan }: Situation): Extract<Outcome, { plan: unknown }> {
  const kinds = { converged: 'no-op', changes: 'changes', blocked: 'blocked' } as const;
  return {
    kind: kinds[plan.status],
    plan,
    sides: { live, after: afterPlan(intent, live, facts, POLICY) },
  };
}

/** A cluster that has what `before` says and is to become what `intent` says. */
export function changed(
  before: Intent,
  intent: Intent,
  happened: (live: ClusterState) => void = () => {},
): Situation {
  const read = after(() => {}, before);
  const live = structuredClone(convergedState(before));
  // What the spec has only now is there too, as nothing yet.
  for (const [name, node] of Object.entries(emptyState(intent).nodes)) live.nodes[name] ??= node;
  happened(live);
  const nodes = { ...noFacts(intent).nodes, ...read.facts.nodes };
  return situation(intent, live, { ...read.facts, nodes });
}

/** Three shards become four. */
export function grown(): Situation {
  return changed(testIntent(), testIntent({ shards: 4 }));
}

/** Four shards become three: two nodes are taken out. */
export function shrunk(): Situation {
  return changed(testIntent({ shards: 4 }), testIntent());
}

export function problem(more: Partial<Problem> = {}): Problem {
  return {
    severity: 'error',
    code: 'unknown-key',
    subject: 'nodes[2].shrad',
    summary: 'there is no field shrad',
    evidence: 'shrad',
    where: { file: 'clusters/test/cluster.yaml', line: 14, column: 25 },
    hint: 'did you mean shard?',
    ...more,
  };
}
