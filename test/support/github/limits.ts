/** GitHub's limits on how much may be asked: so many requests an hour, and so many that make content. */
import { type Answer, GithubRefusal } from './exchange.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export interface LimitSettings {
  readonly requestsPerHour: number;
  readonly contentPerMinute: number;
  readonly contentPerHour: number;
}

/** As documented for a personal token and for everybody. */
export const USUAL_LIMITS: LimitSettings = {
  requestsPerHour: 5000,
  contentPerMinute: 80,
  contentPerHour: 500,
};

export class Limits {
  readonly #settings: LimitSettings;
  readonly #now: () => number;
  /** When the requests that count were made. */
  #counted: number[] = [];
  #content: number[] = [];

  constructor(settings: LimitSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  /** @throws GithubRefusal when a request of this method may not be made now. */
  take(method: string): void {
    const now = this.#now();
    this.#counted = this.#counted.filter((at) => at > now - HOUR_MS);
    this.#content = this.#content.filter((at) => at > now - HOUR_MS);
    if (this.#counted.length >= this.#settings.requestsPerHour) throw exhausted();
    if (method === 'GET') return;
    const minute = this.#content.filter((at) => at > now - MINUTE_MS).length;
    const { contentPerMinute, contentPerHour } = this.#settings;
    if (minute >= contentPerMinute || this.#content.length >= contentPerHour) throw tooFast();
    this.#content.push(now);
  }

  /** Counts a request that was answered; one that was answered with 304 does not count. */
  count(answer: Answer): void {
    if (answer.status !== 304) this.#counted.push(this.#now());
  }

  headers(used = this.#counted.length): Readonly<Record<string, string>> {
    const { requestsPerHour } = this.#settings;
    const reset = Math.ceil(((this.#counted[0] ?? this.#now()) + HOUR_MS) / 1000);
    return {
      'x-ratelimit-limit': String(requestsPerHour),
      'x-ratelimit-remaining': String(Math.max(0, requestsPerHour - used)),
      'x-ratelimit-used': String(used),
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-resource': 'core',
    };
  }

  /** The headers of an answer that says that nothing is left. */
  spent(): Readonly<Record<string, string>> {
    return this.headers(this.#settings.requestsPerHour);
  }
}

export function exhausted(): GithubRefusal {
  return new GithubRefusal(403, 'API rate limit exceeded for user ID 1.');
}

export function tooFast(): GithubRefusal {
  return new GithubRefusal(
    403,
    'You have exceeded a secondary rate limit and have been temporarily blocked from content creation.',
    { headers: { 'retry-after': '60' } },
  );
}
