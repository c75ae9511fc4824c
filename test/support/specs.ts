/** Specs and documents for tests: small, valid, and made from literals. */

import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import type { Facts } from '../../reconciler/model/facts.ts';
import { applyOperations } from '../../reconciler/planner/diff.ts';
import { type Intent, intentOf, type SecretDigests } from '../../reconciler/planner/intent.ts';
import { unbornState } from '../../reconciler/planner/paper-cluster.ts';
import { plan } from '../../reconciler/planner/plan.ts';
import type { Policy } from '../../reconciler/planner/rules/rule.ts';
import { stepEffect } from '../../reconciler/steps/table.ts';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import { clusterSpecSchema } from '../../spec-schema/cluster-spec.ts';

export interface SpecShape {
  readonly shards?: number;
  readonly replicas?: number;
  readonly zones?: number;
  readonly config?: Record<string, string | number | boolean>;
  readonly roles?: boolean;
  /** A surge replica for each shard, in the zone after those of the members: n1s, n2s, … */
  readonly surge?: boolean;
  readonly edit?: (spec: Record<string, unknown>) => void;
}

/** Three shards with one replica each over three zones, unless asked otherwise; shard i has its primary in zone i. */
export function specOf({
  shards = 3,
  replicas = 1,
  zones = 3,
  config = {},
  roles = true,
  surge = false,
  edit,
}: SpecShape = {}): ClusterSpec {
  const hosts = Array.from({ length: zones }, (_, zone) => ({
    name: `h${zone + 1}`,
    zone: `z${zone + 1}`,
    address: `10.0.${zone + 1}.1`,
    docker: `ssh://ops@10.0.${zone + 1}.1`,
    ssh: { hostKey: `SHA256:${'a'.repeat(43)}`, identity: { file: 'key' } },
  }));
  const nodes = Array.from({ length: shards }, (_, shard) =>
    Array.from({ length: replicas + 1 + Number(surge) }, (_, member) => ({
      name: `n${shard + 1}${member > replicas ? 's' : 'abcdef'[member]}`,
      shard: `s${shard + 1}`,
      host: `h${((shard + member) % zones) + 1}`,
      port: 7000 + shard * 10 + member,
      ...(member > replicas
        ? { role: 'surge' }
        : roles
          ? { role: member === 0 ? 'primary' : 'replica' }
          : {}),
    })),
  ).flat();
  const document: Record<string, unknown> = {
    apiVersion: 'redisforge.dev/v1',
    kind: 'RedisCluster',
    metadata: { name: 'test' },
    redis: { image: 'redis:8.6.3', config: { appendonly: 'yes', ...config } },
    auth: {
      operator: { password: { file: 'operator' } },
      replication: { password: { file: 'replication' } },
    },
    hosts,
    nodes,
    placement: zones >= replicas + 1 + Number(surge) ? 'zone' : 'single-host',
  };
  edit?.(document);
  return clusterSpecSchema.parse(document);
}

export const DIGESTS: SecretDigests = {
  users: { redisforge: ['0p'], replication: ['0r'] },
  replicationPassword: '0r',
};

export const POLICY: Policy = {
  parallelShards: 8,
  allowDowntime: false,
  held: new Set(),
  approved: 'all',
  holds: 'ignored',
};

export function testIntent(shape: SpecShape = {}): Intent {
  return intentOf(specOf(shape), DIGESTS);
}

/** Nothing was ever made: engines answer, and there is nothing of ours on them. */
export const emptyState = unbornState;

export function noFacts(intent: Intent): Facts {
  return {
    now: 1_000_000,
    hosts: {},
    nodes: Object.fromEntries(
      Object.keys(intent.nodes).map((name) => [name, { endpoints: [], remarks: [] }]),
    ),
    warnings: [],
    strays: [],
  };
}

/** The state that a plan leads to when every step does what it says. */
export function afterPlan(
  intent: Intent,
  live: ClusterState,
  facts: Facts = noFacts(intent),
  policy: Policy = POLICY,
): ClusterState {
  let state = live;
  for (const wave of plan(intent, live, facts, policy).waves) {
    const before = state;
    state = applyOperations(
      before,
      wave.flatMap(({ step }) => stepEffect(step, before)),
    );
  }
  return state;
}

/** A converged cluster with keys in it. */
export function convergedState(intent: Intent): ClusterState {
  const state = structuredClone(afterPlan(intent, emptyState(intent)));
  for (const node of Object.values(state.nodes)) node.contents = 'keys';
  return state;
}
