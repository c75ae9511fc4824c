/** Whatever people write, a real parser of GitHub's Markdown sees only the tables, folds and links that were built. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { code, escaped } from '../../../reconciler/render/markdown.ts';
import { answerText } from '../../../reconciler/render/pull-request/answers.ts';
import { directPushIssue, driftIssue, failureIssue } from '../../../reconciler/render/pull-request/issues.ts';
import { previewComment, previewPieces } from '../../../reconciler/render/pull-request/preview-comment.ts';
import { rolloutComment } from '../../../reconciler/render/pull-request/rollout-comment.ts';
import type { Piece } from '../../../reconciler/render/pull-request/tree.ts';
import { visibleLine } from '../../../reconciler/render/visible.ts';
import { runs } from '../../support/examples.ts';
import { HEALTHY } from './every-kind.ts';
import { hostilePreview, hostileText } from './hostile.ts';
import { nodesOf, ofType, type Parsed, parsed, proseOf } from './parsed.ts';

/** All the HTML that RedisForge writes itself. */
const OURS =
  /^(?:<details(?: open)?><summary><b>[\w ,]+<\/b>(?: \([\d,]+ [a-z]+\))?<\/summary>|<\/details>|<\/?(?:sub|code)>|<br>)$/;

/** What notifies people or links to something, were it not made harmless. */
const CALLS = /@[\w]|(?:^|[^\\\w])#\d|\bGH-\d|:[+-]?\w*[a-z]\w*:/i;

const MARK = /\u200b/g;

function seen(text: string): string {
  return text.replace(MARK, '').replace(/\s+/g, ' ').trim();
}

/** Nothing but what we built, wherever the words came from. */
function expectHarmless(markdown: string): Parsed {
  const tree = parsed(markdown);
  const strange = ofType(tree, 'html')
    .map(({ value = '' }) => value)
    .filter((value) => !OURS.test(value));
  expect(strange).toEqual([]);
  for (const type of [
    'image',
    'imageReference',
    'linkReference',
    'definition',
    'footnoteReference',
    'delete',
  ])
    expect(ofType(tree, type), type).toEqual([]);
  for (const { url } of ofType(tree, 'link')) expect(url).toMatch(/^https:\/\/forge\.example\//);
  expect(proseOf(tree)).not.toMatch(CALLS);
  const details = ofType(tree, 'html').map(({ value = '' }) => value);
  expect(details.filter((value) => value.startsWith('<details')).length).toBe(
    details.filter((value) => value === '</details>').length,
  );
  return tree;
}

function built(pieces: readonly Piece[], kind: Piece['kind']): number {
  return pieces.reduce((sum, piece) => {
    const empty = 'rows' in piece && piece.rows.length === 0;
    const here = piece.kind === kind && !empty ? 1 : 0;
    return sum + here + ('pieces' in piece ? built(piece.pieces, kind) : 0);
  }, 0);
}

describe('words of other people', () => {
  const contexts: Readonly<Record<string, (words: string) => string>> = {
    'a paragraph': (words) => words,
    'the middle of a line': (words) => `before ${words} after`,
    'bold words': (words) => `- **${words}**: after`,
    'a list': (words) => `- ${words}\n- second`,
    'a table': (words) => `| a | b |\n| --- | --- |\n| ${words} | ${words} |`,
    'a box': (words) => `> - wave 1: **${words}**, because ${words}`,
  };

  for (const [place, around] of Object.entries(contexts)) {
    test(`are text and nothing else in ${place}`, () => {
      fc.assert(
        fc.property(hostileText, (words) => {
          fc.pre(visibleLine(words) !== '');
          const tree = parsed(around(escaped(words)));
          const types = new Set(nodesOf(tree).map(({ type }) => type));
          for (const type of [
            'root',
            'paragraph',
            'text',
            'strong',
            'list',
            'listItem',
            'table',
            'tableRow',
            'tableCell',
            'blockquote',
          ])
            types.delete(type);
          expect([...types]).toEqual([]);
          expect(seen(proseOf(tree))).toContain(seen(visibleLine(words)));
          expect(proseOf(tree)).not.toMatch(CALLS);
        }),
        { numRuns: runs(200) },
      );
    });

    test(`are code and nothing else in ${place}`, () => {
      fc.assert(
        fc.property(hostileText, (words) => {
          const line = visibleLine(words);
          fc.pre(line !== '');
          const tree = parsed(around(code(words)));
          const codes = ofType(tree, 'inlineCode').map(({ value = '' }) => seen(value));
          const html = ofType(tree, 'html').map(({ value }) => value);
          // With a pipe in it, it is HTML with every mark written as a number.
          if (line.includes('|')) {
            expect(new Set(html)).toEqual(new Set(['<code>', '</code>']));
            expect(seen(proseOf(tree))).toContain(seen(line));
          } else {
            expect(html).toEqual([]);
            expect(codes.length).toBeGreaterThan(0);
            for (const one of codes) expect(one).toBe(seen(line));
          }
        }),
        { numRuns: runs(200) },
      );
    });
  }
});

describe('whatever a preview says', () => {
  test('its comment has the tables and folds that were built, and nothing else', () => {
    fc.assert(
      fc.property(hostilePreview, (preview) => {
        const pieces = previewPieces(preview, 'explained');
        const tree = expectHarmless(previewComment(preview, { budget: 10_000_000 }));
        expect(ofType(tree, 'table').length).toBe(built(pieces, 'table'));
        expect(ofType(tree, 'blockquote').length).toBe(built(pieces, 'alert'));
        const folds = ofType(tree, 'html').filter(({ value }) => value === '</details>').length;
        expect(folds).toBe(built(pieces, 'details'));
        const fences = built(pieces, 'code') + built(pieces, 'optional');
        expect(ofType(tree, 'code').length).toBe(fences);
        for (const { value = '' } of ofType(tree, 'code')) expect(value).not.toMatch(/[\u202e\u2066\u200b]/);
      }),
      { numRuns: runs(100) },
    );
  });

  test('it stays within any budget, unbroken', () => {
    fc.assert(
      fc.property(hostilePreview, fc.integer({ min: 2_000, max: 20_000 }), (preview, budget) => {
        const fullPlan = 'https://forge.example/plans/p_1';
        const comment = previewComment(preview, { budget, fullPlan });
        expect(comment.length).toBeLessThanOrEqual(budget);
        expectHarmless(comment);
      }),
      { numRuns: runs(100) },
    );
  });
});

test('whatever is said after the merge is harmless', () => {
  const { live } = HEALTHY;
  fc.assert(
    fc.property(hostilePreview, hostileText, (shown, word) => {
      const steps = 'plan' in shown.outcome ? shown.outcome.plan.waves.flat() : [];
      const problems = 'problems' in shown.outcome ? shown.outcome.problems : [];
      const rollout = {
        cluster: word,
        mergeCommit: word,
        plan: word,
        problems,
        steps: steps.map((planned) => ({ planned, state: 'failed' as const, durationMs: 1, reason: word })),
        begunAt: 0,
        endedAt: 1,
        live: word,
      };
      const change = { verdict: 'other', added: steps, gone: steps } as const;
      for (const state of ['held', 'running', 'done', 'failed', 'superseded'] as const)
        expectHarmless(rolloutComment({ ...rollout, state }, { shown, change }));
      const pullRequest = { title: word, url: `https://forge.example/${word}` };
      expectHarmless(failureIssue({ rollout: { ...rollout, state: 'failed' }, pullRequest }).body);
      const push = { commit: word, author: word, branch: word, clusters: [word, word] };
      expectHarmless(directPushIssue(push).body);
      const drift = { cluster: word, live, drift: shown.drift, firstSeen: 0, lastSeen: 1 };
      expectHarmless(driftIssue({ ...drift, blocks: problems, suspected: [word] }).body);
      const by = word;
      expectHarmless(answerText({ kind: 'paused', clusters: [word], by, reason: word, until: 0 }));
      expectHarmless(answerText({ kind: 'approved', plan: word, by, open: [word, word] }));
      expectHarmless(answerText({ kind: 'refused', command: word, problems }));
      expectHarmless(answerText({ kind: 'planning', commit: word }));
    }),
    { numRuns: runs(40) },
  );
});
