import { describe, expect, test } from 'vitest';
import { type ReadSpecResult, readSpec } from '../../spec-schema/read-spec.ts';
import { MAX_SPEC_BYTES } from '../../spec-schema/source-text.ts';
import { expectProblems, fleet, processorMs, read, told } from './claims.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const first = (source: Uint8Array | string) => {
  const { spec, problems } = readSpec(source, 'cluster.yaml');
  expect(spec).toBeUndefined();
  const [problem] = problems.filter(({ code }) => code !== 'missing-field' && code !== 'unknown-key');
  return told(problem === undefined ? [] : [problem])[0];
};

describe('encoding', () => {
  test('UTF-16, with a mark or without', () => {
    const utf16 = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le'));
    expect(first(utf16(`\uFEFF${fleet()}`))).toBe('wrong-encoding 1:1 FF FE 23 00');
    expect(first(utf16(fleet()))).toBe('wrong-encoding 1:1 23 00 20 00');
    expect(first(new Uint8Array([0xfe, 0xff, 0, 0x61]))).toBe('wrong-encoding 1:1 FE FF 00 61');
  });

  test('bytes that are no UTF-8 are told with their place', () => {
    expect(first(new Uint8Array([...bytes('apiVersion: x\nkind: caf'), 0xe9, 0x0a]))).toBe(
      'wrong-encoding 2:10 E9 0A',
    );
    expect(first(new Uint8Array([...bytes('a: '), 0xe2, 0x82]))).toMatch(/^wrong-encoding 1:/);
    expect(first(new Uint8Array([0xc0, 0xaf]))).toBe('wrong-encoding 1:1 C0 AF');
  });

  test('a NUL byte and other characters that cannot be seen', () => {
    expect(first(bytes('apiVersion: a\u0000b'))).toBe('unprintable-character 1:14 U+0000');
    expect(first('kind: x\nname: a\u202Eb')).toBe('unprintable-character 2:8 U+202E');
    expect(first('kind: \u001b[31mx')).toBe('unprintable-character 1:7 U+001B');
  });

  test('escapes in quotes do not reach a terminal either', () => {
    const { problems } = read(fleet({ 'address: 10.0.2.1,': 'address: "\\e[31mx",' }));
    expect(problems[0]?.code).toBe('not-an-ip-address');
    expect(problems.map((problem) => Object.values(problem).join()).join()).not.toContain('\u001b');
    expect(problems[0]?.summary).toContain('\\u001b');
  });

  test('a byte order mark is a warning, and the rest is read', () => {
    const { spec, problems } = readSpec(bytes(`\uFEFF${fleet()}`), 'cluster.yaml');
    expect(told(problems)).toEqual(['byte-order-mark? 1:1 EF BB BF']);
    expect(spec).toBeDefined();
  });

  test('Windows line ends are read like others', () => {
    expect(told(read(fleet().replaceAll('\n', '\r\n')).problems)).toEqual([]);
  });
});

describe('size', () => {
  test('more than a mebibyte is refused before it is parsed', () => {
    const huge = new Uint8Array(50 * MAX_SPEC_BYTES).fill(0x61);
    expect(
      processorMs(() => expect(first(huge)).toBe(`file-too-large 1:1 ${huge.length} bytes`)),
    ).toBeLessThan(100);
  });
});

describe('YAML', () => {
  test('an empty file, one of comments, and one without fields', () => {
    expect(first('')).toBe('empty-file 1:1');
    expect(first('# nothing\n\n')).toBe('empty-file 1:1');
    expect(first('- a\n- b\n')).toBe('not-a-map 1:1 - a');
    expect(first('just words')).toBe('not-a-map 1:1 just words');
    expect(first('null')).toMatch(/^not-a-map 1:1/);
  });

  test('a tab for indentation is named as such', () => {
    expect(first('redis:\n\timage: redis:8.6.3\n')).toBe('tab-indentation 2:1 image: redis:8.6.3');
  });

  test('a key that is given twice is told at the second, with the line of the first', () => {
    const [problem] = expectProblems(
      fleet({ 'resources:': 'resources: { memory: 9gb }\n«resources»:' }),
      'duplicate-key',
    );
    expect(problem?.summary).toContain('first in line 8');
  });

  test('syntax errors are told once for each line', () => {
    expect(first('a: "open\nb: 1\n')).toMatch(/^yaml-syntax/);
    expect(first('a: [1, 2\nb: 3\n')).toMatch(/^yaml-syntax/);
    expect(first('a: b: c\n')).toMatch(/^yaml-syntax 1:/);
    expect(first('a: @x\n')).toBe('yaml-syntax 1:4 a: @x');
    expect(first('a: "\\z"\n')).toMatch(/^yaml-syntax 1:/);
    expect(first('a:\n  - b\n c: d\n')).toMatch(/^yaml-syntax 3:/);
  });

  test('several documents in one file', () => {
    expectProblems(`${fleet()}«---»\na: 1\n---\nb: 2\n`, 'several-documents');
  });

  test('tags, merge keys, keys that are no words, other versions of YAML', () => {
    expect(first('a: !secret x\n')).toBe('unknown-tag 1:4 ![hidden]');
    expect(first('a: !!binary aGk=\n')).toMatch(/^unknown-tag 1:/);
    expect(first('a: !!str 1\n')).toBeUndefined();
    expectProblems(fleet({ 'resources: {': 'resources: { «<<»: {},' }), 'merge-key');
    expect(first('? [a, b]\n: c\n')).toMatch(/^invalid-key 1:3/);
    expect(first(`%YAML 1.1\n---\n${fleet()}`)).toBe('yaml-version 1:1 %YAML 1.1');
  });

  test('keys of the prototype are unknown keys like others, and reach none', () => {
    expectProblems(
      fleet({ 'kind: RedisCluster': 'kind: RedisCluster\n«__proto__»: { polluted: 1 }' }),
      'unknown-key',
    );
    expectProblems(
      fleet({ 'kind: RedisCluster': 'kind: RedisCluster\n«constructor»: { polluted: 1 }' }),
      'unknown-key',
    );
    expectProblems(fleet({ 'appendonly: yes': 'appendonly: yes, «constructor»: 1' }), 'unknown-directive');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('a number with more digits than can be kept', () => {
    expectProblems(
      fleet({ 'maxmemory: 6gb': 'maxmemory: 6gb, proto-max-bulk-len: «12345678901234567890»' }),
      'imprecise-number',
    );
  });

  test('aliases work, unless there is no such anchor or they stand for themselves', () => {
    expect(told(read(fleet({ 'nofile: 20000': 'nofile: *nobody' })).problems)).toEqual([
      'unknown-alias 8:35 resources: { memory: 8gb, nofile: *nobody }',
    ]);
    expect(first('a: &a [*a]\n')).toBe('alias-cycle 1:8 a: &a [*a]');
  });
});

describe('attacks', () => {
  const inTime = (source: string | Uint8Array) => {
    let result: ReadSpecResult = { spec: undefined, problems: [] };
    const took = processorMs(() => {
      result = readSpec(source, 'cluster.yaml');
    });
    expect(took).toBeLessThan(1500);
    expect(result.spec).toBeUndefined();
    return result.problems.map((problem) => problem.code);
  };

  test('an alias bomb', () => {
    const layers = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (let layer = 1; layer < 20; layer += 1) {
      const [name, before] = ['abcdefghijklmnopqrst'[layer], 'abcdefghijklmnopqrst'[layer - 1]];
      layers.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`);
    }
    const codes = inTime(layers.join('\n'));
    expect(codes.filter((code) => code === 'alias-bomb')).toHaveLength(1);
  });

  test('10,000 levels in any notation', () => {
    const levels = 10_000;
    expect(inTime('['.repeat(levels))).toEqual(['too-deep']);
    expect(inTime(`${'['.repeat(levels)}${']'.repeat(levels)}`)).toEqual(['too-deep']);
    expect(inTime('{a: '.repeat(levels))).toEqual(['too-deep']);
    expect(inTime('- '.repeat(levels))).toEqual(['too-deep']);
    expect(inTime(Array.from({ length: 1000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'))).toEqual([
      'too-deep',
    ]);
  });

  // One mebibyte of each: what makes a parser slow is always a file of the same thing over and over.
  test.each([
    ['keys', Array.from({ length: 110_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['entries', `nodes:\n${'- {}\n'.repeat(150_000)}`],
    ['commas', `[${','.repeat(MAX_SPEC_BYTES - 1)}`],
    ['quotes', '"'.repeat(MAX_SPEC_BYTES)],
    ['escapes', `"${'\\z'.repeat(MAX_SPEC_BYTES / 2 - 1)}`],
    ['anchors', '&a '.repeat(MAX_SPEC_BYTES / 3)],
    ['aliases', `a: &a 1\nb: [${'*a,'.repeat(MAX_SPEC_BYTES / 3 - 10)}]`],
    ['tabs', `a:\n${'\tb: 1\n'.repeat(MAX_SPEC_BYTES / 8)}`],
    ['documents', '---\n'.repeat(MAX_SPEC_BYTES / 4)],
    ['closing brackets', ']'.repeat(MAX_SPEC_BYTES)],
    ['line ends', '\n'.repeat(MAX_SPEC_BYTES)],
    ['one long word', 'a'.repeat(MAX_SPEC_BYTES)],
    ['one long key', `${'a'.repeat(MAX_SPEC_BYTES - 5)}: 1`],
    ['unknown aliases', `[${'*b,'.repeat(MAX_SPEC_BYTES / 3 - 10)}]`],
  ])('a file of %s', (_name, text) => {
    expect(inTime(text).length).toBeGreaterThan(0);
  });
});
