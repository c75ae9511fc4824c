/** The machine's clock with somebody's hand on it. */
import type { Clock } from '../../../reconciler/ports.ts';

export class JumpingClock implements Clock {
  /** How often it was asked since it jumped. */
  asked = 0;
  readonly #clock: Clock;
  #offset = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  jump(ms: number): void {
    this.#offset += ms;
    this.asked = 0;
  }

  now(): number {
    this.asked += 1;
    return this.#clock.now() + this.#offset;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }
}
