/** A forge in memory over a simulated repository: pull requests, comments, statuses, issues, and what goes wrong with them. */
import assert from 'node:assert/strict';
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
} from '../../../reconciler/ports/forge.ts';
import { PortError } from '../../../reconciler/ports.ts';
import type { FileChanges, SimulatedRepository } from './spec-repository.ts';

interface StoredPullRequest {
  readonly id: string;
  readonly title: string;
  readonly author: string;
  readonly branch: string;
  readonly fork: boolean;
  readonly draft: boolean;
  head: string;
  state: PullRequest['state'];
  mergeCommit: string | undefined;
  updatedAt: number;
}

interface Comment {
  readonly pullRequest: string;
  /** Of ours: the key that it is found by. */
  readonly key: string;
  body: string;
  edits: number;
}

interface Review extends Approval {
  readonly pullRequest: string;
  readonly approved: boolean;
}

/** How a call is carried: here it may take time, be lost, or end the caller's life. */
export type Carry = <T>(
  call: string,
  subject: string,
  mutating: boolean,
  run: () => T,
  signal?: AbortSignal,
) => Promise<T>;

export interface ProposedPullRequest {
  readonly branch: string;
  readonly title?: string;
  readonly author?: string;
  readonly files: FileChanges;
  readonly fork?: boolean;
  readonly draft?: boolean;
}

/** The place itself, which outlives every client. What people do there is done by its methods. */
export class ForgePlace {
  readonly self = 'redisforge-bot';
  readonly repository: SimulatedRepository;
  readonly branch: string;
  /** While set, every call fails with it. */
  failure: PortError | undefined;
  /** It knows which pull request brought a commit, which a forge may take its time for. */
  knowsMerges = true;
  checksAllowed = true;
  writes = 0;
  /** How often each remark got each reaction. */
  readonly reactions = new Map<string, Reaction[]>();
  readonly #now: () => number;
  readonly #pulls = new Map<string, StoredPullRequest>();
  readonly #comments: Comment[] = [];
  readonly #remarks: Remark[] = [];
  readonly #reviews: Review[] = [];
  readonly #statuses = new Map<string, CommitStatus[]>();
  readonly #checks = new Map<string, CheckRun>();
  readonly #issues = new Map<string, KeptIssue>();
  readonly #permissions = new Map<string, Permission>();
  readonly #teams = new Map<string, Set<string>>();
  #last = 0;

  constructor(repository: SimulatedRepository, now: () => number, branch = 'main') {
    this.repository = repository;
    this.#now = now;
    this.branch = branch;
  }

  /** The port, for one life of the code under test. */
  client(carry: Carry = async (_call, _subject, _mutating, run) => run()): Forge {
    return new ForgeClient(this, carry);
  }

  propose({
    branch,
    title = branch,
    author = 'ada',
    files,
    fork = false,
    draft = false,
  }: ProposedPullRequest): string {
    const id = `${this.#next()}`;
    this.repository.point(`refs/heads/${branch}`, this.repository.head(this.branch));
    const head = this.repository.commit(branch, files, { author });
    this.repository.point(`refs/pull/${id}/head`, head);
    this.#pulls.set(id, {
      id,
      title,
      author,
      branch,
      fork,
      draft,
      head,
      state: 'open',
      mergeCommit: undefined,
      updatedAt: this.#now(),
    });
    return id;
  }

  push(id: string, files: FileChanges): string {
    const pull = this.#pull(id);
    pull.head = this.repository.commit(pull.branch, files, { author: pull.author });
    this.repository.point(`refs/pull/${id}/head`, pull.head);
    pull.updatedAt = this.#now();
    return pull.head;
  }

  /** As a merge commit, or as one commit with the files of the result. */
  merge(id: string, how: 'merge' | 'squash' = 'merge'): string {
    const pull = this.#pull(id);
    assert.equal(pull.state, 'open', `pull request ${id}`);
    const merge = this.repository.merge(this.branch, pull.head, `Merge pull request ${id}`, how);
    Object.assign(pull, { state: 'merged', mergeCommit: merge, updatedAt: this.#now() });
    return merge;
  }

  close(id: string): void {
    Object.assign(this.#pull(id), { state: 'closed', updatedAt: this.#now() });
  }

  remark(pullRequest: string, author: string, body: string): string {
    const id = `r${this.#next()}`;
    this.#remarks.push({ id, pullRequest, author, body, at: this.#now(), edited: false });
    const pull = this.#pulls.get(pullRequest);
    if (pull !== undefined) pull.updatedAt = this.#now();
    return id;
  }

  editRemark(id: string, body: string): void {
    const index = this.#remarks.findIndex((remark) => remark.id === id);
    const remark = this.#remarks[index];
    assert.ok(remark, `remark ${id}`);
    this.#remarks[index] = { ...remark, body, edited: true };
  }

  review(pullRequest: string, author: string, approved = true): void {
    const pull = this.#pull(pullRequest);
    this.#reviews.push({ pullRequest, author, approved, commit: pull.head, at: this.#now() });
    pull.updatedAt = this.#now();
  }

  setPermission(login: string, permission: Permission): void {
    this.#permissions.set(login, permission);
  }

  addToTeam(team: string, login: string): void {
    this.#teams.set(team, (this.#teams.get(team) ?? new Set()).add(login));
  }

  pullRequest(id: string): PullRequest {
    return this.#shown(this.#pull(id));
  }

  /** Texts of ours under a pull request, by key. */
  comments(pullRequest: string): ReadonlyMap<string, string> {
    return new Map(
      this.#comments.flatMap((each) =>
        each.pullRequest === pullRequest ? [[each.key, each.body] as const] : [],
      ),
    );
  }

  /** How often a comment of ours was written: 1 for one that was never edited. */
  editsOf(pullRequest: string, key: string): number {
    return this.#comments.find((each) => each.pullRequest === pullRequest && each.key === key)?.edits ?? 0;
  }

  status(commit: string, context: string): CommitStatus | undefined {
    return this.#statuses.get(`${commit} ${context}`)?.at(-1);
  }

  /** All states that a status has had, in order. */
  statesOf(commit: string, context: string): CommitStatus['state'][] {
    return (this.#statuses.get(`${commit} ${context}`) ?? []).map(({ state }) => state);
  }

  statuses(commit: string): CommitStatus[] {
    return [...this.#statuses.values()].flatMap((all) => {
      const last = all.at(-1);
      return last?.commit === commit ? [last] : [];
    });
  }

  checks(commit: string): CheckRun[] {
    return [...this.#checks.values()].filter((check) => check.commit === commit);
  }

  issue(key: string): KeptIssue | undefined {
    return this.#issues.get(key);
  }

  get issues(): KeptIssue[] {
    return [...this.#issues.values()];
  }

  // What clients ask for.

  listed(): PullRequest[] {
    return [...this.#pulls.values()]
      .map((pull) => this.#shown(pull))
      .sort((a, b) => b.updatedAt - a.updatedAt);
  }

  broughtBy(commit: string): PullRequest | undefined {
    if (!this.knowsMerges) return undefined;
    const pull = [...this.#pulls.values()].find(({ mergeCommit }) => mergeCommit === commit);
    return pull === undefined ? undefined : this.#shown(pull);
  }

  remarksSince(since: number): Remark[] {
    return this.#remarks.filter(({ at }) => at >= since);
  }

  approvalsOf(pullRequest: string): Approval[] {
    const last = new Map<string, Review>();
    for (const review of this.#reviews)
      if (review.pullRequest === pullRequest) last.set(review.author, review);
    return [...last.values()]
      .filter(({ approved }) => approved)
      .map(({ author, commit, at }) => ({ author, commit, at }));
  }

  permissionOf(login: string): Permission {
    return this.#permissions.get(login) ?? 'read';
  }

  isMember(team: string, login: string): boolean {
    return this.#teams.get(team)?.has(login) === true;
  }

  writeComment(pullRequest: string, key: string, body: string): void {
    const known = this.#comments.find((each) => each.pullRequest === pullRequest && each.key === key);
    if (known?.body === body) return;
    this.writes += 1;
    if (known === undefined) this.#comments.push({ pullRequest, key, body, edits: 1 });
    else Object.assign(known, { body, edits: known.edits + 1 });
  }

  writeReaction(remark: string, reaction: Reaction): void {
    const before = this.reactions.get(remark) ?? [];
    if (before.includes(reaction)) return;
    this.writes += 1;
    this.reactions.set(remark, [...before, reaction]);
  }

  writeStatus(status: CommitStatus): void {
    const key = `${status.commit} ${status.context}`;
    const before = this.#statuses.get(key) ?? [];
    const last = before.at(-1);
    if (last?.state === status.state && last.description === status.description) return;
    this.writes += 1;
    this.#statuses.set(key, [...before, status]);
  }

  writeCheck(check: CheckRun): void {
    if (!this.checksAllowed) throw new PortError('denied', 'only an App may make check runs');
    const key = `${check.commit} ${check.name}`;
    if (JSON.stringify(this.#checks.get(key)) === JSON.stringify(check)) return;
    this.writes += 1;
    this.#checks.set(key, check);
  }

  writeIssue(issue: KeptIssue): void {
    const known = this.#issues.get(issue.key);
    if (known === undefined && issue.state === 'closed') return;
    if (JSON.stringify(known) === JSON.stringify(issue)) return;
    this.writes += 1;
    this.#issues.set(issue.key, issue);
  }

  #shown({
    id,
    title,
    author,
    branch,
    fork,
    draft,
    head,
    state,
    mergeCommit,
    updatedAt,
  }: StoredPullRequest): PullRequest {
    return {
      id,
      title,
      author,
      url: `https://forge.example/pull/${id}`,
      head: { ref: `refs/pull/${id}/head`, branch, commit: head },
      base: { branch: this.branch, commit: this.repository.head(this.branch) },
      fork,
      draft,
      state,
      mergeCommit,
      updatedAt,
    };
  }

  #pull(id: string): StoredPullRequest {
    const pull = this.#pulls.get(id);
    assert.ok(pull, `there is no pull request ${id}`);
    return pull;
  }

  #next(): number {
    this.#last += 1;
    return this.#last;
  }
}

class ForgeClient implements Forge {
  readonly kind = 'github';
  readonly #place: ForgePlace;
  readonly #carry: Carry;

  constructor(place: ForgePlace, carry: Carry) {
    this.#place = place;
    this.#carry = carry;
  }

  account(signal: AbortSignal): Promise<Account> {
    return this.#ask('account', '', signal, (place) => ({
      login: place.self,
      checks: place.checksAllowed,
      lacking: [],
    }));
  }

  pullRequests(signal: AbortSignal): Promise<readonly PullRequest[]> {
    return this.#ask('pullRequests', '', signal, (place) => place.listed());
  }

  pullRequestOf(commit: string, signal: AbortSignal): Promise<PullRequest | undefined> {
    return this.#ask('pullRequestOf', commit, signal, (place) => place.broughtBy(commit));
  }

  remarks(since: number, signal: AbortSignal): Promise<readonly Remark[]> {
    return this.#ask('remarks', '', signal, (place) => place.remarksSince(since));
  }

  approvals(pullRequest: string, signal: AbortSignal): Promise<readonly Approval[]> {
    return this.#ask('approvals', pullRequest, signal, (place) => place.approvalsOf(pullRequest));
  }

  permissionOf(login: string, signal: AbortSignal): Promise<Permission> {
    return this.#ask('permissionOf', login, signal, (place) => place.permissionOf(login));
  }

  isMember(team: string, login: string, signal: AbortSignal): Promise<boolean> {
    return this.#ask('isMember', team, signal, (place) => place.isMember(team, login));
  }

  ensureComment(pullRequest: string, key: string, body: string, signal: AbortSignal): Promise<void> {
    assert.ok(body.length <= 65_536, 'the comment is too long');
    return this.#tell('ensureComment', `${pullRequest} ${key}`, signal, (place) =>
      place.writeComment(pullRequest, key, body),
    );
  }

  answer(remark: Remark, body: string, signal: AbortSignal): Promise<void> {
    return this.#tell('answer', remark.id, signal, (place) =>
      place.writeComment(remark.pullRequest, `answer/${remark.id}`, body),
    );
  }

  react(remark: Remark, reaction: Reaction, signal: AbortSignal): Promise<void> {
    return this.#tell('react', remark.id, signal, (place) => place.writeReaction(remark.id, reaction));
  }

  setStatus(status: CommitStatus, signal: AbortSignal): Promise<void> {
    return this.#tell('setStatus', status.context, signal, (place) => place.writeStatus(status));
  }

  ensureCheck(check: CheckRun, signal: AbortSignal): Promise<void> {
    return this.#tell('ensureCheck', check.name, signal, (place) => place.writeCheck(check));
  }

  ensureIssue(issue: KeptIssue, signal: AbortSignal): Promise<void> {
    return this.#tell('ensureIssue', issue.key, signal, (place) => place.writeIssue(issue));
  }

  async close(): Promise<void> {}

  #ask<T>(call: string, subject: string, signal: AbortSignal, run: (place: ForgePlace) => T): Promise<T> {
    return this.#call(call, subject, false, signal, run);
  }

  #tell(call: string, subject: string, signal: AbortSignal, run: (place: ForgePlace) => void): Promise<void> {
    return this.#call(call, subject, true, signal, run);
  }

  async #call<T>(
    call: string,
    subject: string,
    mutating: boolean,
    signal: AbortSignal,
    run: (place: ForgePlace) => T,
  ): Promise<T> {
    if (signal.aborted) throw new PortError('aborted', `${call}: given up`);
    const place = this.#place;
    return this.#carry(
      `forge.${call}`,
      subject,
      mutating,
      () => {
        if (place.failure !== undefined) throw place.failure;
        return run(place);
      },
      signal,
    );
  }
}
