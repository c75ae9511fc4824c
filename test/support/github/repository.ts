/** What people do in one repository of the fake GitHub. */
import { type Files, GitFolder } from './git-folder.ts';
import type { Check, Comment, Issue, Pull, Repository, Review, Role, Status, World } from './world.ts';

/** What a repository needs of the GitHub that it lies in. */
interface Surroundings {
  readonly address: string;
  readonly world: World;
  of(repository: Repository): FakeRepository;
  fork(parent: Repository, owner: string): Promise<Repository>;
}

export interface Opening {
  readonly branch: string;
  readonly title: string;
  readonly author: string;
  readonly files?: Files;
  readonly fork?: boolean;
  readonly draft?: boolean;
  /** `main` unless given. */
  readonly base?: string;
}

export type MergeMethod = 'merge' | 'squash' | 'rebase';

export class FakeRepository {
  readonly data: Repository;
  readonly git: GitFolder;
  readonly #github: Surroundings;

  constructor(github: Surroundings, data: Repository) {
    this.#github = github;
    this.data = data;
    this.git = new GitFolder(data.folder);
  }

  /** For `git clone`. */
  get cloneUrl(): string {
    return `${this.#github.address}/${this.data.owner}/${this.data.name}.git`;
  }

  setRole(login: string, role: Role): void {
    this.#github.world.person(login);
    this.data.roles.set(login, role);
  }

  rename(name: string): void {
    this.data.formerNames.push(`${this.data.owner}/${this.data.name}`);
    this.data.name = name;
  }

  /** One more commit on a branch of this repository, which begins at `main` when it is new. @returns the commit */
  async push(branch: string, files: Files, author = 'ada', message = 'change'): Promise<string> {
    const from = await this.git.commitOf(`refs/heads/${this.data.defaultBranch}`);
    const commit = await this.git.commit(branch, files, { message, author }, from);
    await this.noticePush();
    return commit;
  }

  /** @returns its number */
  async open(opening: Opening): Promise<number> {
    const { world } = this.#github;
    const base = opening.base ?? this.data.defaultBranch;
    const home = opening.fork === true ? await this.#github.fork(this.data, opening.author) : this.data;
    const from = await this.git.commitOf(`refs/heads/${base}`);
    const folder = new GitFolder(home.folder);
    const words = { message: opening.title, author: opening.author };
    if (opening.files !== undefined) await folder.commit(opening.branch, opening.files, words, from);
    const head = await folder.commitOf(`refs/heads/${opening.branch}`);
    if (head === undefined) throw new Error(`there is no branch ${opening.branch}`);
    const number = Math.max(0, ...this.data.issues.keys()) + 1;
    const now = world.now();
    const pull: Pull = {
      headRepository: home,
      headOwner: home.owner,
      headBranch: opening.branch,
      headCommit: head,
      baseBranch: base,
      baseCommit: from ?? '',
      draft: opening.draft ?? false,
      mergedAt: undefined,
      mergedBy: undefined,
      mergeCommit: undefined,
      mergeabilityOf: undefined,
      reviews: [],
    };
    this.data.issues.set(number, {
      number,
      title: opening.title,
      body: '',
      author: world.person(opening.author),
      state: 'open',
      labels: [],
      locked: false,
      createdAt: now,
      updatedAt: now,
      closedAt: undefined,
      pull,
    });
    await this.#publish(number, pull);
    return number;
  }

  /** Pull requests that all want the same branch merged: many of them cost hardly more than one. @returns their numbers */
  async openMany(count: number, opening: Opening): Promise<readonly number[]> {
    const first = await this.open(opening);
    const { issue, pull } = this.pull(first);
    const numbers = Array.from({ length: count }, (_, index) => first + index);
    for (const number of numbers) {
      const copy = { ...issue, number, pull: { ...pull, reviews: [] } };
      this.data.issues.set(number, copy);
      await this.git.run('update-ref', `refs/pull/${number}/head`, pull.headCommit);
    }
    return numbers;
  }

  /** One more commit on the branch of a pull request, wherever that lies. @returns the commit */
  async pushTo(number: number, files: Files): Promise<string> {
    const { issue, pull } = this.pull(number);
    const home = pull.headRepository;
    if (home === undefined) throw new Error('the fork is gone');
    const words = { message: 'one more', author: issue.author.login };
    const commit = await new GitFolder(home.folder).commit(pull.headBranch, files, words);
    await this.noticePush();
    return commit;
  }

  /** Merges as the green button does. @returns the commit that the base branch has afterwards */
  async merge(number: number, by = 'ada', method: MergeMethod = 'merge'): Promise<string> {
    const { issue, pull } = this.pull(number);
    const base = await this.git.commitOf(`refs/heads/${pull.baseBranch}`);
    const commit = await this.#merged(base ?? '', pull.headCommit, issue, by, method);
    if (commit === undefined) throw new Error(`#${number} conflicts with ${pull.baseBranch}`);
    await this.git.run('update-ref', `refs/heads/${pull.baseBranch}`, commit);
    const now = this.#github.world.now();
    pull.mergedAt = now;
    pull.mergedBy = this.#github.world.person(by);
    pull.mergeCommit = commit;
    this.#end(issue, now);
    await this.noticePush();
    return commit;
  }

  async #merged(
    base: string,
    head: string,
    issue: Issue,
    author: string,
    method: MergeMethod,
  ): Promise<string | undefined> {
    if (method === 'rebase') return this.git.rebased(base, head, author);
    const tree = await this.git.mergedTree(base, head);
    if (tree === undefined) return undefined;
    const message =
      method === 'merge' ? `Merge pull request #${issue.number}` : `${issue.title} (#${issue.number})`;
    const parents = method === 'merge' ? [base, head] : [base];
    return this.git.commitTree(tree, parents, { message, author });
  }

  closeUnmerged(number: number): void {
    this.#end(this.pull(number).issue, this.#github.world.now());
  }

  #end(issue: Issue, now: number): void {
    issue.state = 'closed';
    issue.closedAt = now;
    issue.updatedAt = now;
  }

  deleteFork(number: number): void {
    this.pull(number).pull.headRepository = undefined;
  }

  lock(number: number): void {
    this.#issue(number).locked = true;
  }

  /** @returns the id of the comment */
  comment(number: number, author: string, body: string): number {
    const { world } = this.#github;
    const now = world.now();
    const comment: Comment = {
      id: world.nextId(),
      issue: number,
      author: world.person(author),
      body,
      createdAt: now,
      updatedAt: now,
      reactions: [],
    };
    this.data.comments.set(comment.id, comment);
    this.#issue(number).updatedAt = now;
    return comment.id;
  }

  /** GitHub tells times in whole seconds, so a change within the second of the making could not be seen. */
  editComment(id: number, body: string): void {
    const comment = this.#comment(id);
    comment.body = body;
    comment.updatedAt = Math.max(this.#github.world.now(), comment.createdAt + 1000);
  }

  deleteComment(id: number): void {
    this.data.comments.delete(this.#comment(id).id);
  }

  review(number: number, author: string, state: Review['state']): void {
    const { issue, pull } = this.pull(number);
    const { world } = this.#github;
    const now = world.now();
    pull.reviews.push({
      id: world.nextId(),
      author: world.person(author),
      state,
      commit: pull.headCommit,
      at: now,
    });
    issue.updatedAt = now;
  }

  commentsOn(number: number): readonly Comment[] {
    return [...this.data.comments.values()].filter((each) => each.issue === number);
  }

  /** The latest status of each context. */
  statusesOf(commit: string): readonly Status[] {
    const latest = new Map<string, Status>();
    for (const status of this.data.statuses) {
      if (status.commit === commit) latest.set(status.context, status);
    }
    return [...latest.values()];
  }

  /** By name the latest. */
  checksOf(commit: string): readonly Check[] {
    const latest = new Map<string, Check>();
    for (const check of this.data.checks.values()) if (check.commit === commit) latest.set(check.name, check);
    return [...latest.values()];
  }

  /** Issues that are no pull requests. */
  issues(): readonly Issue[] {
    return [...this.data.issues.values()].filter((each) => each.pull === undefined);
  }

  pull(number: number): { issue: Issue; pull: Pull } {
    const issue = this.#issue(number);
    if (issue.pull === undefined) throw new Error(`#${number} is no pull request`);
    return { issue, pull: issue.pull };
  }

  /** After a push to this repository or to a fork of it: pull requests follow their branches, as at GitHub. */
  async noticePush(): Promise<void> {
    const { parent } = this.data;
    if (parent !== undefined) await this.#github.of(parent).noticePush();
    for (const issue of this.data.issues.values()) {
      const home = issue.pull?.headRepository;
      if (issue.pull === undefined || issue.state !== 'open' || home === undefined) continue;
      const head = await new GitFolder(home.folder).commitOf(`refs/heads/${issue.pull.headBranch}`);
      if (head === undefined || head === issue.pull.headCommit) continue;
      issue.pull.headCommit = head;
      issue.updatedAt = this.#github.world.now();
      await this.#publish(issue.number, issue.pull);
    }
  }

  /** The references that GitHub keeps for a pull request: its head, and a trial merge when there is no conflict. */
  async #publish(number: number, pull: Pull): Promise<void> {
    const home = pull.headRepository?.folder ?? this.data.folder;
    const head = `refs/pull/${number}/head`;
    if (home === this.data.folder) await this.git.run('update-ref', head, pull.headCommit);
    else await this.git.run('fetch', '--quiet', home, `+refs/heads/${pull.headBranch}:${head}`);
    const base = (await this.git.commitOf(`refs/heads/${pull.baseBranch}`)) ?? '';
    pull.mergeCommit = await this.#merged(base, pull.headCommit, this.#issue(number), 'github', 'merge');
    if (pull.mergeCommit !== undefined)
      await this.git.run('update-ref', `refs/pull/${number}/merge`, pull.mergeCommit);
  }

  #issue(number: number): Issue {
    const issue = this.data.issues.get(number);
    if (issue === undefined) throw new Error(`there is no #${number}`);
    return issue;
  }

  #comment(id: number): Comment {
    const comment = this.data.comments.get(id);
    if (comment === undefined) throw new Error(`there is no comment ${id}`);
    return comment;
  }
}
