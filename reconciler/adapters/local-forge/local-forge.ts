/**
 * The embedded forge: any Git repository is one. Branches beside the followed one are the proposals, a merge is a merge,
 * and what there is to say is written as Git notes on the commits that it is about.
 */
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
} from '../../ports/forge.ts';
import { PortError, type Secrets, type StateStore } from '../../ports.ts';
import { GitCommands } from '../git/git-command.ts';
import { GitRemote, type GitSource } from '../git/remote.ts';
import { Branches } from './branches.ts';
import { Inbox } from './inbox.ts';
import { NoteBook } from './note-book.ts';
import { type Conversation, EMPTY_CONVERSATION, type Page } from './page.ts';
import { Proposals, type Seen } from './proposals.ts';

/** Something new that was said, for whoever looks on. */
export type Said =
  | {
      readonly kind: 'comment' | 'answer';
      readonly pullRequest: string;
      readonly state: PullRequest['state'];
      /** Markdown. */
      readonly body: string;
    }
  | { readonly kind: 'status'; readonly status: CommitStatus }
  | { readonly kind: 'issue'; readonly issue: KeptIssue };

export interface LocalForgeOptions {
  /** `directory` is a folder of the forge's own. */
  readonly source: GitSource;
  readonly secrets: Secrets;
  readonly store: StateStore;
  readonly onSaid?: (said: Said) => void;
}

const SEEN = 'forge/proposals.json';
const ISSUES = 'forge/issues';

export class LocalForge implements Forge {
  readonly kind = 'local';
  readonly #source: GitSource;
  readonly #store: StateStore;
  readonly #onSaid: (said: Said) => void;
  readonly #branches: Branches;
  readonly #proposals: Proposals;
  readonly #notes: NoteBook;
  readonly #inbox: Inbox;
  #seen: Seen | undefined;
  /** The branches from which that was made out: while they stay, so does it. */
  #headsSeen: string | undefined;
  /** One call after the other: what was written before is what the next one compares with. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ source, secrets, store, onSaid }: LocalForgeOptions) {
    this.#source = source;
    this.#store = store;
    this.#onSaid = onSaid ?? (() => undefined);
    const git = new GitCommands(source.directory, source.environment);
    const remote = new GitRemote(source, secrets, git);
    this.#branches = new Branches(git, remote);
    this.#proposals = new Proposals(this.#branches, source.branch);
    this.#notes = new NoteBook(git, remote);
    this.#inbox = new Inbox(store);
  }

  account(signal: AbortSignal): Promise<Account> {
    return this.#inTurn(async () => {
      await this.#notes.open(signal);
      const obstacle = await this.#notes.obstacle(signal);
      const where = `${this.#source.directory}/mirror.git`;
      const lacking =
        obstacle === undefined
          ? []
          : [
              `plans are written as notes into ${where} only: the repository takes none (${obstacle.message})`,
            ];
      return { login: 'redisforge', checks: false, lacking };
    });
  }

  pullRequests(signal: AbortSignal): Promise<readonly PullRequest[]> {
    return this.#inTurn(async () => {
      const { open, past } = await this.#look(signal);
      const ids = new Set(open.map(({ id }) => id));
      const before = past.filter(({ id }) => !ids.has(id) && ids.add(id));
      return [...open, ...before].sort((a, b) => b.updatedAt - a.updatedAt);
    });
  }

  pullRequestOf(commit: string, signal: AbortSignal): Promise<PullRequest | undefined> {
    return this.#inTurn(async () => {
      const seen = await this.#look(signal);
      const merged = seen.past.filter(({ state }) => state === 'merged');
      const found = merged.find(({ mergeCommit }) => mergeCommit === commit);
      if (found !== undefined) return found;
      // One of several commits that were fast-forwarded to.
      for (const pull of merged.filter(({ mergeCommit, head }) => mergeCommit === head.commit))
        if (
          (await this.#branches.isAncestor(commit, pull.head.commit)) &&
          !(await this.#branches.isAncestor(commit, pull.base.commit))
        )
          return pull;
      return this.#proposals.mergedBy(commit, seen.main, seen);
    });
  }

  async remarks(since: number, _signal: AbortSignal): Promise<readonly Remark[]> {
    return (await this.#inbox.remarks()).filter(({ at }) => at >= since);
  }

  /** There are no reviews of branches; `/redisforge approve` is the way. */
  async approvals(): Promise<readonly Approval[]> {
    return [];
  }

  /** Whoever may write into the repository or the state folder has said all that permissions could say. */
  async permissionOf(): Promise<Permission> {
    return 'admin';
  }

  async isMember(): Promise<boolean> {
    return true;
  }

  ensureComment(pullRequest: string, key: string, body: string, signal: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      const pull = await this.#known(pullRequest, signal);
      if (pull === undefined) throw new PortError('not-found', `there is no branch ${pullRequest}`);
      const isNew = await this.#converse(pull.head.commit, pullRequest, signal, (said) =>
        said.comments[key] === body ? said : { ...said, comments: { ...said.comments, [key]: body } },
      );
      if (isNew) this.#onSaid({ kind: 'comment', pullRequest, state: pull.state, body });
    });
  }

  answer(remark: Remark, body: string, signal: AbortSignal): Promise<void> {
    const { pullRequest } = remark;
    return this.#inTurn(async () => {
      const isFirst = await this.#inbox.reply({ remark: remark.id, answer: body });
      const commit = (await this.#known(pullRequest, signal))?.head.commit;
      if (commit === undefined) {
        // Under the followed branch, or one that is gone: there is no note of it.
        if (isFirst) this.#onSaid({ kind: 'answer', pullRequest, state: 'closed', body });
        return;
      }
      const isNew = await this.#converse(commit, pullRequest, signal, (said) =>
        said.answers[remark.id] === body
          ? said
          : { ...said, answers: { ...said.answers, [remark.id]: body } },
      );
      if (isNew) this.#onSaid({ kind: 'answer', pullRequest, state: 'open', body });
    });
  }

  async react(remark: Remark, reaction: Reaction): Promise<void> {
    await this.#inTurn(() => this.#inbox.reply({ remark: remark.id, reaction }));
  }

  setStatus(status: CommitStatus, signal: AbortSignal): Promise<void> {
    const { commit, context, state, description } = status;
    return this.#inTurn(async () => {
      if (!(await this.#branches.isKnown(commit))) await this.#look(signal);
      await this.#notes.open(signal);
      const page = await this.#notes.page(commit);
      const known = page.statuses[context];
      const isNew = known?.state !== state || known.description !== description;
      const statuses = { ...page.statuses, [context]: { state, description } };
      await this.#notes.write(commit, isNew ? { ...page, statuses } : page, signal);
      if (isNew) this.#onSaid({ kind: 'status', status });
    });
  }

  async ensureCheck({ name }: CheckRun): Promise<void> {
    throw new PortError('denied', `${name}: a Git repository has no check runs`);
  }

  ensureIssue(issue: KeptIssue): Promise<void> {
    const key = `${ISSUES}/${issue.key.replaceAll('/', '-')}.json`;
    return this.#inTurn(async () => {
      const text = JSON.stringify(issue, null, 2);
      const before = await this.#store.read(key);
      if (before === text || (before === undefined && issue.state === 'closed')) return;
      await this.#store.write(key, text);
      this.#onSaid({ kind: 'issue', issue });
    });
  }

  async close(): Promise<void> {
    await this.#turn;
  }

  async #look(signal: AbortSignal): Promise<Seen> {
    await this.#branches.fetch(signal);
    await this.#notes.open(signal);
    const heads = await this.#branches.heads();
    const now = JSON.stringify([...heads.values()]);
    if (this.#seen !== undefined && this.#headsSeen === now) return this.#seen;
    const before = this.#seen ?? (await this.#remembered());
    const main = heads.get(this.#source.branch);
    if (main === undefined) throw new PortError('not-found', `there is no branch ${this.#source.branch}`);
    const seen = await this.#proposals.look(before, main, heads);
    if (JSON.stringify(seen) !== JSON.stringify(before)) await this.#store.write(SEEN, JSON.stringify(seen));
    this.#seen = seen;
    this.#headsSeen = now;
    return seen;
  }

  async #remembered(): Promise<Seen | undefined> {
    const text = await this.#store.read(SEEN);
    try {
      return text === undefined ? undefined : (JSON.parse(text) as Seen);
    } catch {
      return undefined;
    }
  }

  /** A proposal, or what became of it. Its comments are noted on its head. */
  async #known(pullRequest: string, signal: AbortSignal): Promise<PullRequest | undefined> {
    const { open, past } = this.#seen ?? (await this.#look(signal));
    return [...open, ...past].find(({ id }) => id === pullRequest);
  }

  /** @returns whether it changed anything. */
  async #converse(
    commit: string,
    pullRequest: string,
    signal: AbortSignal,
    change: (said: Conversation) => Conversation,
  ): Promise<boolean> {
    await this.#notes.open(signal);
    const page = await this.#notes.page(commit);
    const said = page.pullRequests[pullRequest] ?? EMPTY_CONVERSATION;
    const next = change(said);
    const pullRequests = { ...page.pullRequests, [pullRequest]: next };
    const changed: Page = next === said ? page : { ...page, pullRequests };
    await this.#notes.write(commit, changed, signal);
    return next !== said;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(work);
    this.#turn = run.catch(() => undefined);
    return run;
  }
}
