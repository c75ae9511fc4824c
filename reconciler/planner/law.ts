/** What a law of the design is: a judgement of one wave, by the states before and after it. */
import type { ClusterState } from '../model/cluster-state.ts';
import type { Step } from '../steps/table.ts';
import type { Policy } from './rules/rule.ts';

export interface Wave {
  readonly before: ClusterState;
  readonly steps: readonly Step[];
  readonly after: ClusterState;
}

/** A law that a wave would break. */
export interface Violation {
  /** Number of the law in the design. */
  readonly law: number;
  readonly summary: string;
  /** Ids of the steps that break it. */
  readonly steps: readonly string[];
}

/** A law: nothing when the wave keeps it. */
export type Law = (wave: Wave, policy: Policy) => Iterable<Violation>;
