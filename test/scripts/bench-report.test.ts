import { describe, expect, it } from 'vitest';
import { PLAIN } from '../../reconciler/render/style.ts';
import type { Result } from '../../scripts/bench/benchmark.ts';
import { BENCHMARKS, chosen } from '../../scripts/bench/catalogue.ts';
import type { Measure } from '../../scripts/bench/measure.ts';
import { exponent } from '../../scripts/bench/planning.ts';
import { allKept, multipleText, quantity, reportJson, reportText } from '../../scripts/bench/report.ts';

const peer: Measure = { what: 'the peer', unit: 'ms', samples: [7000, 8000, 9000] };
const fast: Measure = {
  what: 'RedisForge',
  unit: 'ms',
  samples: [500, 800, 900],
  bound: { atMost: 1 / 6, said: '1/6 of the peer', of: peer },
};
const large: Measure = {
  what: 'memory',
  unit: 'MB',
  samples: [131],
  bound: { atMost: 120, said: '120 MB' },
};
const kept: Result = { name: 'form', measures: [peer, fast] };
const broken: Result = { name: 'idle', measures: [large] };
const failed: Result = { name: 'plan', measures: [], failure: 'no engine' };
const circumstances = { runs: 3, cores: 2, load: [0.5, 1.25], node: 'v26.0.0' } as const;

describe('the report', () => {
  it('shows every measure with its spread, the ratio, and whether the bound is kept', () => {
    expect(reportText([kept, broken], circumstances, PLAIN).split('\n')).toEqual([
      'benchmark  measured       min  median     max   ratio  bound',
      'form       the peer    7.00 s  8.00 s  9.00 s',
      '           RedisForge  500 ms  800 ms  900 ms  1/10.0  at most 1/6 of the peer  kept',
      'idle       memory      131 MB  131 MB  131 MB          at most 120 MB           BROKEN',
      '3 runs on 2 cores, Node.js v26.0.0, load 0.5 to 1.3.',
    ]);
  });

  it('says of a benchmark that has no numbers why', () => {
    expect(reportText([failed], circumstances, PLAIN).split('\n')).toEqual([
      'plan has no numbers: no engine',
      '3 runs on 2 cores, Node.js v26.0.0, load 0.5 to 1.3.',
    ]);
  });

  it('has all of that for machines, with the samples', () => {
    expect(JSON.parse(reportJson([kept, broken, failed], circumstances))).toMatchObject({
      kept: false,
      runs: 3,
      results: [
        {
          name: 'form',
          measures: [
            { what: 'the peer', unit: 'ms', samples: [7000, 8000, 9000], median: 8000 },
            { ratio: 0.1, bound: { said: '1/6 of the peer', of: 'the peer' }, kept: true },
          ],
        },
        { name: 'idle', measures: [{ median: 131, bound: { atMost: 120 }, kept: false }] },
        { name: 'plan', failure: 'no engine', measures: [] },
      ],
    });
  });

  it('is a success only when every bound is kept and everything was measured', () => {
    expect(allKept([kept])).toBe(true);
    expect(allKept([kept, broken])).toBe(false);
    expect(allKept([kept, failed])).toBe(false);
  });

  it('has quantities that can be read', () => {
    expect([7.96, 340.4, 2345].map((value) => quantity(value, 'ms'))).toEqual(['8.0 ms', '340 ms', '2.35 s']);
    expect(quantity(0, 'count')).toBe('0');
    expect(quantity(1.176, 'exponent')).toBe('1.18');
    expect([0.1, 1, 2.345].map(multipleText)).toEqual(['1/10.0', '1.00x', '2.35x']);
  });
});

describe('the catalogue', () => {
  it('gives the benchmarks that were asked for, in its own order', () => {
    expect(chosen([])).toBe(BENCHMARKS);
    expect(chosen(['idle-pass', 'plan']).map(({ name }) => name)).toEqual(['plan', 'idle-pass']);
  });

  it('refuses a name that it does not know, and tells those that it does', () => {
    expect(() => chosen(['form', 'fromage'])).toThrow(/no benchmark fromage; there are .*form/);
  });

  it('has each name once', () => {
    expect(new Set(BENCHMARKS.map(({ name }) => name)).size).toBe(BENCHMARKS.length);
  });
});

describe('growth', () => {
  it('is the power of the number of nodes with which the time grows', () => {
    expect(exponent(10, 100)).toBeCloseTo(1);
    expect(exponent(10, 1000)).toBeCloseTo(2);
  });
});
