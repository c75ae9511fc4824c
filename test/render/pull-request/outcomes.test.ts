/** One golden file for each outcome, and the lines that statuses, checks and channels get of it. */
import { describe, expect, test } from 'vitest';
import type { Preview } from '../../../reconciler/planner/preview/preview.ts';
import { planCheck } from '../../../reconciler/render/pull-request/check-run.ts';
import { indexComment } from '../../../reconciler/render/pull-request/index-comment.ts';
import { planNotification } from '../../../reconciler/render/pull-request/notifications.ts';
import { previewComment } from '../../../reconciler/render/pull-request/preview-comment.ts';
import { PLANNING, planStatus, planStatusOf } from '../../../reconciler/render/pull-request/status-lines.ts';
import { testIntent } from '../../support/specs.ts';
import { expectGolden } from '../golden.ts';
import { after, healthy, node } from '../situations.ts';
import { BINDING, changed, grown, outcomeOf, previewOf, problem, shrunk } from './previews.ts';

const PULL_REQUEST = {
  id: '12',
  title: 'A fourth shard',
  author: 'ada',
  url: 'https://forge.example/ops/redis/pull/12',
};

const APPROVAL = {
  kind: 'approval',
  state: 'open',
  text: 'approval by two of ops/redis: 1 of 2 (ada)',
} as const;

function blocked(): Preview {
  return previewOf(
    outcomeOf(
      after((live) => {
        Object.assign(node(live, 'n2a'), { container: 'foreign', reachable: 'no' });
      }),
    ),
  );
}

function drifting(): Preview {
  const situation = changed(testIntent(), testIntent({ config: { maxmemory: '96mb' } }), (live) => {
    Object.assign(node(live, 'n3b'), { link: 'stale-address', synced: false });
  });
  return previewOf(outcomeOf(situation), {
    edits: [{ operation: { op: 'replace', path: '/redis/config/maxmemory', value: '96mb' }, before: '64mb' }],
    drift: [
      { op: 'replace', path: '/nodes/n3b/link', value: 'up' },
      { op: 'replace', path: '/nodes/n3b/synced', value: true },
    ],
  });
}

const OUTCOMES: Readonly<Record<string, () => Preview>> = {
  changes: () =>
    previewOf(outcomeOf(grown()), {
      requirements: [APPROVAL, { kind: 'backup', state: 'met', text: 'backup 14 min old' }],
      edits: [
        {
          operation: { op: 'add', path: '/nodes/6', value: { name: 'n4a', shard: 's4' } },
          before: undefined,
        },
      ],
      earlier: [{ id: 'p_aaaaaaaaaaaa', head: 'abcdef0123456789', verdict: 'adds 1 node' }],
    }),
  'changes-beside-drift': drifting,
  destructive: () => previewOf(outcomeOf(shrunk()), { requirements: [APPROVAL] }),
  'no-op': () => previewOf(outcomeOf(healthy())),
  blocked,
  invalid: () =>
    previewOf({ kind: 'invalid', problems: [problem(), problem({ code: 'too-few-primaries', hint: '' })] }),
  failed: () =>
    previewOf({
      kind: 'failed',
      problems: [
        problem({
          code: 'host-unreachable',
          subject: 'host h3',
          summary: 'the Docker Engine of h3 does not answer',
          evidence: 'connect ECONNREFUSED 10.0.3.1:22',
          hint: 'make the engine reachable',
        }),
      ],
    }),
  offline: () => previewOf({ kind: 'offline', reason: 'This comes from a fork' }),
  released: () => previewOf({ kind: 'released' }),
  refused: () =>
    previewOf(outcomeOf(shrunk()), {
      requirements: [
        { kind: 'limit', state: 'refused', text: 'the plan removes 2 nodes, the policy allows 1' },
      ],
    }),
};

describe('the comment of an outcome', () => {
  for (const [name, preview] of Object.entries(OUTCOMES))
    test(name, () => expectGolden(`pull-request/outcome-${name}.md`, previewComment(preview())));
});

test('no two outcomes have the same headline, status and check', () => {
  const all = Object.values(OUTCOMES).map((preview) => preview());
  const headlines = all.map((preview) => previewComment(preview).split('\n')[0]);
  expect(new Set(headlines.map((line) => line?.slice(0, 60))).size).toBe(all.length);
  expect(new Set(all.map((preview) => planStatus(preview).description)).size).toBe(all.length);
});

test('the statuses of all outcomes', () => {
  const lines = Object.entries(OUTCOMES).map(([name, preview]) => {
    const { state, description } = planStatus(preview());
    return `${name}: ${state}: ${description}`;
  });
  const { state, description } = planStatusOf(Object.values(OUTCOMES).map((preview) => preview()));
  expectGolden(
    'pull-request/statuses.txt',
    [
      ...lines,
      `together: ${state}: ${description}`,
      `before: ${PLANNING.state}: ${PLANNING.description}`,
    ].join('\n'),
  );
});

test('the index of a pull request that touches several clusters', () => {
  const previews = Object.entries(OUTCOMES).map(([name, preview]) => ({ ...preview(), cluster: name }));
  expectGolden('pull-request/index.md', indexComment(previews));
});

test('the check run of an invalid spec has its problems on their lines', () => {
  const check = planCheck(previewOf({ kind: 'invalid', problems: [problem()] }));
  expect(check.conclusion).toBe('failure');
  expect(check.annotations).toEqual([
    {
      path: 'clusters/test/cluster.yaml',
      line: 14,
      level: 'failure',
      title: 'nodes[2].shrad (unknown-key)',
      message: 'there is no field shrad\nfound: shrad\nto do: did you mean shard?',
    },
  ]);
});

test('a plan that waits for an approval asks for action in its check', () => {
  expect(planCheck(previewOf(outcomeOf(grown()), { requirements: [APPROVAL] })).conclusion).toBe(
    'action_required',
  );
  expect(planCheck(previewOf(outcomeOf(grown()))).conclusion).toBe('success');
});

test('channels hear of what removes something and of what cannot be planned; the rest is quiet', () => {
  const severities = Object.entries(OUTCOMES).map(([name, preview]) => [
    name,
    planNotification(preview(), PULL_REQUEST).severity,
  ]);
  expect(Object.fromEntries(severities)).toMatchObject({
    changes: 'quiet',
    destructive: 'loud',
    failed: 'loud',
    'no-op': 'quiet',
  });
});

test('the footer binds the plan to everything that it was made from', () => {
  const comment = previewComment(previewOf(outcomeOf(grown())));
  const last = comment.split('\n').at(-1) ?? '';
  for (const part of [
    BINDING.head.slice(0, 10),
    BINDING.base.slice(0, 10),
    BINDING.live.slice(0, 12),
    'p_3f9c01ab77de',
  ])
    expect(last).toContain(part);
});
