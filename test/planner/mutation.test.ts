/**
 * What happens when a rule is wrong: the laws, which share no code with the rules, refuse its waves. And each law is
 * needed: without it the same wrong rule goes through.
 */
import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import { nodeOf } from '../../reconciler/model/topology.ts';
import type { Intent } from '../../reconciler/planner/intent.ts';
import { LAWS } from '../../reconciler/planner/laws.ts';
import { MACHINERY, type Machinery, nextSteps } from '../../reconciler/planner/next-steps.ts';
import { PlanningError, plan } from '../../reconciler/planner/plan.ts';
import { resolve } from '../../reconciler/planner/resolve.ts';
import type { Policy, Rule, RuleContext } from '../../reconciler/planner/rules/rule.ts';
import type { Step } from '../../reconciler/steps/table.ts';
import { convergedState, noFacts, POLICY, testIntent } from '../support/specs.ts';

interface Mutation {
  readonly says: string;
  /** Topic whose rules are replaced. */
  readonly topic: keyof typeof MACHINERY.rules & string;
  readonly rule: Rule;
  /** Name of the law that has to catch it. */
  readonly law: keyof typeof LAWS & string;
  readonly live?: (state: ClusterState) => void;
  readonly policy?: Policy;
}

const change = (state: ClusterState, node: string, fields: object): void => {
  Object.assign(nodeOf(state, node), fields);
};

/** The step for every node of the spec, or for those that a condition picks. */
const forAll = (
  step: (context: RuleContext, name: string) => Step,
  which = (_: RuleContext, __: string) => true,
): Rule =>
  function* (context) {
    for (const name of context.names)
      if (which(context, name)) yield { step: step(context, name), because: 'a wrong rule says so' };
  };

const restart = (context: RuleContext, node: string): Step => ({
  kind: 'restart-node',
  node,
  host: nodeOf(context.live, node).host,
  changes: {},
  config: nodeOf(context.desired, node).config,
  users: nodeOf(context.desired, node).users,
});

const MUTATIONS: readonly Mutation[] = [
  {
    says: 'slots are assigned although they have an owner',
    topic: 'slots',
    rule: forAll(
      (_, node) => ({ kind: 'assign-slots', node, slots: '0-99' }),
      ({ live }, name) => nodeOf(live, name).role === 'primary',
    ),
    law: 'servedSlotsStayServed',
  },
  {
    says: 'a primary is restarted without a switchover',
    topic: 'restarts',
    rule: forAll(restart, (_, name) => name === 'n1a'),
    law: 'dataStaysSafe',
  },
  {
    says: 'a primary that holds keys is made a replica',
    topic: 'replication',
    rule: forAll(
      () => ({ kind: 'replicate', node: 'n1b', primary: 'n1a' }),
      (_, name) => name === 'n1b',
    ),
    law: 'dataStaysSafe',
    live: (state) => change(state, 'n1b', { role: 'primary', replicaOf: null, link: 'none' }),
  },
  {
    says: 'a replica is restarted while its primary is missing',
    topic: 'restarts',
    rule: forAll(restart, (_, name) => name === 'n1b'),
    law: 'oneMemberPerShard',
    live: (state) => change(state, 'n1a', { reachable: 'no', container: 'unknown' }),
  },
  {
    says: 'all replicas are restarted at once',
    topic: 'restarts',
    rule: forAll(restart, ({ live }, name) => nodeOf(live, name).role === 'replica'),
    law: 'oneZoneAtATime',
  },
  {
    says: 'a replica that lags takes over',
    topic: 'replication',
    rule: forAll(
      () => ({ kind: 'switchover', shard: 's1', from: 'n1a', to: 'n1b' }),
      (_, name) => name === 'n1a',
    ),
    law: 'handOverInSync',
    live: (state) => change(state, 'n1b', { synced: false }),
  },
  {
    says: 'a primary that nobody could look at is declared dead',
    topic: 'failovers',
    rule: forAll(
      () => ({ kind: 'failover', shard: 's1', from: 'n1a', to: 'n1b' }),
      (_, name) => name === 'n1a',
    ),
    law: 'handOverInSync',
    live: (state) => change(state, 'n1a', { reachable: 'unknown', container: 'unknown' }),
  },
  {
    says: 'a container is started on a host that does not answer',
    topic: 'containers',
    rule: forAll(
      (context, node) => ({
        kind: 'start-node',
        node,
        host: nodeOf(context.live, node).host,
        config: {},
        users: {},
      }),
      (_, name) => name === 'n1b',
    ),
    law: 'unknownIsNotAbsent',
    live: (state) => {
      Object.assign(state.hosts['h2'] as object, { engine: 'no' });
      change(state, 'n1b', { reachable: 'unknown', container: 'unknown' });
    },
  },
  {
    says: 'a node with keys of unknown origin is let in',
    topic: 'membership',
    rule: forAll(
      (_, name) => ({ kind: 'meet', nodes: [name] }),
      (_, name) => name === 'n1b',
    ),
    law: 'onlyOurs',
    live: (state) => change(state, 'n1b', { membership: 'alone' }),
  },
  {
    says: 'slots are moved to a primary without a replica in sync',
    topic: 'migrations',
    rule: forAll(
      () => ({ kind: 'migrate-slots', from: 'n1a', to: 'n2a', slots: '0-99' }),
      (_, name) => name === 'n1a',
    ),
    law: 'importsNeedReplicas',
    // The replica lags, and nothing proposes to wait for it.
    live: (state) => change(state, 'n2b', { synced: false, reachable: 'unknown' }),
  },
  {
    says: 'a primary that owns slots is removed',
    topic: 'leaving',
    rule: forAll(
      (context, node) => ({ kind: 'remove-node', node, host: nodeOf(context.live, node).host }),
      (_, name) => name === 'n1a',
    ),
    law: 'destructionIsApproved',
  },
  {
    says: 'an ordinary replica is taken away with its volume',
    topic: 'surges',
    rule: forAll(
      (context, node) => ({ kind: 'remove-surge', node, host: nodeOf(context.live, node).host }),
      (_, name) => name === 'n1b',
    ),
    law: 'surgeIsSpare',
  },
  {
    says: 'a living member is forgotten',
    topic: 'ghosts',
    rule: forAll(
      () => ({ kind: 'forget-ghost', id: 'ghost', address: '' }),
      (_, name) => name === 'n1a',
    ),
    law: 'onlyOurs',
    live: (state) => {
      state.ghosts['ghost'] = {
        state: 'alive',
        role: 'primary',
        slots: '',
        replicas: '',
        formerly: '',
        address: '',
      };
    },
  },
];

function stateFor(intent: Intent, { live }: Mutation): ClusterState {
  const state = convergedState(intent);
  // Something has to differ, or there is nothing to plan.
  change(state, 'n3b', { config: { ...nodeOf(state, 'n3b').config, appendonly: 'no' } });
  live?.(state);
  return state;
}

/** How many of the steps that the wrong rule proposes get into the first wave. */
function letThrough(mutation: Mutation, machinery: Machinery): number {
  const intent = testIntent();
  const live = stateFor(intent, mutation);
  const facts = noFacts(intent);
  const policy = mutation.policy ?? POLICY;
  const { wave } = nextSteps(intent, resolve(intent, live, facts), live, facts, policy, machinery);
  return wave.filter(({ because }) => because === 'a wrong rule says so').length;
}

/** Whether planning with it is refused as a bug. */
function isRefused(mutation: Mutation, machinery: Machinery): boolean {
  const intent = testIntent();
  try {
    plan(intent, stateFor(intent, mutation), noFacts(intent), mutation.policy ?? POLICY, machinery);
    return false;
  } catch (error) {
    if (!(error instanceof PlanningError)) throw error;
    return error.violations.length > 0;
  }
}

/** Either some of the steps are never put into a wave, or the wave is refused as a whole. */
const isCaught = (mutation: Mutation, machinery: Machinery): boolean =>
  letThrough(mutation, machinery) < letThrough(mutation, { ...machinery, laws: {} }) ||
  isRefused(mutation, machinery);

const mutated = ({ topic, rule }: Mutation, laws: Machinery['laws']): Machinery => ({
  rules: { ...MACHINERY.rules, [topic]: rule },
  laws,
});

describe('a wrong rule', () => {
  for (const mutation of MUTATIONS) {
    it(`is caught: ${mutation.says}`, () => {
      expect(isCaught(mutation, mutated(mutation, LAWS))).toBe(true);
    });

    it(`is caught by ${mutation.law} alone: ${mutation.says}`, () => {
      const only = { [mutation.law]: LAWS[mutation.law] as (typeof LAWS)[string] };
      expect(isCaught(mutation, mutated(mutation, only))).toBe(true);
    });

    it(`would go through without any law: ${mutation.says}`, () => {
      expect(letThrough(mutation, mutated(mutation, {}))).toBeGreaterThan(0);
    });
  }

  it('is shown for every law that judges more than locks', () => {
    const shown = new Set(MUTATIONS.map(({ law }) => law));
    expect([...shown].sort()).toEqual(
      Object.keys(LAWS)
        .filter((law) => law !== 'locksAreExclusive')
        .sort(),
    );
  });
});

describe('a swapped order', () => {
  it('is caught: containers are replaced before the switchover', () => {
    const intent = testIntent({
      edit: (document) => Object.assign(document['redis'] as object, { image: 'redis:8.6.4' }),
    });
    const live = convergedState(testIntent());
    for (const host of Object.values(live.hosts)) host.images['redis:8.6.4'] = 'present';
    const eager: Rule = function* (context) {
      // Primaries first: the very order that RedisForge exists to prevent.
      for (const name of context.names) {
        const node = nodeOf(context.live, name);
        if (node.launch?.image === 'redis:8.6.3')
          yield {
            step: { kind: 'remove-container', node: name, host: node.host, because: 'image' },
            because: 'a wrong rule says so',
          };
      }
    };
    const facts = noFacts(intent);
    const wrong: Machinery = { ...MACHINERY, rules: { ...MACHINERY.rules, restarts: eager } };
    const decision = nextSteps(intent, resolve(intent, live, facts), live, facts, POLICY, wrong);
    const disturbed = decision.wave
      .filter(({ step }) => step.kind === 'remove-container')
      .map(({ step }) => ('node' in step ? step.node : ''));
    // What the laws leave of it is one replica in one zone.
    expect(disturbed).toEqual(['n1b']);
  });
});
