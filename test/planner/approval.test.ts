/** What a plan needs before it may run, and what people may ask for in comments. */
import { describe, expect, it } from 'vitest';
import { commandIn } from '../../reconciler/planner/approval/commands.ts';
import {
  allMet,
  type GivenApproval,
  requirementsOf,
  shrinkageOf,
} from '../../reconciler/planner/approval/requirements.ts';
import { type Plan, plan } from '../../reconciler/planner/plan.ts';
import { type ApprovalPolicy, policySchema } from '../../spec-schema/policy/policy.ts';
import { convergedState, emptyState, noFacts, POLICY, specOf, testIntent } from '../support/specs.ts';

const MONDAY_NOON = Date.UTC(2026, 10, 23, 12);

function policyOf(policy: object): ApprovalPolicy {
  return policySchema.parse({ apiVersion: 'redisforge.dev/v1', kind: 'Policy', ...policy });
}

/** Adds a shard: its steps are safe, and moving slots is disruptive. */
function growing(): Plan {
  const live = convergedState(testIntent());
  const intent = testIntent({ shards: 4 });
  const empty = emptyState(intent);
  return plan(
    intent,
    { ...live, nodes: { ...empty.nodes, ...live.nodes }, hosts: live.hosts },
    noFacts(intent),
    POLICY,
  );
}

function shrinking(): Plan {
  const live = convergedState(testIntent({ replicas: 2 }));
  const intent = testIntent();
  return plan(
    intent,
    live,
    { ...noFacts(intent), nodes: noFacts(testIntent({ replicas: 2 })).nodes },
    POLICY,
  );
}

function textsOf(
  policy: ApprovalPolicy,
  made: Plan,
  approvals: readonly GivenApproval[] = [],
  now = MONDAY_NOON,
) {
  return requirementsOf(policy, { plan: made, author: 'ada', approvals, now }).map(
    ({ kind, state, text }) => `${kind} ${state}: ${text}`,
  );
}

const by = (author: string, more: Partial<GivenApproval> = {}): GivenApproval => ({
  author,
  by: 'review',
  mayWrite: true,
  teams: [],
  ...more,
});

describe('requirements of a plan', () => {
  it('are none where the policy asks for nothing', () => {
    expect(textsOf(policyOf({}), growing())).toEqual([]);
    expect(allMet([])).toBe(true);
  });

  it('ask for approvals of the classes of steps that it has', () => {
    const policy = policyOf({
      approvals: [{ risks: ['destructive'] }, { risks: ['disruptive'], logins: ['Grace'] }],
    });
    expect(textsOf(policy, growing())).toEqual([
      'approval open: approval of disruptive steps by Grace: 0 of 1',
    ]);
    expect(textsOf(policy, growing(), [by('grace'), by('ada')])).toEqual([
      'approval met: approval of disruptive steps by Grace: 1 of 1 (grace)',
    ]);
    expect(textsOf(policy, shrinking())[0]).toContain('approval open: approval of destructive steps');
  });

  it('count nobody twice, nobody who may not write, and not the author where several have to approve', () => {
    const policy = policyOf({ approvals: [{ risks: ['safe'], count: 2, teams: ['acme/redis'] }] });
    const member = { teams: ['acme/redis'] };
    const given = [
      by('ada', member),
      by('grace', member),
      by('grace', { ...member, by: 'command' }),
      by('linus', { ...member, mayWrite: false }),
      by('barbara'),
    ];
    expect(textsOf(policy, growing(), given)).toEqual([
      'approval open: approval of safe steps by acme/redis: 1 of 2 (grace)',
    ]);
    const one = policyOf({ approvals: [{ risks: ['safe'] }] });
    expect(textsOf(one, growing(), [by('ada')])[0]).toContain('1 of 1 (ada)');
  });

  it('want the plan named where it takes something for good, and a review is not enough', () => {
    const policy = policyOf({ confirm: 'destructive' });
    expect(textsOf(policy, growing())).toEqual([]);
    expect(textsOf(policy, shrinking(), [by('grace')])[0]).toMatch(/^confirmation open/);
    expect(textsOf(policy, shrinking(), [by('grace', { by: 'command' })])[0]).toMatch(
      /^confirmation met.*grace/,
    );
  });

  it('wait for a window of their class', () => {
    const policy = policyOf({ windows: [{ cron: '0 2 * * 2', minutes: 60 }] });
    expect(textsOf(policy, growing())).toEqual([
      'window open: the next window for disruptive steps opens at 2026-11-24T02:00:00.000Z',
    ]);
    expect(textsOf(policy, growing(), [], Date.UTC(2026, 10, 24, 2, 59))[0]).toContain('window met');
  });

  it('refuse what is beyond a limit, whoever approves it', () => {
    const policy = policyOf({ limits: { slots: 1000, nodes: 2 } });
    expect(textsOf(policy, growing(), [by('grace', { by: 'command' })])).toEqual([
      'limit refused: the plan moves slots: 4096, and the policy allows 1000: do it in several pull requests',
      'limit met: the plan deploys, restarts or removes nodes: 2 of at most 2',
    ]);
  });

  it('refuse a spec that becomes much smaller, or is taken away', () => {
    const before = specOf({ shards: 6, replicas: 2 });
    const shrink = (after: ReturnType<typeof specOf>) => shrinkageOf(policyOf({}), before, after).length;
    expect(shrink(specOf({ shards: 6, replicas: 1 }))).toBe(0);
    expect(shrink(specOf({ shards: 6, replicas: 0 }))).toBe(1);
    expect(shrink(specOf({ shards: 3, replicas: 2 }))).toBe(0);
    expect(shrink(specOf({ shards: 7, replicas: 2 }))).toBe(0);
    expect(shrinkageOf(policyOf({}), before, undefined)[0]?.state).toBe('refused');
    expect(shrinkageOf(policyOf({ limits: { release: 'allowed' } }), before, undefined)).toEqual([]);
  });
});

describe('a command', () => {
  const clusters = new Set(['orders', 'cart']);
  const read = (body: string) => commandIn(body, clusters);

  it('stands on the first line, and nowhere else', () => {
    expect(read('/redisforge help')).toEqual({ verb: 'help' });
    expect(read('  /RedisForge   HELP  \r\nthanks')).toEqual({ verb: 'help' });
    expect(read('/redisforge')).toEqual({ verb: 'help' });
    for (const body of [
      '',
      'please\n/redisforge help',
      '> /redisforge help',
      '/redisforgery',
      'see /redisforge help',
    ])
      expect(read(body)).toBeUndefined();
  });

  it('names plans and commits in full', () => {
    const commit = 'A'.repeat(40);
    expect(read('/redisforge approve p_0123456789ab')).toEqual({ verb: 'approve', plan: 'p_0123456789ab' });
    expect(read(`/redisforge plan ${commit}`)).toEqual({ verb: 'plan', commit: commit.toLowerCase() });
    expect(read('/redisforge plan')).toEqual({ verb: 'plan', commit: undefined });
    for (const body of [
      'approve',
      'approve it',
      'approve p_0123',
      'plan abc123',
      `plan ${commit}0`,
      'aprove',
      '@x',
    ])
      expect(read(`/redisforge ${body}`)?.verb).toBe('unclear');
  });

  it('pauses for a time and a reason', () => {
    expect(read('/redisforge pause cart 90m the big sale')).toEqual({
      verb: 'pause',
      cluster: 'cart',
      forMs: 5_400_000,
      reason: 'the big sale',
    });
    expect(read('/redisforge pause until we know')).toMatchObject({ cluster: undefined, forMs: undefined });
    expect(read('/redisforge stop orders')).toEqual({ verb: 'stop', cluster: 'orders', reason: '' });
    expect(read('/redisforge resume orders')).toEqual({ verb: 'resume', cluster: 'orders' });
    expect(read('/redisforge unlock billing')?.verb).toBe('unclear');
  });
});
