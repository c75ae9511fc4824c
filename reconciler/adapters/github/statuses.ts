/** Statuses of commits: said once, and only when it is news. */
import { createHash } from 'node:crypto';
import type { CommitStatus } from '../../ports/forge.ts';
import { combinedStatus, oneStatus, type StatusAnswer } from './answers.ts';
import { type GithubContext, write } from './context.ts';
import { pagesOf } from './listing.ts';
import { Turns } from './making.ts';

const LONGEST_DESCRIPTION = 140;
const LONGEST_CONTEXT = 255;
/** Commits whose statuses are remembered; of others they are asked for once more. */
const MOST_COMMITS = 200;

export class GithubStatuses {
  readonly #context: GithubContext;
  /** What was said last, by commit and context. */
  readonly #said = new Map<string, Map<string, string>>();
  readonly #turns = new Turns();

  constructor(context: GithubContext) {
    this.#context = context;
  }

  /** @throws PortError */
  set(status: CommitStatus, signal: AbortSignal): Promise<void> {
    return this.#turns.take(status.commit, () => this.#set(status, signal));
  }

  async #set(status: CommitStatus, signal: AbortSignal): Promise<void> {
    const { commit, state } = status;
    const context = within(status.context, LONGEST_CONTEXT);
    const description = shortened(status.description, LONGEST_DESCRIPTION);
    const news = said({ context, state, description, target_url: status.url ?? null });
    const known = this.#said.get(commit) ?? (await this.#read(commit, signal));
    if (known.get(context) === news) return;
    const target = status.url === undefined ? {} : { target_url: status.url };
    try {
      await write(
        this.#context,
        `set the status ${context}`,
        state === 'pending' ? 'plan' : 'result',
        (rest, at) =>
          rest.repos.createCommitStatus({ ...at, sha: commit, context, state, description, ...target }),
        oneStatus,
        signal,
      );
    } catch (error) {
      // It may be there all the same: looked at again before it is said again.
      this.#said.delete(commit);
      throw error;
    }
    known.set(context, news);
  }

  async #read(commit: string, signal: AbortSignal): Promise<Map<string, string>> {
    const statuses = await pagesOf(
      this.#context.api,
      {
        what: `read the statuses of ${commit}`,
        ask: (rest, at, page) => rest.repos.getCombinedStatusForRef({ ...at, ...page, ref: commit }),
        parse: (data) => combinedStatus(data).statuses,
        perPage: 100,
      },
      signal,
    );
    const known = new Map(statuses.map((status) => [status.context, said(status)]));
    this.#said.set(commit, known);
    for (const oldest of this.#said.keys()) {
      if (this.#said.size <= MOST_COMMITS) break;
      this.#said.delete(oldest);
    }
    return known;
  }
}

function said({ state, description, target_url: url }: StatusAnswer): string {
  return JSON.stringify([state, description ?? '', url]);
}

/** In UTF-16 units, the strictest of the units that GitHub may count in; no character is cut in two. */
function shortened(text: string, most: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  if (line.length <= most) return line;
  const cut = line.slice(0, most - 1);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

/** A name that is too long stays one of its own. */
function within(context: string, most: number): string {
  if (context.length <= most) return context;
  const digest = createHash('sha256').update(context).digest('hex').slice(0, 8);
  return `${context.slice(0, most - 9)}~${digest}`;
}
