/** What a claim about a forge needs to be proven on: a place with a followed branch, where people propose and merge. */
import assert from 'node:assert/strict';
import type { Annotation, CommitStatus, Forge, Permission } from '../../../reconciler/ports/forge.ts';
import { PortError, type PortErrorCode } from '../../../reconciler/ports.ts';

/** What not every forge has. The embedded one has no reviews; the commands of a terminal are no remarks. */
export type Ability =
  | 'remarks'
  | 'reviews'
  | 'forks'
  | 'drafts'
  | 'closing'
  | 'permissions'
  | 'teams'
  | 'issues';

export interface Proposal {
  readonly branch: string;
  readonly title: string;
  readonly author: string;
  /** Files that the branch has besides those of the followed branch; their content. */
  readonly files: Readonly<Record<string, string>>;
  /** From a fork of the author's; needs `forks`. */
  readonly fork?: boolean;
  /** Needs `drafts`. */
  readonly draft?: boolean;
}

export interface ForgeLab {
  readonly forge: Forge;
  readonly can: ReadonlySet<Ability>;
  /** Name of the followed branch. */
  readonly branch: string;
  /** Our own log-in. */
  readonly self: string;
  /** Another forge over the same place, as a restart makes it; with `lost`, the state of the first one is gone too. */
  restarted(state: 'kept' | 'lost'): Promise<Forge>;
  /** Puts files onto the followed branch, without any pull request. @returns the commit */
  pushDirectly(files: Readonly<Record<string, string>>): Promise<string>;
  /** @returns the id of the pull request */
  propose(proposal: Proposal): Promise<string>;
  /** One more commit on the branch of a pull request. @returns the commit */
  push(pullRequest: string, files: Readonly<Record<string, string>>): Promise<string>;
  /** @returns the commit that the followed branch has afterwards */
  merge(pullRequest: string): Promise<string>;
  closeUnmerged(pullRequest: string): Promise<void>;
  /** @returns the id of the remark */
  remark(pullRequest: string, author: string, body: string): Promise<string>;
  editRemark(id: string, body: string): Promise<void>;
  /** A review of the head as it is now. */
  review(pullRequest: string, author: string, verdict: 'approved' | 'changes-requested'): Promise<void>;
  setPermission(login: string, permission: Permission): Promise<void>;
  addToTeam(team: string, login: string): Promise<void>;
  /** What people see of our comments and answers under a pull request, oldest first, without hidden markers. */
  comments(pullRequest: string): Promise<readonly string[]>;
  /** The latest status of each context. */
  statuses(commit: string): Promise<readonly Pick<CommitStatus, 'context' | 'state' | 'description'>[]>;
  issues(): Promise<readonly { title: string; body: string; state: 'open' | 'closed' }[]>;
  /** Check runs of a commit, by name the latest. */
  checks(
    commit: string,
  ): Promise<readonly { name: string; summary: string; annotations: readonly Annotation[] }[]>;
  /** Grows with everything that is written to the forge, and with nothing else. */
  writes(): Promise<number>;
}

/** Something that holds for every forge that has what it needs. */
export interface ForgeClaim {
  /** One sentence. */
  readonly says: string;
  readonly needs: readonly Ability[];
  readonly prove: (lab: ForgeLab) => Promise<void>;
}

/** Never aborted: for calls that are to end by themselves. */
export const patient = new AbortController().signal;

export async function failsWith(code: PortErrorCode, attempt: Promise<unknown>): Promise<void> {
  await assert.rejects(attempt, (error: unknown) => {
    assert.ok(error instanceof PortError, `${error} is no PortError`);
    assert.equal(error.code, code, error.message);
    return true;
  });
}

export async function theOnly<T>(list: Promise<readonly T[]>): Promise<T> {
  const found = await list;
  assert.equal(found.length, 1, JSON.stringify(found));
  return found[0] as T;
}
