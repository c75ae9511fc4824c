/** Issues that we keep: one for each key, found again by its marker and author, opened, updated and closed. */
import type { KeptIssue } from '../../ports/forge.ts';
import { type IssueAnswer, issueList, oneIssue } from './answers.ts';
import { type GithubContext, scopeOf, write } from './context.ts';
import { isMissing } from './github-errors.ts';
import { digestOf, KeptIds } from './kept-ids.ts';
import { pagesOf } from './listing.ts';
import { madeOnce, Turns } from './making.ts';
import { keyOf, marked } from './marker.ts';

const LONGEST_TITLE = 256;

export class GithubIssues {
  readonly #context: GithubContext;
  readonly #ids: KeptIds;
  readonly #turns = new Turns();

  constructor(context: GithubContext) {
    this.#context = context;
    this.#ids = new KeptIds(context.store, 'github/issues');
  }

  /** One that was never opened is not closed. @throws PortError */
  ensure(issue: KeptIssue, signal: AbortSignal): Promise<void> {
    return this.#turns.take(issue.key, () => this.#ensure(issue, signal));
  }

  async #ensure(wanted: KeptIssue, signal: AbortSignal): Promise<void> {
    const { state, key } = wanted;
    const body = marked(key, wanted.body);
    const title = wanted.title.slice(0, LONGEST_TITLE);
    const place = `${await scopeOf(this.#context, signal)} ${key}`;
    const said = digestOf(JSON.stringify([title, body, state]));
    const kept = await this.#ids.get(place);
    if (kept?.sent === said) return;
    const edit = (number: number) => this.#edit(number, { title, body, state }, key, signal);
    if (kept !== undefined && (await edit(kept.id)) !== undefined)
      return await this.#ids.set(place, { id: kept.id, sent: said, stored: undefined });
    let found = await this.#discover(key, signal);
    if (found === undefined && state === 'closed') return;
    if (found === undefined) found = await this.#make(key, title, body, signal);
    else if (found.title !== title || found.body !== body || found.state !== state) await edit(found.number);
    await this.#ids.set(place, { id: found.number, sent: said, stored: undefined });
  }

  /** @returns nothing when the issue is gone */
  async #edit(
    number: number,
    change: { readonly title: string; readonly body: string; readonly state: 'open' | 'closed' },
    key: string,
    signal: AbortSignal,
  ): Promise<IssueAnswer | undefined> {
    try {
      const { data } = await write(
        this.#context,
        `update the issue ${key}`,
        'result',
        (rest, at) => rest.issues.update({ ...at, ...change, issue_number: number }),
        oneIssue,
        signal,
      );
      return data;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  #make(key: string, title: string, body: string, signal: AbortSignal): Promise<IssueAnswer> {
    const make = async (): Promise<IssueAnswer> => {
      const { data } = await write(
        this.#context,
        `open the issue ${key}`,
        'result',
        (rest, at) => rest.issues.create({ ...at, title, body }),
        oneIssue,
        signal,
      );
      return data;
    };
    return madeOnce({ make, find: () => this.#discover(key, signal) }, this.#context.clock, signal);
  }

  /** Among those that we opened ourselves. Labels would not do: who may not write has them dropped without a word. */
  async #discover(key: string, signal: AbortSignal): Promise<IssueAnswer | undefined> {
    const login = await this.#context.login(signal);
    const all = await pagesOf(
      this.#context.api,
      {
        what: 'list our issues',
        ask: (rest, at, page) =>
          rest.issues.listForRepo({
            ...at,
            ...page,
            creator: login,
            state: 'all',
            sort: 'created',
            direction: 'asc',
          }),
        parse: issueList,
        perPage: 100,
      },
      signal,
    );
    return all.find(
      (each) =>
        each.pull_request === undefined && each.user?.login === login && keyOf(each.body ?? '') === key,
    );
  }
}
