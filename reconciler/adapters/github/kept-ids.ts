/** Which comment or issue belongs to which key, and what it says: remembered across restarts, found again without. */
import { createHash } from 'node:crypto';
import type { StateStore } from '../../ports.ts';

export interface KeptId {
  readonly id: number;
  /** What we sent, and what GitHub made of it. Undefined when it is not known to say what we want. */
  readonly sent: string | undefined;
  readonly stored: string | undefined;
}

/** What is forgotten is found again by its marker, at the price of a listing. */
const MOST = 2000;

export class KeptIds {
  readonly #store: StateStore;
  readonly #document: string;
  #known: Map<string, KeptId> | undefined;

  /** @param document key in the state store */
  constructor(store: StateStore, document: string) {
    this.#store = store;
    this.#document = document;
  }

  async get(key: string): Promise<KeptId | undefined> {
    return (await this.#all()).get(key);
  }

  async set(key: string, kept: KeptId): Promise<void> {
    const known = await this.#all();
    known.delete(key);
    known.set(key, kept);
    for (const oldest of known.keys()) {
      if (known.size <= MOST) break;
      known.delete(oldest);
    }
    await this.#save(known);
  }

  async forget(key: string): Promise<void> {
    const known = await this.#all();
    if (known.delete(key)) await this.#save(known);
  }

  async #save(known: ReadonlyMap<string, KeptId>): Promise<void> {
    await this.#store.write(this.#document, JSON.stringify([...known]));
  }

  async #all(): Promise<Map<string, KeptId>> {
    if (this.#known === undefined) {
      const text = await this.#store.read(this.#document);
      this.#known ??= parsed(text);
    }
    return this.#known;
  }
}

/** A document that somebody broke is as good as none. */
function parsed(text: string | undefined): Map<string, KeptId> {
  try {
    return new Map(JSON.parse(text ?? '[]') as [string, KeptId][]);
  } catch {
    return new Map();
  }
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
