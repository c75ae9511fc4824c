/**
 * Which branches are proposals, and what became of those that were. Git remembers a merge, but neither that a branch
 * was there nor what a fast-forward brought: what was seen is kept beside it.
 */
import type { PullRequest } from '../../ports/forge.ts';
import type { Branches, BranchHead, ChainCommit } from './branches.ts';

export interface Seen {
  /** Head of the followed branch. */
  readonly main: string;
  readonly open: readonly PullRequest[];
  /** Merged and closed ones, newest first. */
  readonly past: readonly PullRequest[];
}

/** Proposals that are looked after at once: those with the newest commits. */
const OPEN_LIMIT = 100;
const PAST_LIMIT = 200;

export class Proposals {
  readonly #branches: Branches;
  readonly #followed: string;

  constructor(branches: Branches, followed: string) {
    this.#branches = branches;
    this.#followed = followed;
  }

  /** What is to be seen now, given what was seen before. */
  async look(
    before: Seen | undefined,
    main: BranchHead,
    heads: ReadonlyMap<string, BranchHead>,
  ): Promise<Seen> {
    const arrived = await this.#branches.chain(before?.main, main.commit);
    const past = [...(before?.past ?? [])];
    const add = (pull: PullRequest | undefined): void => {
      if (pull !== undefined && !past.some((each) => isSame(each, pull))) past.unshift(pull);
    };
    const known = before?.open ?? [];
    for (const commit of arrived)
      for (const pull of await this.#mergedBy(commit, main.commit, known, heads)) add(pull);
    const open = await this.#open(main, heads);
    for (const pull of known) {
      if (past.some((each) => each.id === pull.id && each.head.commit === pull.head.commit)) continue;
      const now = open.find(({ id }) => id === pull.id);
      add(await this.#settled(now ?? pull, now !== undefined, main, arrived, heads));
    }
    return {
      main: main.commit,
      // One that was squashed is still a branch that is not contained.
      open: open.filter((pull) => !past.some((each) => isSame(each, { ...pull, state: 'merged' }))),
      past: past.sort((a, b) => b.updatedAt - a.updatedAt).slice(0, PAST_LIMIT),
    };
  }

  /** The proposals that a merge commit brought: its parents besides the first. */
  async mergedBy(commit: string, main: string, seen: Seen): Promise<PullRequest | undefined> {
    const heads = await this.#branches.heads();
    return (await this.#mergedBy(await this.#branches.commit(commit), main, seen.open, heads))[0];
  }

  async #mergedBy(
    merge: ChainCommit,
    main: string,
    known: readonly PullRequest[],
    heads: ReadonlyMap<string, BranchHead>,
  ): Promise<PullRequest[]> {
    const found: PullRequest[] = [];
    const [base = main, ...brought] = merge.parents;
    for (const head of brought) {
      const pull = known.find((each) => each.head.commit === head);
      const branch =
        pull?.id ??
        [...heads.values()].find((each) => each.commit === head && each.branch !== this.#followed)?.branch ??
        /^Merge (?:remote-tracking )?branch '([^']+)'/.exec(merge.subject)?.[1]?.replace(/^origin\//, '') ??
        head.slice(0, 12);
      // The followed branch was merged into a proposal, which was then fast-forwarded to: that is no merge of it.
      if (branch === this.#followed) continue;
      const { author, subject } = await this.#branches.commit(head);
      const at = { branch, commit: head, author, subject, at: merge.at };
      found.push(merged(pull ?? this.#pullRequest(at, base), head, merge.commit, merge.at));
    }
    return found;
  }

  async #open(main: BranchHead, heads: ReadonlyMap<string, BranchHead>): Promise<PullRequest[]> {
    const contained = await this.#branches.heads(main.commit);
    const ahead = [...heads.values()]
      .filter(({ branch }) => branch !== this.#followed && !contained.has(branch))
      .sort((a, b) => b.at - a.at || (a.branch < b.branch ? -1 : 1))
      .slice(0, OPEN_LIMIT);
    const open: PullRequest[] = [];
    for (const head of ahead)
      if (await this.#branches.isRelated(main.commit, head.commit))
        open.push(this.#pullRequest(head, main.commit));
    return open;
  }

  /** What became of a proposal that was open; undefined when it still is. */
  async #settled(
    pull: PullRequest,
    isOpen: boolean,
    main: BranchHead,
    arrived: readonly ChainCommit[],
    heads: ReadonlyMap<string, BranchHead>,
  ): Promise<PullRequest | undefined> {
    const squashed = await this.#squashOf(pull, arrived);
    if (squashed !== undefined) return merged(pull, pull.head.commit, squashed.commit, squashed.at);
    if (isOpen) return undefined;
    const head = heads.get(pull.id)?.commit ?? pull.head.commit;
    // Pushed to and merged between two looks, or as it was seen; a branch that was set back was neither.
    const isMerged =
      (await this.#branches.isAncestor(pull.head.commit, head)) &&
      (await this.#branches.isAncestor(head, main.commit));
    if (!isMerged) return { ...pull, state: 'closed' };
    const arrival = await this.#branches.arrival(head, main.commit);
    return merged(pull, head, arrival, (await this.#branches.commit(arrival)).at);
  }

  async #squashOf(pull: PullRequest, arrived: readonly ChainCommit[]): Promise<ChainCommit | undefined> {
    for (const commit of arrived) {
      const [parent] = commit.parents;
      if (commit.parents.length !== 1 || parent === undefined || commit.commit === pull.head.commit) continue;
      if ((await this.#branches.commit(parent)).tree === commit.tree) continue;
      if (await this.#branches.isSquashOf(pull.head.commit, parent, commit.tree)) return commit;
    }
    return undefined;
  }

  #pullRequest(head: BranchHead, base: string): PullRequest {
    const { branch, commit, author, subject, at } = head;
    return {
      id: branch,
      title: subject,
      author,
      url: undefined,
      head: { ref: `refs/heads/${branch}`, branch, commit },
      base: { branch: this.#followed, commit: base },
      fork: false,
      draft: false,
      state: 'open',
      mergeCommit: undefined,
      updatedAt: at,
    };
  }
}

function merged(pull: PullRequest, head: string, mergeCommit: string, at: number): PullRequest {
  return { ...pull, head: { ...pull.head, commit: head }, state: 'merged', mergeCommit, updatedAt: at };
}

function isSame(a: PullRequest, b: PullRequest): boolean {
  return a.id === b.id && a.head.commit === b.head.commit && a.state === b.state;
}
