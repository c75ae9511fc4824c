/** Making something at GitHub once, although an answer may be lost: nothing is made again before it was looked for. */
import type { Clock } from '../../ports.ts';
import { isAmbiguous } from './github-errors.ts';

/** How long GitHub may take to show in a list what it has just made. */
const SETTLING_MS = [2000, 5000];

export interface Making<T> {
  /** The thing, if it is there already. */
  readonly find: (signal: AbortSignal) => Promise<T | undefined>;
  /** Makes it. */
  readonly make: (signal: AbortSignal) => Promise<T>;
}

/** @throws PortError of the last attempt, when it is still not known to be there. */
export async function madeOnce<T>({ find, make }: Making<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  for (const settlingMs of SETTLING_MS) {
    try {
      return await make(signal);
    } catch (error) {
      if (!isAmbiguous(error) || signal.aborted) throw error;
      await clock.sleep(settlingMs, signal);
      const found = await find(signal);
      if (found !== undefined) return found;
    }
  }
  return make(signal);
}

/** Calls with the same key one after the other. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const run = before.then(work, work);
    const settled = run.catch(() => undefined);
    this.#last.set(key, settled);
    try {
      return await run;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}
