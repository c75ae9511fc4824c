/** What the reconciler is told at its start, and what it tells while it runs. */
import type { Problem } from '../../spec-schema/problem.ts';
import type { Commit } from '../ports.ts';
import type { Cause } from './journal.ts';
import type { KeeperStatus } from './keeper-status.ts';
import type { ProgressEvent } from './progress.ts';

export interface ReconcilerSettings {
  /** Milliseconds between looks at the repository. */
  readonly pollMs: number;
  /** Milliseconds between looks at a converged cluster. */
  readonly driftMs: number;
  /** Who this process is, for the lease. */
  readonly holder: string;
}

/** What the reconciler tells; every event names what it is about, so that it can become one log line. */
export type ReconcilerEvent =
  | {
      readonly kind: 'commit';
      readonly commit: Commit;
      readonly forced: boolean;
      readonly previous: string | undefined;
    }
  | {
      readonly kind: 'spec-accepted';
      readonly cluster: string;
      readonly path: string;
      readonly commit: string;
    }
  | {
      readonly kind: 'spec-invalid';
      readonly path: string;
      readonly commit: string;
      readonly problems: readonly Problem[];
      readonly keeping: string | undefined;
    }
  | { readonly kind: 'spec-gone'; readonly cluster: string; readonly path: string; readonly commit: string }
  | { readonly kind: 'repository-unreachable'; readonly reason: string }
  | {
      readonly kind: 'progress';
      readonly cluster: string;
      readonly cause: Cause;
      readonly event: ProgressEvent;
    }
  | {
      readonly kind: 'pass';
      readonly cluster: string;
      readonly cause: Cause;
      readonly status: KeeperStatus;
      readonly durationMs: number;
      readonly steps: number;
    }
  /** A change on the branch may come into force, with so many destructive steps, or may not. */
  | {
      readonly kind: 'admitted';
      readonly cluster: string;
      readonly commit: string;
      readonly destructive: number;
    }
  | { readonly kind: 'held'; readonly cluster: string; readonly commit: string; readonly problem: Problem }
  /** Whether this process is the one that deals with pull requests, and what is in its way. */
  | {
      readonly kind: 'pull-requests';
      readonly state: 'acting' | 'standby' | 'troubled';
      readonly reason: string;
    }
  /** Something that is to be said at the forge could not be said yet, or will not be any more. */
  | { readonly kind: 'unsaid'; readonly key: string; readonly reason: string; readonly givenUp: boolean }
  | { readonly kind: 'defect'; readonly cluster: string; readonly error: unknown };
