/** Pull requests towards the followed branch, and which of them a commit came with. */
import type { PullRequest } from '../../ports/forge.ts';
import { type PullAnswer, pullList } from './answers.ts';
import type { GithubContext } from './context.ts';
import { isMissing } from './github-errors.ts';
import { type KeptLists, type Paged, pagesOf } from './listing.ts';

/** A page of thirty has 700 kB. More than this do not change between two polls, or the next pages are read too. */
const POLLED = 30;
/** How often all open ones are listed: whatever a poll may have missed is seen then. */
const COMPLETE_EVERY_MS = 3_600_000;
/** A merged or closed one is of interest for as long; after that it is found by its commit. */
const CLOSED_KEPT_MS = 7 * 24 * 3_600_000;
/** GitHub may not know yet, right after a merge, which pull request a commit belongs to. */
const ASKED_AGAIN_AFTER_MS = [1000, 2000, 4000];

export class GithubPulls {
  readonly #context: GithubContext;
  readonly #lists: KeptLists;
  #known = new Map<string, PullRequest>();
  #completeAt: number | undefined;

  constructor(context: GithubContext, lists: KeptLists) {
    this.#context = context;
    this.#lists = lists;
  }

  /** Newest change first. One conditional request, when little has changed. @throws PortError */
  async poll(signal: AbortSignal): Promise<readonly PullRequest[]> {
    const now = this.#context.clock.now();
    const due = this.#completeAt === undefined || now - this.#completeAt >= COMPLETE_EVERY_MS;
    // First all open ones, then the latest changes: so the latter are the last word.
    const known = due ? await this.#open(signal) : new Map(this.#known);
    const newest = Math.max(0, ...[...this.#known.values()].map(({ updatedAt }) => updatedAt));
    const latest = await this.#latest(newest, signal);
    for (const pull of latest) known.set(pull.id, pull);
    for (const { id, state, updatedAt } of known.values()) {
      if (state !== 'open' && updatedAt < now - CLOSED_KEPT_MS) known.delete(id);
    }
    this.#known = known;
    if (due) this.#completeAt = now;
    return [...known.values()].sort((a, b) => b.updatedAt - a.updatedAt);
  }

  /** @throws PortError */
  async of(commit: string, signal: AbortSignal): Promise<PullRequest | undefined> {
    const known = [...this.#known.values()].find((each) => each.mergeCommit === commit);
    if (known !== undefined) return known;
    for (const waitMs of ASKED_AGAIN_AFTER_MS) {
      const found = await this.#asked(commit, signal);
      if (found !== undefined) return found;
      await this.#context.clock.sleep(waitMs, signal);
    }
    return this.#asked(commit, signal);
  }

  /** Everything that changed since `newest`, and more; changes of its very second may not have been seen. */
  async #latest(newest: number, signal: AbortSignal): Promise<readonly PullRequest[]> {
    const { branch } = this.#context;
    const list: Paged<PullAnswer> = {
      what: 'list the latest changes of pull requests',
      ask: (rest, at, page) =>
        rest.pulls.list({ ...at, ...page, state: 'all', base: branch, sort: 'updated', direction: 'desc' }),
      parse: pullList,
      perPage: POLLED,
      goOn: (page) => newest > 0 && page.every((each) => each.updated_at >= newest),
    };
    return (await this.#lists.read(`pulls ${branch}`, list, pullRequestOf, signal)).items;
  }

  /** In the order of their making, which no change disturbs while we turn the pages. */
  async #open(signal: AbortSignal): Promise<Map<string, PullRequest>> {
    const { api, branch } = this.#context;
    const list: Paged<PullAnswer> = {
      what: 'list the open pull requests',
      ask: (rest, at, page) =>
        rest.pulls.list({ ...at, ...page, state: 'open', base: branch, sort: 'created', direction: 'asc' }),
      parse: pullList,
      perPage: 100,
    };
    const open = (await pagesOf(api, list, signal)).map(pullRequestOf);
    const ended = [...this.#known.values()].filter(({ state }) => state !== 'open');
    return new Map([...ended, ...open].map((pull) => [pull.id, pull]));
  }

  async #asked(commit: string, signal: AbortSignal): Promise<PullRequest | undefined> {
    const list: Paged<PullAnswer> = {
      what: `look for the pull request of ${commit}`,
      ask: (rest, at, page) =>
        rest.repos.listPullRequestsAssociatedWithCommit({ ...at, ...page, commit_sha: commit }),
      parse: pullList,
      perPage: 100,
    };
    const all = await pagesOf(this.#context.api, list, signal).catch((error: unknown) => {
      // GitHub may not have the commit yet that Git has already given us.
      if (isMissing(error)) return [];
      throw error;
    });
    // A commit may stand in many pull requests: those that are open, or were merged elsewhere, did not bring it here.
    const merged = all
      .map(pullRequestOf)
      .filter(({ state, base }) => state === 'merged' && base.branch === this.#context.branch);
    return merged.find((each) => each.mergeCommit === commit) ?? merged[0];
  }
}

function pullRequestOf(pull: PullAnswer): PullRequest {
  const merged = pull.merged_at !== null;
  return {
    id: String(pull.number),
    title: pull.title,
    author: pull.user?.login ?? 'ghost',
    url: pull.html_url,
    head: { ref: `refs/pull/${pull.number}/head`, branch: pull.head.ref, commit: pull.head.sha },
    base: { branch: pull.base.ref, commit: pull.base.sha },
    fork: pull.head.repo?.id !== pull.base.repo.id,
    draft: pull.draft,
    state: merged ? 'merged' : pull.state,
    mergeCommit: merged ? (pull.merge_commit_sha ?? undefined) : undefined,
    updatedAt: pull.updated_at,
  };
}
