/** Values of directives as people may write them: mostly right, at the bounds, and wrong in every likely way. */
import fc from 'fast-check';
import type { DirectiveType } from '../../spec-schema/directive-table.ts';

/** @returns texts, of which a good part is valid for the type. */
export function writtenValues(type: DirectiveType): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 5, arbitrary: likely(type) },
    fc.constantFrom(...JUNK),
    fc.string({ maxLength: 6 }),
  );
}

const JUNK = [
  '',
  ' ',
  'yes',
  'NO',
  'true',
  '007',
  '+5',
  '-0',
  '1e3',
  '0x10',
  '5%',
  '1kb',
  '1.5gb',
  ' 5',
  '5 ',
];

function likely(type: DirectiveType): fc.Arbitrary<string> {
  switch (type.kind) {
    case 'boolean':
      return anyCase('yes', 'no');
    case 'enum':
      return anyCase(...type.values);
    case 'flags':
      return joined(anyCase(...Object.keys(type.values)), 4);
    case 'integer':
    case 'octal':
      return numbers(type.min, type.max);
    case 'memory':
      return fc.oneof(numbers(type.min, type.max), SIZES);
    case 'keyspace-events':
      return fc.oneof(joined(fc.constantFrom(...'Ag$lshzxeKEtmdnocq'), 18, ''), letters('g$lshzxetdKE'));
    case 'save':
      return joined(fc.oneof(numbers(0n, 100_000n), fc.constantFrom('+5', '007', '3600')), 7);
    case 'percentiles':
      return joined(
        fc.oneof(
          fc.integer({ min: 0, max: 101 }).map(String),
          fc.constantFrom('99.90', '0.5', '50.000000', '00', '100.0'),
        ),
        5,
      );
    case 'oom-score-adj-values':
      return joined(
        fc.oneof(fc.integer({ min: -2001, max: 2001 }).map(String), fc.constant('+7')),
        4,
        ' ',
        2,
      );
    case 'client-output-buffer-limit':
      return joined(
        fc
          .tuple(
            anyCase('normal', 'replica', 'slave', 'pubsub', 'master'),
            SIZES,
            SIZES,
            numbers(0n, 2_147_483_647n),
          )
          .map((parts) => parts.join(' ')),
        3,
      );
    default:
      return joined(
        fc.constantFrom('{title}', '{port}', '{x}', '{', '}', '{{', 'a', '/', 'é', '"', "'", '\\'),
        4,
        '',
      );
  }
}

const SIZES = fc
  .tuple(
    fc.integer({ min: 0, max: 100_000 }),
    fc.constantFrom('', 'b', 'k', 'kb', 'KB', 'm', 'Mb', 'g', 'gb', '%', 'tb'),
  )
  .map(([count, unit]) => `${count}${unit}`);

function anyCase(...words: string[]): fc.Arbitrary<string> {
  return fc.constantFrom(...words, ...words.map((word) => word.toUpperCase()));
}

function joined(
  part: fc.Arbitrary<string>,
  maxLength: number,
  by = ' ',
  minLength = 0,
): fc.Arbitrary<string> {
  return fc.array(part, { minLength, maxLength }).map((parts) => parts.join(by));
}

function letters(all: string): fc.Arbitrary<string> {
  return fc.shuffledSubarray([...all]).map((picked) => picked.join(''));
}

function numbers(min: bigint, max: bigint): fc.Arbitrary<string> {
  const near = fc.constantFrom(
    min - 1n,
    min,
    min + 1n,
    max - 1n,
    max,
    max + 1n,
    0n,
    1n,
    2n ** 63n,
    2n ** 64n,
  );
  return fc.oneof(near, fc.bigInt({ min, max }), fc.bigInt({ min: -2n, max: 1000n })).map(String);
}
