/** What is said after the merge: the checklist, its end, what holds it, and the issues that are kept. */
import { describe, expect, test } from 'vitest';
import type { PlanChange, Rollout, StepProgress } from '../../../reconciler/planner/preview/preview.ts';
import { type Answer, answerText } from '../../../reconciler/render/pull-request/answers.ts';
import { rolloutIndexComment } from '../../../reconciler/render/pull-request/index-comment.ts';
import { directPushIssue, driftIssue, failureIssue } from '../../../reconciler/render/pull-request/issues.ts';
import { rolloutNotification } from '../../../reconciler/render/pull-request/notifications.ts';
import { rolloutComment } from '../../../reconciler/render/pull-request/rollout-comment.ts';
import { applyStatus, applyStatusOf } from '../../../reconciler/render/pull-request/status-lines.ts';
import { testIntent } from '../../support/specs.ts';
import { expectGolden } from '../golden.ts';
import { after, node } from '../situations.ts';
import { BINDING, grown, NOW, outcomeOf, previewOf, problem, shrunk } from './previews.ts';

const MERGE = 'c0ffee0011c0ffee0011c0ffee0011c0ffee0011';

function rollout(state: Rollout['state'], more: Partial<Rollout> = {}): Rollout {
  const steps = grown().plan.waves.flat();
  const states: Readonly<Record<Rollout['state'], (index: number) => StepProgress['state']>> = {
    held: () => 'waiting',
    running: (index) => (index < 4 ? 'done' : index < 6 ? 'running' : 'waiting'),
    done: () => 'done',
    failed: (index) => (index < 4 ? 'done' : index === 4 ? 'failed' : 'waiting'),
    superseded: (index) => (index < 4 ? 'done' : 'waiting'),
  };
  return {
    cluster: 'test',
    mergeCommit: MERGE,
    plan: 'p_3f9c01ab77de',
    state,
    problems: [],
    steps: steps.map((planned, index) => {
      const progress = states[state](index);
      return {
        planned,
        state: progress,
        durationMs: progress === 'done' || progress === 'failed' ? 340 * (index + 1) : undefined,
        reason: progress === 'failed' ? 'the engine answers: no space left on device' : undefined,
      };
    }),
    begunAt: state === 'held' ? undefined : NOW,
    endedAt: state === 'held' || state === 'running' ? undefined : NOW + 65_000,
    live: state === 'done' ? BINDING.live : undefined,
    ...more,
  };
}

const shown = previewOf(outcomeOf(grown()));

function planChange(): PlanChange {
  const removing = shrunk().plan.waves.flat();
  return { verdict: 'other', added: removing.slice(-2), gone: grown().plan.waves.flat().slice(0, 1) };
}

const HELD = problem({
  code: 'plan-changed',
  subject: 'cluster',
  summary: 'the plan of now is not the one that was shown',
  evidence: '2 steps are new',
  hint: 'approve it, or revert the merge',
});

describe('the comment of a merged pull request', () => {
  for (const state of ['running', 'done', 'failed', 'superseded'] as const)
    test(state, () =>
      expectGolden(`pull-request/rollout-${state}.md`, rolloutComment(rollout(state), { shown })),
    );

  test('held', () => {
    const text = rolloutComment(rollout('held', { problems: [HELD] }), { shown, change: planChange() });
    expectGolden('pull-request/rollout-held.md', text);
    expect(text).toContain('`/redisforge approve p_3f9c01ab77de`');
  });

  test('nothing was to be done', () => {
    expect(rolloutComment(rollout('done', { steps: [] })).split('\n')[0]).toContain('nothing was to be done');
  });

  test('a failure says how to go back', () => {
    expect(rolloutComment(rollout('failed'))).toContain(`git revert -m 1 ${MERGE}`);
  });
});

test('statuses and channels after the merge', () => {
  const all = (['held', 'running', 'done', 'failed', 'superseded'] as const).map((state) => rollout(state));
  const lines = all.map((one) => {
    const { state, description } = applyStatus(one);
    return `${one.state}: ${state}: ${description} (${rolloutNotification(one, undefined).severity})`;
  });
  expectGolden('pull-request/apply-statuses.txt', [...lines, applyStatusOf(all).description].join('\n'));
  expectGolden(
    'pull-request/rollout-index.md',
    rolloutIndexComment(all.map((one) => ({ ...one, cluster: one.state }))),
  );
});

describe('issues', () => {
  const live = after(
    (state) => {
      node(state, 'n1b').config['maxmemory'] = '67108864';
    },
    testIntent({ config: { maxmemory: '96mb' } }),
  );
  const report = {
    cluster: 'test',
    live: live.live,
    drift: live.plan.differences,
    firstSeen: NOW,
    lastSeen: NOW + 600_000,
    blocks: [],
    suspected: ['CONFIG SET maxmemory by user ops at 18:12 UTC'],
  };

  test('drift is told once and kept up to date', () => {
    const issue = driftIssue(report);
    expect([issue.key, issue.state]).toEqual(['drift/test', 'open']);
    expectGolden('pull-request/issue-drift.md', issue.body);
  });

  test('drift that is gone is closed with its proof', () => {
    const issue = driftIssue({ ...report, gone: { at: NOW + 900_000, live: BINDING.live } });
    expect(issue.state).toBe('closed');
    expect(issue.body).toContain(BINDING.live.slice(0, 12));
  });

  test('a failure names the steps and the pull request', () => {
    const pullRequest = { title: 'A fourth shard', url: 'https://forge.example/ops/redis/pull/12' };
    expectGolden(
      'pull-request/issue-failure.md',
      failureIssue({ rollout: rollout('failed'), pullRequest }).body,
    );
    const over = { at: NOW, live: BINDING.live };
    expect(failureIssue({ rollout: rollout('failed'), pullRequest, over }).state).toBe('closed');
  });

  test('a direct push is held and says what helps', () => {
    const push = { commit: MERGE, author: 'ada', branch: 'main', clusters: ['test'] };
    expectGolden('pull-request/issue-direct-push.md', directPushIssue(push).body);
  });
});

const wave = { number: 1, of: 9 };

const ANSWERS: Readonly<Record<string, Answer>> = {
  planning: { kind: 'planning', commit: MERGE },
  approved: { kind: 'approved', plan: 'p_3f9c01ab77de', by: 'ada', open: ['a second approval'] },
  'approved-at-last': { kind: 'approved', plan: 'p_3f9c01ab77de', by: 'ada', open: [] },
  paused: { kind: 'paused', clusters: ['test'], by: 'ada', reason: 'sale | @all', until: NOW },
  resumed: { kind: 'resumed', clusters: [], by: 'ada' },
  stopped: { kind: 'stopped', clusters: ['test'], by: 'ada' },
  unlocked: { kind: 'unlocked', clusters: ['test'], by: 'ada' },
  explained: { kind: 'explained', planned: grown().plan.waves[0]?.[0] as never, wave, before: grown().live },
  help: { kind: 'help' },
  refused: {
    kind: 'refused',
    command: '/redisforge approve p_0',
    problems: [problem({ code: 'unknown-plan' })],
  },
};

test('answers to commands', () => {
  const texts = Object.entries(ANSWERS).map(([name, answer]) => `<!-- ${name} -->\n${answerText(answer)}`);
  expectGolden('pull-request/answers.md', texts.join('\n\n'));
});
