/** Secrets are planted wherever one could stand, and must not be in anything that is rendered. */
import { expect, test } from 'vitest';
import { type Secret, Secret as SecretValue } from '../../reconciler/ports.ts';
import { explainText } from '../../reconciler/render/explain-text.ts';
import { planJson } from '../../reconciler/render/plan-json.ts';
import { planMarkdown } from '../../reconciler/render/plan-markdown.ts';
import { planText } from '../../reconciler/render/plan-text.ts';
import { planView } from '../../reconciler/render/plan-view.ts';
import { answerText } from '../../reconciler/render/pull-request/answers.ts';
import { planCheck } from '../../reconciler/render/pull-request/check-run.ts';
import { driftIssue, failureIssue } from '../../reconciler/render/pull-request/issues.ts';
import { planNotification, rolloutNotification } from '../../reconciler/render/pull-request/notifications.ts';
import { previewComment } from '../../reconciler/render/pull-request/preview-comment.ts';
import { rolloutComment } from '../../reconciler/render/pull-request/rollout-comment.ts';
import { planStatus } from '../../reconciler/render/pull-request/status-lines.ts';
import { statusJson } from '../../reconciler/render/status-json.ts';
import { statusText } from '../../reconciler/render/status-text.ts';
import { statusView } from '../../reconciler/render/status-view.ts';
import { PLAIN } from '../../reconciler/render/style.ts';
import { outcomeOf, previewOf } from './pull-request/previews.ts';
import { after, node, type Situation, unborn } from './situations.ts';

/** Stands for the keyed digest of a secret: not even that is shown. */
const PLANTED = 'planted5ecret';

function planted(): Situation {
  return after((live) => {
    for (const name of ['n1a', 'n1b', 'n2b']) {
      node(live, name).config['masterauth'] = PLANTED;
      node(live, name).users['replication'] = `on #${PLANTED} resetchannels -@all +psync`;
    }
  });
}

function everything({ plan, live, facts }: Situation): string {
  const view = planView(plan, live);
  const status = statusView(live, facts, plan);
  const explained = plan.waves
    .flat()
    .map((step) => explainText(step, live, { number: 1, of: plan.waves.length }, PLAIN));
  return [
    planText(view, PLAIN),
    planMarkdown(plan, live),
    JSON.stringify(planJson(plan, live)),
    statusText(status, PLAIN),
    JSON.stringify(statusJson(status, plan)),
    ...explained,
  ].join('\n');
}

test('neither secrets nor their digests are shown when they differ', () => {
  const shown = everything(planted());
  expect(shown).not.toContain(PLANTED);
  expect(shown).toContain('masterauth is another than it should be');
  expect(shown).toContain('user replication has another password');
  expect(shown).toContain('[secret]');
});

/** Everything that is said at a forge or in a channel about a situation. */
function saidOutside(situation: Situation): string {
  const { plan, live } = situation;
  const address = `ssh://ops:${PLANTED}@10.0.1.1`;
  const preview = previewOf(outcomeOf(situation), {
    drift: plan.differences,
    edits: [
      { operation: { op: 'add', path: '/redis/config/requirepass', value: PLANTED }, before: PLANTED },
      { operation: { op: 'replace', path: '/hosts/h1/docker', value: address }, before: address },
      {
        operation: { op: 'add', path: '/nodes/n9', value: { name: 'n9', config: { masterauth: PLANTED } } },
        before: undefined,
      },
      {
        operation: { op: 'replace', path: '/users/app/rules', value: `~* >${PLANTED} +@all` },
        before: undefined,
      },
    ],
  });
  const steps = plan.waves.flat();
  const rollout = {
    cluster: 'test',
    mergeCommit: 'c'.repeat(40),
    plan: undefined,
    problems: [],
    steps: steps.map((planned) => ({ planned, state: 'failed' as const, durationMs: 1, reason: 'no' })),
    begunAt: 0,
    endedAt: 1,
    live: undefined,
  };
  const pullRequest = { id: '1', title: 'a title', author: 'ada', url: undefined };
  const change = { verdict: 'other', added: steps, gone: steps } as const;
  const drift = { cluster: 'test', live, drift: plan.differences, firstSeen: 0, lastSeen: 1 };
  return [
    previewComment(preview),
    JSON.stringify([planCheck(preview), planStatus(preview), planNotification(preview, pullRequest)]),
    ...(['held', 'failed'] as const).map((state) =>
      rolloutComment({ ...rollout, state }, { shown: preview, change }),
    ),
    JSON.stringify(rolloutNotification({ ...rollout, state: 'failed' }, pullRequest)),
    failureIssue({ rollout: { ...rollout, state: 'failed' }, pullRequest }).body,
    driftIssue({ ...drift, blocks: [], suspected: [] }).body,
    ...steps.map((planned) =>
      answerText({ kind: 'explained', planned, before: live, wave: { number: 1, of: 1 } }),
    ),
  ].join('\n');
}

test('nothing that is said at a forge or in a channel holds secrets or their digests', () => {
  const shown = saidOutside(planted());
  expect(shown).not.toContain(PLANTED);
  expect(shown).toContain('+ redis.config.requirepass: [secret]');
  expect(shown).toContain('+ hosts.h1.docker: ssh://ops:[secret]@10.0.1.1');
  expect(shown).toContain('+ users.app.rules: ~* [secret] +@all');
  expect(shown).toContain('user replication has another password');
});

test('the digests of the spec are not shown either', () => {
  const situation = unborn();
  const digest = situation.intent.nodes['n1a']?.config['masterauth'];
  expect(digest).toBe('0r');
  const shown = everything(situation);
  expect(shown).not.toMatch(/#0[pr]\b/);
  expect(shown).not.toMatch(/masterauth[=" :]+0r/);
});

test('a secret prints as [secret] whatever prints it', () => {
  const secret: Secret = new SecretValue(PLANTED);
  expect(`${secret} ${JSON.stringify({ secret })} ${String(secret)}`).toBe(
    '[secret] {"secret":"[secret]"} [secret]',
  );
});
