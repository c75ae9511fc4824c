import { describe, expect, it } from 'vitest';
import { isKept, type Measure, ratio, spread } from '../../scripts/bench/measure.ts';

function measured(samples: number[], bound?: Measure['bound']): Measure {
  return { what: 'something', unit: 'ms', samples, ...(bound === undefined ? {} : { bound }) };
}

describe('the spread of samples', () => {
  it('has the middle one of an odd number, whatever their order', () => {
    expect(spread([9, 1, 5])).toEqual({ min: 1, median: 5, max: 9 });
  });

  it('has the mean of the middle two of an even number', () => {
    expect(spread([4, 1, 10, 2])).toEqual({ min: 1, median: 3, max: 10 });
  });

  it('sorts by value, not by digits', () => {
    expect(spread([100, 9, 20])).toEqual({ min: 9, median: 20, max: 100 });
  });

  it('is nothing without a sample', () => {
    expect(() => spread([])).toThrow('nothing was measured');
  });
});

describe('a bound', () => {
  it('holds the median against a number, and the number itself keeps it', () => {
    const bound = { atMost: 50, said: '50 ms' };
    expect(isKept(measured([10, 50, 900], bound))).toBe(true);
    expect(isKept(measured([10, 51, 52], bound))).toBe(false);
    expect(ratio(measured([10], bound))).toBeUndefined();
  });

  it('of a peer holds the ratio of the medians', () => {
    const peer = measured([600, 6000, 6600]);
    const bound = { atMost: 1 / 6, said: '1/6', of: peer };
    expect(ratio(measured([500, 1000, 9000], bound))).toBeCloseTo(1 / 6);
    expect(isKept(measured([500, 1000, 9000], bound))).toBe(true);
    expect(isKept(measured([1001], bound))).toBe(false);
  });

  it('is neither kept nor broken where none was set', () => {
    expect(isKept(measured([1]))).toBeUndefined();
  });
});
