/** However large a plan is, its comment stays within its budget, whole, and shows all that cannot be undone. */
import { describe, expect, test } from 'vitest';
import type { PlannedStep } from '../../../reconciler/planner/next-steps.ts';
import type { Preview, Rollout } from '../../../reconciler/planner/preview/preview.ts';
import { planCheck } from '../../../reconciler/render/pull-request/check-run.ts';
import { indexComment, rolloutIndexComment } from '../../../reconciler/render/pull-request/index-comment.ts';
import { COMMENT_BUDGET } from '../../../reconciler/render/pull-request/parts.ts';
import { previewComment } from '../../../reconciler/render/pull-request/preview-comment.ts';
import { rolloutComment } from '../../../reconciler/render/pull-request/rollout-comment.ts';
import { planStatus, planStatusOf } from '../../../reconciler/render/pull-request/status-lines.ts';
import { type Fit, fitted, type Piece } from '../../../reconciler/render/pull-request/tree.ts';
import type { Step } from '../../../reconciler/steps/table.ts';
import { HEALTHY, planned, planOf } from './every-kind.ts';
import { ofType, parsed } from './parsed.ts';
import { grown, outcomeOf, previewOf, problem } from './previews.ts';

/** A plan of so many waves of a hundred steps; every so many-th step removes a volume. */
function large(steps: number, everyRemoves: number): Preview {
  const waves: PlannedStep[][] = [];
  for (let index = 0; index < steps; index += 1) {
    const step: Step =
      index % everyRemoves === 0
        ? { kind: 'remove-volume', volume: `redisforge-test-node-${index}` }
        : index % 3 === 0
          ? { kind: 'migrate-slots', from: 'n1a', to: 'n2a', slots: `${index % 5000}` }
          : { kind: 'configure', node: 'n1a', config: { maxmemory: `${index}` } };
    if (index % 100 === 0) waves.push([]);
    waves.at(-1)?.push(planned(step, `reason number ${index}`));
  }
  return previewOf({
    kind: 'changes',
    plan: planOf(waves),
    sides: { live: HEALTHY.live, after: HEALTHY.live },
  });
}

const EARLIER = { id: 'p_aaaaaaaaaaaa', head: 'abcdef0123456789', verdict: 'adds 1 node' };

function expectWhole(markdown: string): void {
  const tree = parsed(markdown);
  const html = ofType(tree, 'html').map(({ value = '' }) => value);
  expect(html.filter((value) => value.startsWith('<details')).length).toBe(
    html.filter((value) => value === '</details>').length,
  );
  expect(html.filter((value) => value === '<sub>').length).toBe(
    html.filter((value) => value === '</sub>').length,
  );
  for (const table of ofType(tree, 'table'))
    for (const row of table.children ?? [])
      expect(row.children?.length).toBe(table.children?.[0]?.children?.length);
}

describe('a comment', () => {
  test('of ten thousand steps keeps its budget and names every step that cannot be undone', () => {
    const preview = large(10_000, 250);
    const comment = previewComment(preview, { fullPlan: 'https://forge.example/plans/p_1' });
    expect(comment.length).toBeLessThanOrEqual(COMMENT_BUDGET);
    // What has room is used.
    expect(comment.length).toBeGreaterThan(COMMENT_BUDGET * 0.9);
    for (let index = 0; index < 10_000; index += 250)
      expect(comment).toContain(`remove the retired volume redisforge-test-node-${index}**`);
    expect(comment).toMatch(
      /[\d,]+ more steps left out here: \[the whole plan\]\(<https:\/\/forge\.example\/plans\/p_1>\)/,
    );
    expectWhole(comment);
  });

  test('of a thousand steps that cannot be undone still names each', () => {
    const comment = previewComment(large(2_000, 2));
    expect(comment.length).toBeLessThanOrEqual(COMMENT_BUDGET);
    const box = comment.slice(0, comment.indexOf('<details'));
    for (let index = 0; index < 2_000; index += 2) expect(box).toMatch(new RegExp(`node-${index}\\b`));
    expectWhole(comment);
  });

  test('of ten thousand steps that cannot be undone says their number', () => {
    const comment = previewComment(large(10_000, 1));
    expect(comment.length).toBeLessThanOrEqual(COMMENT_BUDGET);
    expect(comment).toContain('**10,000 steps cannot be undone.**');
    expectWhole(comment);
  });

  test('leaves out waiting and safe steps before disruptive ones', () => {
    const preview = large(240, 1_000);
    const full = previewComment(preview);
    const less = previewComment(preview, { budget: full.length - 3_000 });
    const count = (text: string, risk: string): number => text.split(`| ${risk} |`).length - 1;
    expect(count(less, '⚠️ disruptive')).toBe(count(full, '⚠️ disruptive'));
    expect(count(less, 'safe')).toBeLessThan(count(full, 'safe'));
    expect(less).toContain('`redisforge plan` shows all of it');
  });

  test('keeps the beginning of every part, however many steps there are', () => {
    const edits = Array.from({ length: 500 }, (_, index) => ({
      operation: { op: 'replace' as const, path: `/redis/config/directive-${index}`, value: 'new' },
      before: 'old',
    }));
    const comment = previewComment({ ...large(10_000, 1_000), edits, earlier: [EARLIER] });
    for (const part of [
      '- redis.config.directive-0: old',
      '| service |',
      '| time |',
      '/redisforge help',
      EARLIER.id,
    ])
      expect(comment).toContain(part);
    expect(comment).toMatch(/… [\d,]+ more lines left out here/);
  });

  test('says in every budget how many steps it does not show', () => {
    const preview = large(100, 1_000);
    for (let budget = 3_000; budget < 20_000; budget += 997) {
      const comment = previewComment(preview, { budget });
      const shown = comment.match(/^\| 1 \|/gm)?.length ?? 0;
      const missing = Number(comment.match(/(\d+) (?:more )?steps? left out here/)?.[1] ?? 0);
      expect(shown + missing, `budget ${budget}`).toBe(100);
      expect(comment.length).toBeLessThanOrEqual(budget);
    }
  });

  test('is not longer than its budget however long what people wrote is', () => {
    const huge = 'x`|@a '.repeat(5_000);
    const requirements = Array.from(
      { length: 50 },
      () => ({ kind: 'approval', state: 'open', text: huge }) as const,
    );
    const previews = [
      previewOf(outcomeOf(grown()), { requirements }),
      previewOf({ kind: 'invalid', problems: Array.from({ length: 200 }, () => problem({ summary: huge })) }),
      previewOf({ kind: 'failed', problems: [problem({ summary: huge, subject: huge })] }),
      previewOf({ kind: 'offline', reason: huge }, { cluster: huge }),
    ];
    for (const preview of previews) {
      const comment = previewComment(preview);
      expect(comment.length).toBeLessThanOrEqual(COMMENT_BUDGET);
      expectWhole(comment);
      expect(planStatus(preview).description.length).toBeLessThanOrEqual(140);
      const check = planCheck(preview);
      expect(Math.max(check.text.length, check.summary.length)).toBeLessThanOrEqual(65_535);
      expect(check.title.length).toBeLessThanOrEqual(255);
    }
    expect(planStatusOf(previews).description.length).toBeLessThanOrEqual(140);
  });
});

test('the comment of a rollout of ten thousand steps keeps what has failed and what runs', () => {
  const steps = ('plan' in large(10_000, 500).outcome ? large(10_000, 500) : undefined)?.outcome;
  const all = steps !== undefined && 'plan' in steps ? steps.plan.waves.flat() : [];
  const rollout: Rollout = {
    cluster: 'test',
    mergeCommit: 'c'.repeat(40),
    plan: 'p_1',
    state: 'failed',
    problems: [],
    steps: all.map((one, index) => ({
      planned: one,
      state: index < 7_001 ? 'done' : index === 7_001 ? 'failed' : index < 7_010 ? 'running' : 'waiting',
      durationMs: index < 7_002 ? 1_000 : undefined,
      reason: index === 7_001 ? 'no space left' : undefined,
    })),
    begunAt: 0,
    endedAt: 60_000,
    live: undefined,
  };
  const comment = rolloutComment(rollout);
  expect(comment.length).toBeLessThanOrEqual(COMMENT_BUDGET);
  expect(comment).toContain('**no space left**');
  expect(comment.match(/\| ⏳ \|/g)?.length).toBe(8);
  for (let index = 0; index < 10_000; index += 500)
    expect(comment).toContain(`redisforge-test-node-${index} `);
  expectWhole(comment);
});

test('the index of a thousand clusters shows those that fail, and fits', () => {
  const fine = outcomeOf(grown());
  const previews = Array.from({ length: 1_000 }, (_, index) => ({
    ...(index % 100 === 0 ? previewOf({ kind: 'invalid', problems: [problem()] }) : previewOf(fine)),
    cluster: `cluster-${index}`,
  }));
  const index = indexComment(previews);
  expect(index.length).toBeLessThanOrEqual(COMMENT_BUDGET);
  expect(index.match(/^\| ❌/gm)?.length).toBe(10);
  expectWhole(index);
  const rollouts = previews.map(
    ({ cluster }): Rollout => ({
      cluster,
      mergeCommit: 'c'.repeat(40),
      plan: undefined,
      state: 'held',
      problems: [],
      steps: [],
      begunAt: undefined,
      endedAt: undefined,
      live: undefined,
    }),
  );
  expect(rolloutIndexComment(rollouts).length).toBeLessThanOrEqual(COMMENT_BUDGET);
});

describe('a tree', () => {
  const rows = ['first', 'second', 'third'].map((word, index) => ({
    cells: [word.repeat(20)],
    importance: index,
  }));
  const list: Piece = { kind: 'list', noun: ['row', 'rows'], rows };
  const within = (budget: number): Fit => ({ budget, whole: 'elsewhere' });

  test('that fits is left alone', () => {
    expect(fitted([list], within(1_000))).not.toContain('left out');
  });

  test('loses what matters least first, and says so', () => {
    const text = fitted([list], within(280));
    expect(text).toContain('third');
    expect(text).not.toContain('first');
    expect(text).toContain('_1 more row left out here: elsewhere_');
  });

  test('that cannot be made to fit is none', () => {
    const kept = rows.map((row) => ({ ...row, importance: Number.POSITIVE_INFINITY }));
    expect(fitted([{ ...list, rows: kept }], within(100))).toBeUndefined();
  });
});
