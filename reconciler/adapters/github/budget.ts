/**
 * How much may be written to GitHub. GitHub stops whoever makes more than 80 pieces of content a minute or 500 an hour,
 * people at the same account included, so we stay below that, and what matters most has the last of it.
 */

import type { Urgency } from '../../ports/forge.ts';
import { type Clock, PortError } from '../../ports.ts';

export interface BudgetSettings {
  readonly perMinute: number;
  readonly perHour: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** A shorter wait is waited for; a longer one is the caller's, who may have something better to say by then. */
const WAITED_MS = 3000;

/** Which part of each budget a kind of writing may use up. */
const SHARE: Readonly<Record<Urgency, number>> = { progress: 0.5, plan: 0.8, result: 1 };

export class ContentBudget {
  readonly #settings: BudgetSettings;
  readonly #clock: Clock;
  /** When the writes of the last hour were made, oldest first. */
  #spent: number[] = [];

  constructor(settings: BudgetSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Takes one write. @throws PortError `refused` when there is none left for this urgency, or soon. */
  async take(urgency: Urgency, signal: AbortSignal): Promise<void> {
    const waitMs = this.#waitFor(urgency);
    if (waitMs > WAITED_MS) {
      const { perMinute, perHour } = this.#settings;
      const budget = `the budget of ${perMinute} writes to GitHub a minute and ${perHour} an hour`;
      const message = `${budget} has nothing left for ${urgency === 'progress' ? 'progress' : `a ${urgency}`}`;
      const retry = waitMs > MINUTE_MS ? 'later' : 'soon';
      throw new PortError('refused', `${message}: wait for ${Math.ceil(waitMs / 1000)} s`, { retry });
    }
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
    this.#spent.push(this.#clock.now());
  }

  /** Writes that are left, for the most urgent. */
  left(): { readonly minute: number; readonly hour: number } {
    const now = this.#clock.now();
    const { perMinute, perHour } = this.#settings;
    return {
      minute: Math.max(0, perMinute - this.#since(now - MINUTE_MS).length),
      hour: Math.max(0, perHour - this.#since(now - HOUR_MS).length),
    };
  }

  #waitFor(urgency: Urgency): number {
    const now = this.#clock.now();
    this.#spent = this.#since(now - HOUR_MS);
    const { perMinute, perHour } = this.#settings;
    return Math.max(
      until(this.#since(now - MINUTE_MS), Math.ceil(perMinute * SHARE[urgency]), now - MINUTE_MS),
      until(this.#spent, Math.ceil(perHour * SHARE[urgency]), now - HOUR_MS),
    );
  }

  #since(from: number): number[] {
    return this.#spent.filter((at) => at > from);
  }
}

/** How long until fewer than `limit` of these moments lie after `from`, which goes on. */
function until(moments: readonly number[], limit: number, from: number): number {
  const inTheWay = moments[moments.length - limit];
  return inTheWay === undefined ? 0 : inTheWay - from;
}
