/**
 * Remarks to the embedded forge, and what became of them: two files in the state folder. Whoever may write there may
 * say anything: it is the folder that RedisForge itself trusts.
 */
import type { Reaction, Remark } from '../../ports/forge.ts';
import type { StateStore } from '../../ports.ts';

const REMARKS = 'forge/remarks.jsonl';
const REPLIES = 'forge/replies.jsonl';

/** What RedisForge said to a remark. */
export type Reply =
  | { readonly remark: string; readonly reaction: Reaction }
  | { readonly remark: string; readonly answer: string };

export class Inbox {
  readonly #store: StateStore;

  constructor(store: StateStore) {
    this.#store = store;
  }

  /** Oldest first. A later line with the same id is an edit. */
  async remarks(): Promise<readonly Remark[]> {
    const found = new Map<string, Remark>();
    for (const line of await this.#lines<Omit<Remark, 'edited'>>(REMARKS, 'body')) {
      const earlier = found.get(line.id);
      found.set(
        line.id,
        earlier === undefined ? { ...line, edited: false } : { ...earlier, body: line.body, edited: true },
      );
    }
    return [...found.values()];
  }

  async say(remark: Omit<Remark, 'edited'>): Promise<void> {
    await this.#store.append(REMARKS, JSON.stringify(remark));
  }

  async replies(remark: string): Promise<readonly Reply[]> {
    return (await this.#lines<Reply>(REPLIES, 'remark')).filter((reply) => reply.remark === remark);
  }

  /** @returns false when this was said before. */
  async reply(reply: Reply): Promise<boolean> {
    const text = JSON.stringify(reply);
    if ((await this.replies(reply.remark)).some((each) => JSON.stringify(each) === text)) return false;
    await this.#store.append(REPLIES, text);
    return true;
  }

  /** Torn and foreign lines are passed over. */
  async #lines<T>(key: string, field: string): Promise<T[]> {
    const text = (await this.#store.read(key)) ?? '';
    return text.split('\n').flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        const isOurs = typeof value === 'object' && value !== null && field in value;
        return isOurs ? [value as T] : [];
      } catch {
        return [];
      }
    });
  }
}
