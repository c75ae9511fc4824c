/** What every benchmark is: a name, one sentence, and a way to take its numbers. */
import type { Measure } from './measure.ts';

export interface BenchContext {
  /** How often each number is taken. */
  readonly runs: number;
  /** Aborted when somebody wants to stop: what was made is then removed. */
  readonly signal: AbortSignal;
  /** Says what is going on; it is no part of the result. */
  say(line: string): void;
}

export interface Benchmark {
  readonly name: string;
  /** What is compared with what, in one line. */
  readonly summary: string;
  run(context: BenchContext): Promise<readonly Measure[]>;
}

/** The benchmark with its numbers, or with the reason why it has none. */
export interface Result {
  readonly name: string;
  readonly measures: readonly Measure[];
  readonly failure?: string;
}
