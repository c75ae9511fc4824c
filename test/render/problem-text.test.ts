import { expect, test } from 'vitest';
import { problemText } from '../../reconciler/render/problem-text.ts';
import { PLAIN } from '../../reconciler/render/style.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import { readSpec } from '../../spec-schema/read-spec.ts';
import { expectGolden } from './golden.ts';

const problem = (line: number, column: number, evidence: string): Problem => ({
  severity: 'error',
  code: 'unknown-field',
  subject: 'redis.imgae',
  summary: 'there is no such field',
  evidence,
  where: { file: 'cluster.yaml', line, column },
  hint: 'did you mean `image`?',
});

test('carets stand under the offending text', () => {
  const source = 'redis:\n  imgae: redis:8.6.3\n';
  expect(problemText(problem(2, 3, 'imgae'), PLAIN, source)).toBe(
    [
      'cluster.yaml:2:3: error[unknown-field]: there is no such field',
      '  2 |   imgae: redis:8.6.3',
      '    |   ^^^^^',
      '  hint: did you mean `image`?',
    ].join('\n'),
  );
});

test('carets stand under the offending text also behind tabs', () => {
  const text = problemText(problem(1, 2, 'imgae'), PLAIN, '\timgae: x');
  expect(text).toContain('\n  1 | \timgae: x\n    | \t^^^^^\n');
});

test('of a long line the part that matters is shown', () => {
  const source = `${'a'.repeat(300)}imgae${'b'.repeat(300)}`;
  const [, shown = '', carets = ''] = problemText(problem(1, 301, 'imgae'), PLAIN, source).split('\n');
  expect(shown.length).toBeLessThan(120);
  expect(shown.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('imgae');
});

test('without the source the evidence is told instead', () => {
  expect(problemText(problem(2, 3, 'imgae'), PLAIN)).toContain('\n  found: imgae\n');
});

test('nothing that a terminal would act on comes through', () => {
  const nasty = '\u001b[2J\u001b]0;owned\u0007\u202e';
  const text = problemText(
    { ...problem(1, 1, nasty), subject: nasty, summary: nasty, hint: nasty },
    PLAIN,
    `${nasty} x`,
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
});

test('what the reader of specs finds is shown with its place', () => {
  const source =
    'apiVersion: redisforge.dev/v1\nkind: RedisCluster\nmetadata: { name: Orders }\nredis:\n  imgae: redis:8.6.3\n';
  const { problems } = readSpec(source, 'clusters/orders/cluster.yaml');
  expectGolden('problems.txt', problems.map((each) => problemText(each, PLAIN, source)).join('\n\n'));
});
