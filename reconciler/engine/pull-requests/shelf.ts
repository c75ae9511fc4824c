/** Documents of one kind, each under a name, held in memory and in the state folder. */
import { createHash } from 'node:crypto';
import type { StateStore } from '../../ports.ts';
import { readDocument } from '../documents.ts';

export class Shelf<T> {
  readonly #store: StateStore;
  readonly #folder: string;
  readonly #documents = new Map<string, T>();
  #turn: Promise<void> = Promise.resolve();

  private constructor(store: StateStore, folder: string) {
    this.#store = store;
    this.#folder = folder;
  }

  /** @throws PortError */
  static async open<T>(store: StateStore, folder: string): Promise<Shelf<T>> {
    const shelf = new Shelf<T>(store, folder);
    const names = (await readDocument<readonly string[]>(store, shelf.#index)) ?? [];
    for (const name of names) {
      const document = await readDocument<T>(store, shelf.#keyOf(name));
      if (document !== undefined) shelf.#documents.set(name, document);
    }
    return shelf;
  }

  get(name: string): T | undefined {
    return this.#documents.get(name);
  }

  entries(): IterableIterator<[string, T]> {
    return this.#documents.entries();
  }

  values(): IterableIterator<T> {
    return this.#documents.values();
  }

  /** @throws PortError; what is in memory then is what is on disk. */
  put(name: string, document: T): Promise<void> {
    return this.#inTurn(async () => {
      await this.#store.write(this.#keyOf(name), JSON.stringify(document));
      if (!this.#documents.has(name)) await this.#writeIndex([...this.#documents.keys(), name]);
      this.#documents.set(name, document);
    });
  }

  /** @throws PortError */
  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#documents.has(name)) return;
      await this.#writeIndex([...this.#documents.keys()].filter((each) => each !== name));
      this.#documents.delete(name);
      await this.#store.write(this.#keyOf(name), '');
    });
  }

  get #index(): string {
    return `${this.#folder}/index.json`;
  }

  /** Names come from branches and people: any length, any characters. */
  #keyOf(name: string): string {
    return `${this.#folder}/${createHash('sha256').update(name).digest('hex').slice(0, 32)}.json`;
  }

  #writeIndex(names: readonly string[]): Promise<void> {
    return this.#store.write(this.#index, JSON.stringify(names));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
