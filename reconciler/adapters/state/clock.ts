/** The machine's own time. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../ports.ts';

export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    // The only way in which waiting fails is the signal, and that ends the wait as it should.
    await wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}
