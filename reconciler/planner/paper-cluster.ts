/**
 * Clusters that exist on paper only: for plans that are made without looking at anything, from one spec to another.
 */
import { createHash } from 'node:crypto';
import {
  type ClusterSpec,
  OPERATOR_USER,
  REPLICATION_USER,
  type SecretRef,
} from '../../spec-schema/cluster-spec.ts';
import type { ClusterState, NodeState } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { NOTHING_THERE } from '../model/nothing-there.ts';
import { canonicalJson } from './canonical-json.ts';
import { type Intent, intentOf } from './intent.ts';
import { type Plan, plan, stateAfter } from './plan.ts';
import type { Policy } from './rules/rule.ts';

/** A plan that nobody has looked at the live cluster for. */
export interface PaperPlan {
  readonly plan: Plan;
  /** The cluster as it was assumed to be. */
  readonly assumed: ClusterState;
}

/**
 * The plan for a cluster that is exactly as one spec says and is to be as another one says. Without the former it is made
 * from nothing. Quantities (keys, bytes, times) are not known to it.
 *
 * @param now milliseconds since the epoch, for windows.
 */
export function paperPlan(from: ClusterSpec | undefined, to: ClusterSpec, now: number): PaperPlan {
  const intent = paperIntent(to);
  const assumed = from === undefined ? unbornState(intent) : withNewcomers(formedState(from, now), intent);
  return { plan: plan(intent, assumed, paperFacts(intent, now), policyFor(to)), assumed };
}

/** Nothing was ever made: engines answer, and there is nothing of ours on them. */
export function unbornState(intent: Intent): ClusterState {
  const bridge = intent.spec.network.mode === 'bridge';
  return {
    cluster: intent.spec.metadata.name,
    serving: 'unknown',
    agreement: 'unknown',
    openSlots: '',
    hosts: Object.fromEntries(
      intent.spec.hosts.map(({ name }) => [
        name,
        {
          engine: 'yes',
          network: bridge ? 'absent' : 'none',
          images: { [intent.spec.redis.image]: 'absent' },
        },
      ]),
    ),
    nodes: Object.fromEntries(
      Object.entries(intent.nodes).map(([name, { host, zone, shard, surge }]): [string, NodeState] => [
        name,
        { host, zone, shard, surge, ...NOTHING_THERE },
      ]),
    ),
    retired: {},
    ghosts: {},
  };
}

/** A cluster with keys, after everything that its spec asks for was done. */
function formedState(spec: ClusterSpec, now: number): ClusterState {
  const intent = paperIntent(spec);
  const { waves } = plan(intent, unbornState(intent), paperFacts(intent, now), policyFor(spec));
  const formed = stateAfter(unbornState(intent), waves);
  return {
    ...formed,
    nodes: Object.fromEntries(
      Object.entries(formed.nodes).map(([name, node]) => [
        name,
        { ...node, contents: 'keys' as const, soaked: true },
      ]),
    ),
  };
}

/** What the next spec names and the present cluster does not have, as a look at it would show it. */
function withNewcomers(present: ClusterState, next: Intent): ClusterState {
  const unborn = unbornState(next);
  const hosts = { ...unborn.hosts };
  for (const [name, host] of Object.entries(present.hosts))
    hosts[name] = { ...host, images: { ...unborn.hosts[name]?.images, ...host.images } };
  return { ...present, hosts, nodes: { ...unborn.nodes, ...present.nodes } };
}

function paperFacts(intent: Intent, now: number): Facts {
  const nodes = Object.keys(intent.nodes).map((name) => [name, { endpoints: [], remarks: [] }]);
  return { now, hosts: {}, nodes: Object.fromEntries(nodes), warnings: [], strays: [] };
}

function policyFor({ policies: { parallelShards, allowDowntime } }: ClusterSpec): Policy {
  return { parallelShards, allowDowntime, held: new Set(), approved: 'all', holds: 'ignored' };
}

/** No secret is read: another reference counts as another password, the same one as the same. */
function paperIntent(spec: ClusterSpec): Intent {
  const digest = (ref: SecretRef): string =>
    createHash('sha256').update(canonicalJson(ref)).digest('hex').slice(0, 16);
  const replication = digest(spec.auth.replication.password);
  const users = spec.users.flatMap(({ name, password }) =>
    password === undefined ? [] : [[name, [digest(password)]] as const],
  );
  return intentOf(spec, {
    users: {
      ...Object.fromEntries(users),
      [OPERATOR_USER]: [digest(spec.auth.operator.password)],
      [REPLICATION_USER]: [replication],
    },
    replicationPassword: replication,
  });
}
