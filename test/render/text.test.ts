import { describe, expect, test } from 'vitest';
import { clipped, columns, screenWidth } from '../../reconciler/render/columns.ts';
import { code, escaped } from '../../reconciler/render/markdown.ts';
import { bytes, counted, duration, listed, slotsInWords } from '../../reconciler/render/quantities.ts';

describe('quantities', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [100_663_296, '96 MiB'],
    [3_500_000, '3.3 MiB'],
    [200 * 1024 ** 4, '200 TiB'],
  ])('%i bytes are %s', (count, text) => expect(bytes(count)).toBe(text));

  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1000, '1.0 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min 0 s'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
  ])('%i milliseconds are %s', (ms, text) => expect(duration(ms)).toBe(text));

  test('counts agree with their nouns', () => {
    expect([counted(1, 'step'), counted(2, 'step'), counted(1234, 'step')]).toEqual([
      '1 step',
      '2 steps',
      '1,234 steps',
    ]);
  });

  test('slots are told by ranges and number', () => {
    expect(slotsInWords('')).toBe('no slots');
    expect(slotsInWords('7')).toBe('7 (1 slot)');
    expect(slotsInWords('0-1 3 5 7-9 11')).toBe('0-1 3 5 … (8 slots)');
  });

  test('long lists are cut', () => {
    expect(listed(['a'])).toBe('a');
    expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
    expect(listed(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
  });
});

describe('columns', () => {
  const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;

  test('colours take no room', () => {
    const [, row] = columns([{ title: 'A' }, { title: 'B' }], [[red('xyz'), 'b']], (text) => text);
    expect(row).toBe(`${red('xyz')}  b`);
  });

  test('a column that is empty is left out', () => {
    expect(
      columns([{ title: 'A' }, { title: 'B' }, { title: 'C' }], [['1', '', '3']], (text) => text),
    ).toEqual(['A  C', '1  3']);
  });

  test('clipping keeps colours whole and ends them', () => {
    const cut = clipped(`ab${red('cdefgh')}`, 5);
    expect(screenWidth(cut)).toBe(5);
    expect(cut).toBe('ab\u001b[31mcd…\u001b[0m');
    expect(clipped('abc', 3)).toBe('abc');
  });
});

describe('markdown', () => {
  test.each([
    ['@ops please look', '@\u200bops please look'],
    ['see #12', 'see \\#\u200b12'],
    ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
    ['[click](http://evil)', '\\[click\\](http\u200b://evil)'],
    ['a | b', 'a \\| b'],
    ['first\n# second', 'first \\# second'],
    ['&lt;', '&amp;lt;'],
  ])('%j is only text', (text, expected) => expect(escaped(text)).toBe(expected));

  test('no code fence can be closed from inside', () => {
    expect(code('a`b')).toBe('``a`b``');
    expect(code('`')).toBe('`` ` ``');
  });
});
