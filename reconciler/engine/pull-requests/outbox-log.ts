/** What waits to be said at the forge, and what was said last, as a log in the state folder. */
import type { StateStore } from '../../ports.ts';
import { digestOf, keyOf, type Message } from './message.ts';

/** The log is written anew when it has so many more entries than what is in it needs. */
const SURPLUS = 1_000;
/** So many keys are remembered as said; what was said long ago would be said again, and change nothing. */
const MOST_SAID = 5_000;

export interface Waiting {
  readonly message: Message;
  readonly digest: string;
  /** Not to be said sooner after the last word under this key than this, in milliseconds. */
  readonly spacingMs: number;
}

interface Said {
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

type Entry =
  | { readonly put: readonly { readonly message: Message; readonly spacingMs: number }[] }
  | { readonly said: { readonly key: string; readonly digest: string; readonly at: number } }
  | { readonly dropped: { readonly key: string; readonly digest: string } };

export class OutboxLog {
  readonly #store: StateStore;
  readonly #key: string;
  readonly #waiting = new Map<string, Waiting>();
  readonly #said = new Map<string, Said>();
  #entries = 0;
  #turn: Promise<void> = Promise.resolve();

  private constructor(store: StateStore, key: string) {
    this.#store = store;
    this.#key = key;
  }

  /** @throws PortError */
  static async open(store: StateStore, key: string): Promise<OutboxLog> {
    const log = new OutboxLog(store, key);
    for (const line of ((await store.read(key)) ?? '').split('\n')) {
      log.#entries += 1;
      const entry = entryOf(line);
      if (entry !== undefined) log.#apply(entry);
    }
    return log;
  }

  /** In the order in which it is to be said. */
  get waiting(): ReadonlyMap<string, Waiting> {
    return this.#waiting;
  }

  saidAt(key: string): number | undefined {
    return this.#said.get(key)?.at;
  }

  /**
   * Once it returns the messages survive a crash. What was said last, and what waits already, is not put again.
   * @returns the keys of those that are new.
   * @throws PortError
   */
  async put(messages: readonly Message[], spacingMs: number): Promise<string[]> {
    const news = messages.filter((message) => {
      const key = keyOf(message);
      const last = this.#waiting.get(key);
      if (last === undefined) return this.#said.get(key)?.digest !== digestOf(message);
      return last.digest !== digestOf(message) || last.spacingMs > spacingMs;
    });
    if (news.length > 0) await this.#append({ put: news.map((message) => ({ message, spacingMs })) });
    return news.map(keyOf);
  }

  /** @throws PortError */
  said(key: string, digest: string, at: number): Promise<void> {
    return this.#append({ said: { key, digest, at } });
  }

  /** @throws PortError */
  dropped(key: string, digest: string): Promise<void> {
    return this.#append({ dropped: { key, digest } });
  }

  /** One after the other: what is being appended must not be missing when the log is written anew. */
  #append(entry: Entry): Promise<void> {
    const turn = this.#turn.then(() => this.#appended(entry));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #appended(entry: Entry): Promise<void> {
    await this.#store.append(this.#key, JSON.stringify(entry));
    this.#apply(entry);
    this.#entries += 1;
    if (this.#entries < SURPLUS + this.#waiting.size + this.#said.size) return;
    const lines: Entry[] = [
      ...[...this.#said].map(([key, said]): Entry => ({ said: { key, ...said } })),
      { put: [...this.#waiting.values()].map(({ message, spacingMs }) => ({ message, spacingMs })) },
    ];
    this.#entries = lines.length;
    await this.#store.write(this.#key, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  #apply(entry: Entry): void {
    if ('put' in entry) {
      // A new word is said after what was put before it: a status that says success not before the comment that it is about.
      for (const { message, spacingMs } of entry.put) {
        const key = keyOf(message);
        this.#waiting.delete(key);
        this.#waiting.set(key, { message, spacingMs, digest: digestOf(message) });
      }
      return;
    }
    const { key, digest } = 'said' in entry ? entry.said : entry.dropped;
    // Something newer may have been put while this was on its way.
    if (this.#waiting.get(key)?.digest === digest) this.#waiting.delete(key);
    if (!('said' in entry)) return;
    this.#said.delete(key);
    this.#said.set(key, { digest, at: entry.said.at });
    const [oldest] = this.#said.keys();
    if (this.#said.size > MOST_SAID && oldest !== undefined) this.#said.delete(oldest);
  }
}

/** A line that a crash has torn is none. */
function entryOf(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
}
