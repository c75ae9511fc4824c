/** One cluster under the reconciler's care: its intent and the ports to look at it and to change it. */
import type { ClusterSpec, HostSpec } from '../../spec-schema/cluster-spec.ts';
import { effectiveConfig } from '../../spec-schema/effective.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import type { NodeName, ShardName } from '../model/cluster-state.ts';
import { type Intent, intentOf } from '../planner/intent.ts';
import type { Policy } from '../planner/rules/rule.ts';
import {
  type Clock,
  type Engine,
  type Engines,
  PortError,
  type Redis,
  type RedisNode,
  type Secrets,
  type StateStore,
} from '../ports.ts';
import type { Lock, NodeMaterial, StepContext } from '../steps/step.ts';
import { type Credentials, readCredentials } from './credentials.ts';
import type { Observation } from './interpret/interpret.ts';
import { nodeMaterial } from './material.ts';
import { type Memory, recall } from './memory.ts';

/** The outside, as far as one reconciler needs it. */
export interface Ports {
  readonly engines: Engines;
  readonly redis: Redis;
  readonly secrets: Secrets;
  readonly store: StateStore;
  readonly clock: Clock;
}

export interface Cluster {
  readonly intent: Intent;
  readonly credentials: Credentials;
  readonly ports: Ports;
  readonly material: NodeMaterial;
}

/** Prepares a valid spec for observation and change; the problems say which of its secrets cannot be read. */
export async function openCluster(
  spec: ClusterSpec,
  ports: Ports,
): Promise<{ readonly cluster?: Cluster; readonly problems: readonly Problem[] }> {
  const { credentials, problems } = await readCredentials(spec, ports.secrets);
  if (credentials === undefined) return { problems };
  const { preferences, directives } = await recall(ports.store, spec.metadata.name);
  const requested = requestedPrimaries(spec, preferences);
  const intent = { ...intentOf(spec, credentials.digests, directives), requested };
  return { cluster: { intent, credentials, ports, material: nodeMaterial(intent, credentials) }, problems };
}

/** Directives that the spec sets, for all nodes or for one. */
export function directivesOf(spec: ClusterSpec): string[] {
  const names = new Set(spec.nodes.flatMap((node) => Object.keys(effectiveConfig(spec, node))));
  return [...names].sort();
}

/** Members that the spec names as primaries, by shard. */
export function preferencesOf(spec: ClusterSpec): Record<ShardName, NodeName> {
  return Object.fromEntries(
    spec.nodes.filter(({ role }) => role === 'primary').map(({ shard, name }) => [shard, name]),
  );
}

/** Those of them that are new since the cluster last was as the spec says. */
function requestedPrimaries(spec: ClusterSpec, before: Memory['preferences']): Map<ShardName, NodeName> {
  return new Map(
    Object.entries(preferencesOf(spec)).filter(
      ([shard, name]) => before[shard] !== undefined && before[shard] !== name,
    ),
  );
}

export function policyOf(
  { intent }: Cluster,
  held: ReadonlySet<Lock> = new Set(),
  approved: Policy['approved'] = 'all',
): Policy {
  const { parallelShards, allowDowntime } = intent.spec.policies;
  return { parallelShards, allowDowntime, held, approved, holds: 'ignored' };
}

export function hostSpec({ intent }: Cluster, name: string): HostSpec {
  const host = intent.spec.hosts.find((candidate) => candidate.name === name);
  if (host === undefined) throw new RangeError(`no host ${name} in the spec`);
  return host;
}

/** What a step is carried out with, given what was just observed. */
export function stepContext(
  cluster: Cluster,
  { live, facts }: Observation,
  signal: AbortSignal,
): StepContext {
  return {
    live,
    facts,
    signal,
    clock: cluster.ports.clock,
    material: cluster.material,
    engine: (host): Engine => cluster.ports.engines.of(hostSpec(cluster, host)),
    redis(node): RedisNode {
      const endpoints = facts.nodes[node]?.endpoints ?? [];
      if (endpoints.length === 0) throw new PortError('not-found', `no address of ${node} is known`);
      return cluster.ports.redis.at(endpoints, cluster.credentials.operator);
    },
  };
}
