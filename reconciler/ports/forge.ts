/**
 * The place where people propose and discuss changes: GitHub, or, embedded, the branches of a bare Git repository.
 * A pull request here is what is proposed there: a branch that wants to be merged into the one that is followed.
 *
 * Small verbs that can be said again: everything that is written has a key, is found again by it, and is not written
 * when it is there already. Every call rejects with a `PortError` only.
 */

export interface PullRequest {
  /** Number on GitHub, name of the branch in the embedded forge. */
  readonly id: string;
  readonly title: string;
  /** Log-in of who opened it. */
  readonly author: string;
  /** Where people look at it, undefined where there is no such page. */
  readonly url: string | undefined;
  /** `ref` is what has to be fetched from the repository that is followed to have `commit`. */
  readonly head: { readonly ref: string; readonly branch: string; readonly commit: string };
  readonly base: { readonly branch: string; readonly commit: string };
  /** The head lies in somebody else's repository, or in one that is gone: whoever wrote it may have no right to write here. */
  readonly fork: boolean;
  readonly draft: boolean;
  readonly state: 'open' | 'merged' | 'closed';
  /** The commit on the base branch that the merge made; undefined unless merged. */
  readonly mergeCommit: string | undefined;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
}

/** A comment that a person wrote under a pull request. */
export interface Remark {
  readonly id: string;
  readonly pullRequest: string;
  readonly author: string;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** It is not as it was first written: never a command. */
  readonly edited: boolean;
}

/** A review by which somebody approves a pull request as it was at one commit. */
export interface Approval {
  readonly author: string;
  readonly commit: string;
  readonly at: number;
}

export type Permission = 'none' | 'read' | 'write' | 'admin';

/** `seen`: being dealt with. `done`: carried out. `refused`: not carried out, a comment says why. */
export type Reaction = 'seen' | 'done' | 'refused';

/**
 * Who goes first where a forge limits how much may be written: the end of something, a plan, and last how it goes on. What
 * there is no room for is refused with `retry`; progress first, as something newer will be said anyway.
 */
export type Urgency = 'result' | 'plan' | 'progress';

/** The state of a commit under one name, for example `redisforge/plan`. */
export interface CommitStatus {
  readonly commit: string;
  readonly context: string;
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  /** One line; cut by the forge's limit (140 characters on GitHub). */
  readonly description: string;
  readonly url?: string;
}

/** A remark on a line of a file, as a forge shows it beside the change. */
export interface Annotation {
  readonly path: string;
  readonly line: number;
  readonly level: 'notice' | 'warning' | 'failure';
  readonly title: string;
  readonly message: string;
}

/** More than a status can hold: text and annotations. Only a GitHub App may make one. */
export interface CheckRun {
  readonly commit: string;
  readonly name: string;
  /** `action_required` when somebody has to approve first. */
  readonly conclusion: 'success' | 'failure' | 'neutral' | 'action_required' | 'in_progress';
  readonly title: string;
  /** Markdown. */
  readonly summary: string;
  /** Markdown; the whole plan, cut by the forge's limit. */
  readonly text: string;
  readonly annotations: readonly Annotation[];
}

/** An issue that RedisForge keeps: found again by its key, updated, closed when `state` says so. */
export interface KeptIssue {
  /** Stable, for example `drift/orders`. */
  readonly key: string;
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  readonly state: 'open' | 'closed';
}

/** Who we are at the forge, and what we may do there. */
export interface Account {
  readonly login: string;
  readonly checks: boolean;
  /** Permissions that we lack, each as one sentence that says what will not work. */
  readonly lacking: readonly string[];
}

export interface Forge {
  readonly kind: 'github' | 'local';
  account(signal: AbortSignal): Promise<Account>;
  /** Those that are open, and those that were merged or closed a short time ago; newest change first. */
  pullRequests(signal: AbortSignal): Promise<readonly PullRequest[]>;
  /** The merged pull request that brought a commit onto the followed branch; undefined for a direct push. */
  pullRequestOf(commit: string, signal: AbortSignal): Promise<PullRequest | undefined>;
  /** Remarks by people since a moment (inclusive), oldest first; our own comments are not among them. */
  remarks(since: number, signal: AbortSignal): Promise<readonly Remark[]>;
  approvals(pullRequest: string, signal: AbortSignal): Promise<readonly Approval[]>;
  /** Asked at the forge each time: a permission that was taken away must not linger. */
  permissionOf(login: string, signal: AbortSignal): Promise<Permission>;
  /** `team` is `organisation/team`. */
  isMember(team: string, login: string, signal: AbortSignal): Promise<boolean>;
  /**
   * One comment per pull request and key: made, or edited in place, or left alone when it says this already.
   * @param urgency `plan` unless given
   */
  ensureComment(
    pullRequest: string,
    key: string,
    body: string,
    signal: AbortSignal,
    urgency?: Urgency,
  ): Promise<void>;
  /** An answer to a remark, once: said again with the same remark it changes nothing. */
  answer(remark: Remark, body: string, signal: AbortSignal): Promise<void>;
  react(remark: Remark, reaction: Reaction, signal: AbortSignal): Promise<void>;
  setStatus(status: CommitStatus, signal: AbortSignal): Promise<void>;
  /** @throws PortError `denied` where only an App may. */
  ensureCheck(check: CheckRun, signal: AbortSignal): Promise<void>;
  ensureIssue(issue: KeptIssue, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
