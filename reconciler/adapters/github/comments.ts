/** Our comments under pull requests: one for each key, found again, edited in place, never made twice. */

import type { Urgency } from '../../ports/forge.ts';
import { PortError } from '../../ports.ts';
import { anything, type CommentAnswer, commentList, oneComment } from './answers.ts';
import { type GithubContext, scopeOf, write } from './context.ts';
import { isAmbiguous, isMissing } from './github-errors.ts';
import { digestOf, KeptIds } from './kept-ids.ts';
import { pagesOf } from './listing.ts';
import { madeOnce, Turns } from './making.ts';
import { keyOf, marked } from './marker.ts';

/** GitHub refuses what is longer. */
const LONGEST = 65_536;

/** A comment of ours as it was come across in a list. */
export interface OwnComment {
  readonly id: number;
  readonly pullRequest: string;
  readonly key: string;
  /** Digest of its text. */
  readonly text: string;
}

export class GithubComments {
  readonly #context: GithubContext;
  readonly #ids: KeptIds;
  readonly #turns = new Turns();
  /** The same comment made twice, which happens when GitHub lists it too late for us to find it. */
  readonly #surplus = new Set<number>();

  constructor(context: GithubContext) {
    this.#context = context;
    this.#ids = new KeptIds(context.store, 'github/comments');
  }

  /** @throws PortError */
  ensure(
    pullRequest: string,
    key: string,
    body: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<void> {
    const place = `${pullRequest} ${key}`;
    return this.#turns.take(place, () => this.#ensure(pullRequest, key, marked(key, body), urgency, signal));
  }

  /** Makes the comment unless it is there, whatever it says. */
  once(pullRequest: string, key: string, body: string, signal: AbortSignal): Promise<void> {
    return this.#turns.take(`${pullRequest} ${key}`, async () => {
      const place = await this.#place(pullRequest, key, signal);
      if ((await this.#ids.get(place)) !== undefined) return;
      const found = await this.#discover(pullRequest, key, signal);
      const text = marked(key, body);
      const made = found ?? (await this.#make(pullRequest, key, text, 'result', signal));
      await this.#remember(place, made, text);
    });
  }

  /** What a list of comments says of ours: that somebody has changed one, or that there are two of it. */
  async cameAcross(comment: OwnComment, signal: AbortSignal): Promise<void> {
    const place = await this.#place(comment.pullRequest, comment.key, signal);
    const kept = await this.#ids.get(place);
    if (kept === undefined)
      await this.#ids.set(place, { id: comment.id, sent: undefined, stored: undefined });
    else if (kept.id !== comment.id) this.#surplus.add(comment.id);
    else if (kept.stored !== undefined && kept.stored !== comment.text)
      await this.#ids.set(place, { id: kept.id, sent: undefined, stored: undefined });
  }

  async #ensure(
    pullRequest: string,
    key: string,
    text: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<void> {
    if (text.length > LONGEST) {
      const size = `${text.length} characters, and GitHub takes ${LONGEST}`;
      throw new PortError('refused', `the comment ${key} under #${pullRequest} has ${size}`);
    }
    await this.#removeSurplus(signal);
    const place = await this.#place(pullRequest, key, signal);
    const kept = await this.#ids.get(place);
    if (kept?.sent === digestOf(text)) return;
    const edited = kept === undefined ? undefined : await this.#edit(kept.id, key, text, urgency, signal);
    if (edited !== undefined) return await this.#remember(place, edited, text);
    const found = await this.#discover(pullRequest, key, signal);
    if (found !== undefined && sameText(found.body ?? '', text))
      return await this.#remember(place, found, text);
    const now =
      found === undefined
        ? await this.#make(pullRequest, key, text, urgency, signal)
        : ((await this.#edit(found.id, key, text, urgency, signal)) ??
          (await this.#make(pullRequest, key, text, urgency, signal)));
    await this.#remember(place, now, text);
  }

  async #remember(place: string, comment: CommentAnswer, text: string): Promise<void> {
    const stored = comment.body ?? undefined;
    await this.#ids.set(place, {
      id: comment.id,
      sent: digestOf(text),
      // Compared with what a list says later: GitHub may store it in another form than we sent it.
      stored: stored === undefined ? undefined : digestOf(stored),
    });
  }

  /** @returns nothing when the comment is no longer there */
  async #edit(
    id: number,
    key: string,
    text: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<CommentAnswer | undefined> {
    try {
      const { data } = await write(
        this.#context,
        `edit the comment ${key}`,
        urgency,
        (rest, at) => rest.issues.updateComment({ ...at, comment_id: id, body: text }),
        oneComment,
        signal,
      );
      return data;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  #make(
    pullRequest: string,
    key: string,
    text: string,
    urgency: Urgency,
    signal: AbortSignal,
  ): Promise<CommentAnswer> {
    const make = async (): Promise<CommentAnswer> => {
      const { data } = await write(
        this.#context,
        `comment ${key} under #${pullRequest}`,
        urgency,
        (rest, at) => rest.issues.createComment({ ...at, issue_number: Number(pullRequest), body: text }),
        oneComment,
        signal,
      );
      return data;
    };
    const find = () => this.#discover(pullRequest, key, signal);
    return madeOnce({ make, find }, this.#context.clock, signal);
  }

  /** The oldest comment with our marker by our own hand; younger ones are surplus. */
  async #discover(pullRequest: string, key: string, signal: AbortSignal): Promise<CommentAnswer | undefined> {
    const login = await this.#context.login(signal);
    const all = await pagesOf(
      this.#context.api,
      {
        what: `list the comments under #${pullRequest}`,
        ask: (rest, at, page) =>
          rest.issues.listComments({ ...at, ...page, issue_number: Number(pullRequest) }),
        parse: commentList,
        perPage: 100,
      },
      signal,
    );
    const ours = all.filter(({ user, body }) => user?.login === login && keyOf(body ?? '') === key);
    const [oldest, ...younger] = ours.sort((a, b) => a.id - b.id);
    for (const { id } of younger) this.#surplus.add(id);
    return oldest;
  }

  /** Best effort: a comment too many does no harm, and the next time comes. */
  async #removeSurplus(signal: AbortSignal): Promise<void> {
    for (const id of this.#surplus) {
      try {
        await write(
          this.#context,
          'remove a comment that was made twice',
          'progress',
          (rest, at) => rest.issues.deleteComment({ ...at, comment_id: id }),
          anything,
          signal,
        );
      } catch (error) {
        if (isAmbiguous(error)) continue;
      }
      this.#surplus.delete(id);
    }
  }

  async #place(pullRequest: string, key: string, signal: AbortSignal): Promise<string> {
    return `${await scopeOf(this.#context, signal)} #${pullRequest} ${key}`;
  }
}

/** Whether GitHub stores this text, but for line ends and the blanks at its end. */
function sameText(stored: string, text: string): boolean {
  const plain = (each: string): string => each.replaceAll('\r\n', '\n').trimEnd();
  return plain(stored) === plain(text);
}
