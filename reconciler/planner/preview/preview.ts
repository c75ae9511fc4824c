/** What a pull request would do to one cluster: the document that comments, statuses, checks and notes are made from. */
import type { Operation } from 'fast-json-patch';
import type { Problem } from '../../../spec-schema/problem.ts';
import type { ClusterState } from '../../model/cluster-state.ts';
import type { PlannedStep } from '../next-steps.ts';
import type { Plan } from '../plan.ts';

/** Everything that a plan was made from. As soon as one of them is another one, the plan is another one. */
export interface Binding {
  /** Commit ids. */
  readonly head: string;
  readonly base: string;
  /** SHA-256 of the spec as it was understood (defaults filled in), of the policy, and of the live document. */
  readonly spec: string;
  readonly policy: string;
  readonly live: string;
  /** Version of RedisForge. */
  readonly engine: string;
}

/** Something that has to be so before a plan may run. */
export interface Requirement {
  readonly kind: 'approval' | 'confirmation' | 'window' | 'limit' | 'backup' | 'mergeable';
  /** `refused`: no approval helps, the pull request has to change. */
  readonly state: 'met' | 'open' | 'refused';
  /** One line, for example `approval by two of ops/redis: 1 of 2 (ada)`. */
  readonly text: string;
}

/** Both sides of what a plan shows as pictures and tables. */
export interface Sides {
  readonly live: ClusterState;
  /** The paper state at the end of the plan. */
  readonly after: ClusterState;
}

export type Outcome =
  | { readonly kind: 'changes'; readonly plan: Plan; readonly sides: Sides }
  /** Nothing to do: proved against the live digest of the binding. */
  | { readonly kind: 'no-op'; readonly plan: Plan; readonly sides: Sides }
  /** The plan itself cannot go through as things are; what can be shown is shown. */
  | { readonly kind: 'blocked'; readonly plan: Plan; readonly sides: Sides }
  /** The spec was not accepted. */
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }
  /** Nothing could be planned: the live cluster was not readable, the branches conflict, the limit was broken. */
  | { readonly kind: 'failed'; readonly problems: readonly Problem[] }
  /** Nothing live was looked at, on purpose (a fork): only the change of the spec is known. */
  | { readonly kind: 'offline'; readonly reason: string }
  /** The pull request takes the spec away: its cluster is left as it is, and no longer looked after. */
  | { readonly kind: 'released' };

/** One line of the change that the pull request makes to the spec, in JSON Patch terms, with the value before. */
export interface SpecEdit {
  readonly operation: Operation;
  readonly before: unknown;
}

export interface Preview {
  readonly cluster: string;
  /** Path of the spec in the repository. */
  readonly path: string;
  /** `p_` and twelve hexadecimal digits: equal for equal steps planned for the same head. Undefined when there is no plan. */
  readonly id: string | undefined;
  readonly binding: Binding;
  readonly outcome: Outcome;
  /** What this pull request changes in the spec. */
  readonly edits: readonly SpecEdit[];
  /** What is already different on the live cluster, measured against the spec of the base branch. */
  readonly drift: readonly Operation[];
  readonly requirements: readonly Requirement[];
  /** Milliseconds since the epoch. */
  readonly plannedAt: number;
  /** The plans that were shown here before this one, newest first, at most five. */
  readonly earlier: readonly { readonly id: string; readonly head: string; readonly verdict: string }[];
}

/** A step of a plan that is being carried out. */
export interface StepProgress {
  readonly planned: PlannedStep;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  /** Milliseconds; undefined while it has not ended. */
  readonly durationMs: number | undefined;
  /** Why it failed. */
  readonly reason: string | undefined;
}

/** How a merged plan goes, cluster by cluster: the comment of the merged pull request shows it. */
export interface Rollout {
  readonly cluster: string;
  readonly mergeCommit: string;
  readonly plan: string | undefined;
  readonly state: 'held' | 'running' | 'done' | 'failed' | 'superseded';
  /** Why it is held or has failed, with the smallest change that would help. */
  readonly problems: readonly Problem[];
  readonly steps: readonly StepProgress[];
  /** Milliseconds since the epoch. */
  readonly begunAt: number | undefined;
  readonly endedAt: number | undefined;
  /** Digest of the live document when it was done. */
  readonly live: string | undefined;
}

/** Two plans for the same cluster: the one that was shown, and the one that would run now. */
export interface PlanChange {
  readonly verdict: 'same' | 'less' | 'other';
  /** Steps that the shown plan did not have. */
  readonly added: readonly PlannedStep[];
  /** Steps that are no longer needed. */
  readonly gone: readonly PlannedStep[];
}
