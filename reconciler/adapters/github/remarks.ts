/** What people say under pull requests, and what has become of our own comments there: one conditional request a poll. */
import type { Remark } from '../../ports/forge.ts';
import { type CommentAnswer, commentList } from './answers.ts';
import type { GithubComments, OwnComment } from './comments.ts';
import type { GithubContext } from './context.ts';
import { digestOf } from './kept-ids.ts';
import type { KeptLists, Paged } from './listing.ts';
import { keyOf } from './marker.ts';

/** Above that the list begins later, as soon as it may. */
const ROOMY = 60;

type Seen = { readonly remark: Remark } | { readonly own: OwnComment } | { readonly other: true };

export class GithubRemarks {
  readonly #context: GithubContext;
  readonly #lists: KeptLists;
  readonly #comments: GithubComments;
  /** What GitHub is asked for comments since. It stands still, so that the question stays the same and costs nothing. */
  #from: number | undefined;

  constructor(context: GithubContext, lists: KeptLists, comments: GithubComments) {
    this.#context = context;
    this.#lists = lists;
    this.#comments = comments;
  }

  /** Oldest first. @throws PortError */
  async since(moment: number, signal: AbortSignal): Promise<readonly Remark[]> {
    const login = await this.#context.login(signal);
    if (this.#from === undefined || moment < this.#from) this.#from = wholeSecond(moment);
    const from = this.#from;
    const { items, fresh } = await this.#lists.read(
      `comments since ${from} ${login}`,
      list(from),
      (comment) => seenOf(comment, login),
      signal,
    );
    if (fresh) {
      for (const seen of items) if ('own' in seen) await this.#comments.cameAcross(seen.own, signal);
    }
    if (items.length > ROOMY) this.#from = wholeSecond(moment);
    // While pages were turned something may have been changed, and then it is there twice.
    const remarks = new Map(
      items.flatMap((seen) => ('remark' in seen ? [[seen.remark.id, seen.remark]] : [])),
    );
    return [...remarks.values()]
      .filter(({ at }) => at >= wholeSecond(moment))
      .sort((a, b) => a.at - b.at || Number(a.id) - Number(b.id));
  }
}

/** The latest change first: so the first page tells whether anything has changed, and nothing is passed over. */
function list(from: number): Paged<CommentAnswer> {
  const since = new Date(from).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    what: 'list the comments',
    ask: (rest, at, page) =>
      rest.issues.listCommentsForRepo({ ...at, ...page, since, sort: 'updated', direction: 'desc' }),
    parse: commentList,
    perPage: 100,
  };
}

function seenOf(comment: CommentAnswer, login: string): Seen {
  const pullRequest = /\/pull\/(\d+)#/.exec(comment.html_url)?.[1];
  const { user, body } = comment;
  if (pullRequest === undefined || user === null) return { other: true };
  const key = user.login === login ? keyOf(body ?? '') : undefined;
  if (key !== undefined) return { own: { id: comment.id, pullRequest, key, text: digestOf(body ?? '') } };
  // Other programs quote commands too.
  if (user.type === 'Bot') return { other: true };
  return {
    remark: {
      id: String(comment.id),
      pullRequest,
      author: user.login,
      body: body ?? '',
      at: comment.created_at,
      edited: comment.updated_at !== comment.created_at,
    },
  };
}

/** GitHub tells time in whole seconds. */
function wholeSecond(moment: number): number {
  return Math.floor(moment / 1000) * 1000;
}
