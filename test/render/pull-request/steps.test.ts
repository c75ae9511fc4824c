/** A golden file for every kind of step: as it is planned, as it is carried out, as it is explained. */
import { describe, expect, test } from 'vitest';
import { answerText } from '../../../reconciler/render/pull-request/answers.ts';
import { previewComment } from '../../../reconciler/render/pull-request/preview-comment.ts';
import { rolloutComment } from '../../../reconciler/render/pull-request/rollout-comment.ts';
import { STEP_KINDS, type StepName, stepRisk } from '../../../reconciler/steps/table.ts';
import { expectGolden } from '../golden.ts';
import { EVERY_KIND, HEALTHY, planned, planOf } from './every-kind.ts';
import { previewOf } from './previews.ts';

const { live } = HEALTHY;
const MERGE = 'c0ffee0011c0ffee0011c0ffee0011c0ffee0011';

/** What is said of a step, without what is around it. */
function told(kind: StepName): string {
  const one = planned(EVERY_KIND[kind]);
  const preview = previewOf({ kind: 'changes', plan: planOf([[one]]), sides: { live, after: live } });
  const comment = previewComment(preview);
  const carriedOut = rolloutComment({
    cluster: 'test',
    mergeCommit: MERGE,
    plan: undefined,
    state: 'done',
    problems: [],
    steps: [{ planned: one, state: 'done', durationMs: 1234, reason: undefined }],
    begunAt: 0,
    endedAt: 1234,
    live: undefined,
  });
  return [
    comment.split('\n')[0],
    ...(comment.match(/^> .*$/gm) ?? []),
    comment.match(/^\| 1 \|.*$/m)?.[0],
    carriedOut.match(/^\| ✅ \|.*$/m)?.[0],
    answerText({ kind: 'explained', planned: one, wave: { number: 1, of: 1 }, before: live }),
  ].join('\n');
}

describe('a step of the kind', () => {
  for (const kind of Object.keys(STEP_KINDS) as StepName[]) {
    test(kind, () => {
      const text = told(kind);
      expectGolden(`pull-request/steps/${kind}.md`, text);
      // Neither secrets nor their digests.
      expect(text.replace(/^ +step .*$/m, '')).not.toMatch(/\b0[pr]\b/);
      expect(text.includes('cannot be undone')).toBe(stepRisk(EVERY_KIND[kind]) === 'destructive');
    });
  }
});
