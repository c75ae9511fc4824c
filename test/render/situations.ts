/** Small clusters in the states that one wants to see on a screen. */
import type { ClusterState, NodeState } from '../../reconciler/model/cluster-state.ts';
import type { Facts, NodeFacts } from '../../reconciler/model/facts.ts';
import type { MemberView, NodeReading } from '../../reconciler/model/readings.ts';
import { parseSlots } from '../../reconciler/model/slots.ts';
import type { Intent } from '../../reconciler/planner/intent.ts';
import { type Plan, plan } from '../../reconciler/planner/plan.ts';
import { convergedState, emptyState, noFacts, POLICY, testIntent } from '../support/specs.ts';

export interface Situation {
  readonly intent: Intent;
  readonly live: ClusterState;
  readonly facts: Facts;
  readonly plan: Plan;
}

export function situation(intent: Intent, live: ClusterState, facts: Facts = noFacts(intent)): Situation {
  return { intent, live, facts, plan: plan(intent, live, facts, POLICY) };
}

/** Nothing was ever made. */
export function unborn(): Situation {
  const intent = testIntent();
  return situation(intent, emptyState(intent));
}

/** Everything is as the spec says, and everything was read. */
export function healthy(): Situation {
  const intent = testIntent();
  return situation(intent, convergedState(intent), readFacts(intent));
}

/** A healthy cluster after something happened to it. */
export function after(
  happened: (live: ClusterState, facts: { -readonly [K in keyof Facts]: Facts[K] }) => void,
  intent: Intent = testIntent(),
): Situation {
  const live = structuredClone(convergedState(intent));
  const facts = readFacts(intent);
  happened(live, facts);
  return situation(intent, live, facts);
}

export function node(live: ClusterState, name: string): NodeState {
  const found = live.nodes[name];
  if (found === undefined) throw new RangeError(`no node ${name}`);
  return found;
}

function readFacts(intent: Intent): Facts {
  const facts = noFacts(intent);
  const state = convergedState(intent);
  const hosts = Object.fromEntries(
    intent.spec.hosts.map(({ name }) => [name, { engineId: `id-${name}`, engineVersion: '28.5.2' }]),
  );
  const nodes = Object.entries(facts.nodes).map(([name, fact], index): [string, NodeFacts] => [
    name,
    {
      ...fact,
      nodeId: String(index + 1).repeat(40),
      address: { ip: `10.0.0.${index + 1}`, port: 7000, busPort: 17000 },
      lagBytes: name.endsWith('a') ? 0 : 1536 * index,
      reading: reading(index, state.nodes[name]?.slots ?? ''),
    },
  ]);
  return { ...facts, hosts, nodes: Object.fromEntries(nodes) };
}

function reading(index: number, slots: string): NodeReading {
  return {
    nodeId: String(index + 1).repeat(40),
    version: '8.6.3',
    runId: 'run',
    uptimeMs: 3_600_000,
    loading: false,
    clusterOk: true,
    currentEpoch: 6,
    role: 'primary',
    primaryLink: null,
    replicas: [],
    offset: 1000,
    keys: 12_345 * (index + 1),
    usedMemoryBytes: 3_500_000 * (index + 1),
    maxmemoryBytes: 100_663_296,
    saving: false,
    rewriting: false,
    members: [{ myself: true, slots: parseSlots(slots) } as unknown as MemberView],
    config: {},
    users: [],
    migrations: [],
  } as NodeReading;
}
