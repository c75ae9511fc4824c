/** Numbers that a benchmark has taken, what they are held against, and whether that is kept. */

export type Unit = 'ms' | 'MB' | 'count' | 'exponent';

export interface Measure {
  readonly what: string;
  readonly unit: Unit;
  readonly samples: readonly number[];
  readonly bound?: Bound;
}

export interface Bound {
  /** The largest median that keeps it, or with `of` the largest ratio of medians. */
  readonly atMost: number;
  /** The same as it is promised, in words. */
  readonly said: string;
  /** The peer that was measured in the same run. */
  readonly of?: Measure;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** @throws RangeError for no samples: a benchmark that has measured nothing has not kept anything either. */
export function spread(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('nothing was measured');
  return { min: sorted[0] as number, median: (lower + upper) / 2, max: sorted.at(-1) as number };
}

/** The median as a multiple of the peer's; undefined for a measure that is held against a plain number, or nothing. */
export function ratio({ samples, bound }: Measure): number | undefined {
  return bound?.of === undefined ? undefined : spread(samples).median / spread(bound.of.samples).median;
}

/** Whether the bound is kept; undefined where nothing is promised. */
export function isKept(measure: Measure): boolean | undefined {
  if (measure.bound === undefined) return undefined;
  return (ratio(measure) ?? spread(measure.samples).median) <= measure.bound.atMost;
}
