/** How one cluster fares, for people and for monitoring. */
import type { Problem } from '../../spec-schema/problem.ts';
import type { Observation } from './interpret/interpret.ts';

export interface KeeperStatus {
  readonly status: 'starting' | 'working' | 'converged' | 'blocked' | 'failed' | 'standby';
  /** Commit of the spec in force. */
  readonly commit: string;
  /** When the last pass ended, in milliseconds since the epoch. */
  readonly checkedAt: number | undefined;
  readonly blocks: readonly Problem[];
  readonly failures: readonly { readonly step: string; readonly reason: string }[];
  readonly observation: Observation | undefined;
  /** Steps carried out since the process started, by result. */
  readonly stepsDone: number;
  readonly stepsFailed: number;
}
