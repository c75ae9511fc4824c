import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { code, escaped } from '../../reconciler/render/markdown.ts';
import { plainMarkdown } from '../../reconciler/render/plain-markdown.ts';
import { expectGolden } from './golden.ts';

const folder = join(import.meta.dirname, 'golden/pull-request');

test('a comment is a text that can be read in a terminal', () => {
  const comment = readFileSync(join(import.meta.dirname, 'fixtures/comment.md'), 'utf8');
  expectGolden('comment-in-terminal.txt', plainMarkdown(comment));
});

test('nothing of our own markup is left in any comment', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.md'))) {
    const text = plainMarkdown(readFileSync(join(folder, file), 'utf8'));
    expect(text, file).not.toMatch(/\*\*|```|<\/?(?:details|summary|b|sub|br)\b|<!--|&lt;|\| ---/);
    expect(text, file).not.toContain('flowchart');
  }
});

test.each([
  'plain',
  '`ticks` and | pipes',
  '<b>bold</b> & *stars* __under__ \\ back',
  '@ada see #12 --> [x](y)',
])('%s, which somebody wrote, is shown as it was written', (text) => {
  expect(plainMarkdown(escaped(text))).toBe(text);
  expect(plainMarkdown(`| a | b |\n| --- | --- |\n| ${escaped(text)} | c |`)).toContain(`  ${text}`);
});

test('what is in code stays as it is', () => {
  expect(plainMarkdown(`say ${code('a <b> **c** \\* |')}.`)).toBe('say a <b> **c** \\* |.');
  expect(plainMarkdown('```\n**x** <b>\n```')).toBe('**x** <b>');
});

test('what a terminal would act on is shown as an escape', () => {
  const text = plainMarkdown('a\u001b[31mb\u202ec');
  for (const character of ['\u001b', '\u202e']) expect(text).not.toContain(character);
});

test('a table of a thousand rows and an endless line take no time', () => {
  const began = performance.now();
  plainMarkdown(
    `| a | b |\n| --- | --- |\n${'| x | <y> |\n'.repeat(10_000)}${'<'.repeat(50_000)}${'[('.repeat(20_000)}`,
  );
  expect(performance.now() - began).toBeLessThan(5000);
});
