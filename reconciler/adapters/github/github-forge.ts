/** GitHub as the forge: https://github.com, or a GitHub Enterprise Server. */
import type {
  Account,
  Approval,
  CheckRun,
  CommitStatus,
  Forge,
  KeptIssue,
  Permission,
  PullRequest,
  Reaction,
  Remark,
  Urgency,
} from '../../ports/forge.ts';
import type { Clock, Secret, Secrets, StateStore } from '../../ports.ts';
import { anything } from './answers.ts';
import { ContentBudget } from './budget.ts';
import { GithubChecks } from './checks.ts';
import { GithubComments } from './comments.ts';
import { type GithubContext, write } from './context.ts';
import { GithubApi, type GithubApiSettings } from './github-api.ts';
import { GithubIssues } from './issues.ts';
import { KeptLists } from './listing.ts';
import type { GithubNumbers } from './meter.ts';
import { GithubPeople } from './people.ts';
import { GithubPulls } from './pulls.ts';
import { GithubRemarks } from './remarks.ts';
import { selfCheck } from './self-check.ts';
import { GithubStatuses } from './statuses.ts';

export interface GithubSettings extends GithubApiSettings {
  /** The followed branch. */
  readonly branch: string;
  /** Writes a minute and an hour; 60 and 400 unless given, which leaves room below GitHub's 80 and 500. */
  readonly writesPerMinute?: number;
  readonly writesPerHour?: number;
}

export interface GithubSurroundings {
  readonly secrets: Secrets;
  readonly store: StateStore;
  readonly clock: Clock;
}

/** Permissions may be given and taken away while we run. */
const ACCOUNT_KEPT_MS = 3_600_000;

/** Reactions that are remembered; GitHub takes one more of the same kind for the same one. */
const MOST_GIVEN = 10_000;

/** As reactions to a comment; GitHub keeps one of each kind, however often it is given. */
const REACTIONS = { seen: 'eyes', done: 'rocket', refused: '-1' } as const;

export class GithubForge implements Forge {
  readonly kind = 'github';
  readonly #context: GithubContext;
  readonly #pulls: GithubPulls;
  readonly #remarks: GithubRemarks;
  readonly #people: GithubPeople;
  readonly #comments: GithubComments;
  readonly #statuses: GithubStatuses;
  readonly #checks: GithubChecks;
  readonly #issues: GithubIssues;
  readonly #given = new Set<string>();
  #account: { readonly identity: string; readonly at: number; readonly account: Account } | undefined;

  constructor(settings: GithubSettings, { secrets, store, clock }: GithubSurroundings) {
    const api = new GithubApi(settings, secrets, clock);
    const { branch, writesPerMinute: perMinute = 60, writesPerHour: perHour = 400 } = settings;
    const budget = new ContentBudget({ perMinute, perHour }, clock);
    const login = async (signal: AbortSignal) => (await this.account(signal)).login;
    this.#context = { api, budget, clock, store, branch, login };
    const lists = new KeptLists(api, store);
    this.#comments = new GithubComments(this.#context);
    this.#pulls = new GithubPulls(this.#context, lists);
    this.#remarks = new GithubRemarks(this.#context, lists, this.#comments);
    this.#people = new GithubPeople(this.#context, lists);
    this.#statuses = new GithubStatuses(this.#context);
    this.#checks = new GithubChecks(this.#context);
    this.#issues = new GithubIssues(this.#context);
  }

  /** Our traffic with GitHub, for metrics. */
  numbers(): GithubNumbers {
    const { api, budget } = this.#context;
    return { ...api.meter.numbers(), contentLeft: budget.left() };
  }

  /** What Git reads the repository with: the token, or one that GitHub has issued for the App's installation. */
  gitToken(): Promise<Secret> {
    return this.#context.api.gitToken();
  }

  async account(signal: AbortSignal): Promise<Account> {
    const { api, clock, branch } = this.#context;
    const identity = await api.credentials.identity();
    const kept = this.#account;
    if (kept?.identity === identity && clock.now() - kept.at < ACCOUNT_KEPT_MS) return kept.account;
    const account = await selfCheck(api, branch, signal);
    this.#account = { identity, at: clock.now(), account };
    return account;
  }

  pullRequests(signal: AbortSignal): Promise<readonly PullRequest[]> {
    return this.#pulls.poll(signal);
  }

  pullRequestOf(commit: string, signal: AbortSignal): Promise<PullRequest | undefined> {
    return this.#pulls.of(commit, signal);
  }

  remarks(since: number, signal: AbortSignal): Promise<readonly Remark[]> {
    return this.#remarks.since(since, signal);
  }

  approvals(pullRequest: string, signal: AbortSignal): Promise<readonly Approval[]> {
    return this.#people.approvals(pullRequest, signal);
  }

  permissionOf(login: string, signal: AbortSignal): Promise<Permission> {
    return this.#people.permissionOf(login, signal);
  }

  isMember(team: string, login: string, signal: AbortSignal): Promise<boolean> {
    return this.#people.isMember(team, login, signal);
  }

  ensureComment(
    pullRequest: string,
    key: string,
    body: string,
    signal: AbortSignal,
    urgency: Urgency = 'plan',
  ): Promise<void> {
    return this.#comments.ensure(pullRequest, key, body, urgency, signal);
  }

  answer(remark: Remark, body: string, signal: AbortSignal): Promise<void> {
    return this.#comments.once(remark.pullRequest, `answer/${remark.id}`, body, signal);
  }

  async react(remark: Remark, reaction: Reaction, signal: AbortSignal): Promise<void> {
    const content = REACTIONS[reaction];
    const gift = `${remark.id} ${content}`;
    if (this.#given.has(gift)) return;
    const id = Number(remark.id);
    await write(
      this.#context,
      `react to a comment under #${remark.pullRequest}`,
      'plan',
      (rest, at) => rest.reactions.createForIssueComment({ ...at, comment_id: id, content }),
      anything,
      signal,
    );
    if (this.#given.size >= MOST_GIVEN) this.#given.clear();
    this.#given.add(gift);
  }

  setStatus(status: CommitStatus, signal: AbortSignal): Promise<void> {
    return this.#statuses.set(status, signal);
  }

  ensureCheck(check: CheckRun, signal: AbortSignal): Promise<void> {
    return this.#checks.ensure(check, signal);
  }

  ensureIssue(issue: KeptIssue, signal: AbortSignal): Promise<void> {
    return this.#issues.ensure(issue, signal);
  }

  async close(): Promise<void> {
    // Every connection is one of fetch, and ends by itself.
  }
}
