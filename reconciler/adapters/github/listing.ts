/** Lists of GitHub, page by page; and those that are asked for again and again, only when they have changed. */
import { PortError, type StateStore } from '../../ports.ts';
import type { Ask, GithubApi, Parse, Place, RawAnswer } from './github-api.ts';

type Rest = Parameters<Ask>[0];

/** Asks for one page. `headers` make the asking conditional; they are empty otherwise. */
export type AskPage = (
  rest: Rest,
  at: Place,
  page: { page: number; per_page: number; headers: Record<string, string> },
) => Promise<RawAnswer>;

export interface Paged<T> {
  readonly what: string;
  readonly ask: AskPage;
  readonly parse: Parse<readonly T[]>;
  readonly perPage: number;
  /** Whether the next page is wanted too, once this one is there. All pages unless given. */
  readonly goOn?: (page: readonly T[]) => boolean;
}

/** A list of ours that never ends is a mistake of somebody's. */
const MOST_PAGES = 100;

/**
 * By numbers, not by the addresses in the `Link` header: an answer must not say where our token is sent next.
 * @param first the first page, when it was asked for already
 */
export async function pagesOf<T>(
  api: GithubApi,
  list: Paged<T>,
  signal: AbortSignal,
  first?: { readonly data: readonly T[]; readonly headers: Readonly<Record<string, unknown>> },
): Promise<T[]> {
  const found: T[] = [];
  let answer = first;
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    answer ??= await api.call(list.what, asked(list, page), list.parse, signal);
    found.push(...answer.data);
    if (!hasNext(answer.headers) || list.goOn?.(answer.data) === false) return found;
    answer = undefined;
  }
  throw new PortError('protocol', `${list.what}: the list has more than ${MOST_PAGES} pages`);
}

function asked<T>(list: Paged<T>, page: number, headers: Record<string, string> = {}): Ask {
  return (rest, at) => list.ask(rest, at, { page, per_page: list.perPage, headers });
}

function hasNext(headers: Readonly<Record<string, unknown>>): boolean {
  return /rel="next"/.test(String(headers['link'] ?? ''));
}

interface Kept {
  readonly etag: string;
  readonly value: unknown;
}

/** Of each kind of list the last ones; there are two that are polled, and one for each pull request. */
const MOST_KEPT = 200;

/**
 * Lists that were read, with the ETag by which GitHub answers that nothing has changed, which costs nothing. Kept across
 * restarts, and for one account only: GitHub's ETags are no secret, but they are those of what one account may see.
 */
export class KeptLists {
  readonly #api: GithubApi;
  readonly #store: StateStore;
  #kept = new Map<string, Kept>();
  #owner: string | undefined;

  constructor(api: GithubApi, store: StateStore) {
    this.#api = api;
    this.#store = store;
  }

  /**
   * The list, and whether it was read anew. Its first page tells whether it has changed; so the list must be sorted such
   * that whatever changes comes first, or have one page.
   * @param key names this very question: another address needs another key
   * @param keep what of an item is remembered
   */
  async read<T, K>(
    key: string,
    list: Paged<T>,
    keep: (item: T) => K,
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly K[]; readonly fresh: boolean }> {
    const kept = await this.#find(key);
    const headers: Record<string, string> = kept === undefined ? {} : { 'if-none-match': kept.etag };
    const first = await this.#api.unlessUnchanged(list.what, asked(list, 1, headers), list.parse, signal);
    if (first === 'unchanged') return { items: (kept?.value ?? []) as readonly K[], fresh: false };
    const items = (await pagesOf(this.#api, list, signal, first)).map(keep);
    const { etag } = first.headers;
    if (typeof etag === 'string') await this.#keep(key, { etag, value: items });
    return { items, fresh: true };
  }

  async #find(key: string): Promise<Kept | undefined> {
    const owner = `${await this.#api.credentials.identity()} ${this.#api.fullName}`;
    if (this.#owner !== owner) {
      this.#kept = this.#owner === undefined ? await this.#restored(owner) : new Map();
      this.#owner = owner;
    }
    return this.#kept.get(key);
  }

  async #keep(key: string, kept: Kept): Promise<void> {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_KEPT) break;
      this.#kept.delete(oldest);
    }
    const document = { owner: this.#owner, kept: [...this.#kept] };
    await this.#store.write(DOCUMENT, JSON.stringify(document));
  }

  /** What cannot be read is only asked for once more. */
  async #restored(owner: string): Promise<Map<string, Kept>> {
    try {
      const document = JSON.parse((await this.#store.read(DOCUMENT)) ?? '{}');
      return new Map<string, Kept>(document.owner === owner ? document.kept : []);
    } catch {
      return new Map();
    }
  }
}

const DOCUMENT = 'github/lists';
