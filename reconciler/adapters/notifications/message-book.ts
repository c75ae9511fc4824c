/** Remembers which message of a channel is about what, across restarts. */
import { z } from 'zod';
import type { StateStore } from '../../ports.ts';

const entrySchema = z.strictObject({
  /** Of the service; undefined when the answer was lost or the service tells none. */
  id: z.string().optional(),
  /** SHA-256 of what it says. */
  digest: z.string(),
  severity: z.enum(['quiet', 'loud']),
  tone: z.enum(['good', 'changing', 'bad']),
});

export type KnownMessage = z.output<typeof entrySchema>;

/** Older ones are forgotten: nobody edits the message of a plan that hundreds of plans came after. */
const MOST = 500;

export class MessageBook {
  readonly #store: StateStore;
  readonly #key: string;
  #known: Map<string, KnownMessage> | undefined;

  constructor(store: StateStore, channel: string) {
    this.#store = store;
    this.#key = `notifications/${channel}.json`;
  }

  /** @throws PortError */
  async get(key: string): Promise<KnownMessage | undefined> {
    return (await this.#read()).get(key);
  }

  /** @throws PortError */
  async put(key: string, message: KnownMessage): Promise<void> {
    const known = await this.#read();
    known.delete(key);
    known.set(key, message);
    for (const oldest of known.keys()) {
      if (known.size <= MOST) break;
      known.delete(oldest);
    }
    await this.#write(known);
  }

  /** What was known before. @throws PortError */
  async restore(key: string, before: KnownMessage | undefined): Promise<void> {
    if (before !== undefined) return this.put(key, before);
    const known = await this.#read();
    if (known.delete(key)) await this.#write(known);
  }

  #write(known: ReadonlyMap<string, KnownMessage>): Promise<void> {
    return this.#store.write(this.#key, JSON.stringify([...known]));
  }

  async #read(): Promise<Map<string, KnownMessage>> {
    this.#known ??= parsed(await this.#store.read(this.#key));
    return this.#known;
  }
}

const bookSchema = z.array(z.tuple([z.string(), entrySchema]));

/** What cannot be read is no reason to be silent: at worst a message is sent that could have been edited. */
function parsed(content: string | undefined): Map<string, KnownMessage> {
  if (content === undefined) return new Map();
  try {
    return new Map(bookSchema.parse(JSON.parse(content)));
  } catch {
    return new Map();
  }
}
