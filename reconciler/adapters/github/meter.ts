/** Numbers about our traffic with GitHub, for metrics. */
import type { Clock } from '../../ports.ts';

export interface GithubNumbers {
  /** Answers by status; 0 stands for none. */
  readonly requests: ReadonlyMap<number, number>;
  /** GitHub's limit of requests an hour, as its last answer told; undefined where there is none. */
  readonly rateLimit:
    | { readonly limit: number; readonly remaining: number; readonly resetAt: number }
    | undefined;
  /** Writes that our own budget has left. */
  readonly contentLeft: { readonly minute: number; readonly hour: number };
  /** Milliseconds since the epoch. */
  readonly lastAnswerAt: number | undefined;
}

export class GithubMeter {
  readonly #clock: Clock;
  readonly #requests = new Map<number, number>();
  #rateLimit: GithubNumbers['rateLimit'];
  #lastAnswerAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  answered(status: number, headers: Headers | undefined): void {
    this.#requests.set(status, (this.#requests.get(status) ?? 0) + 1);
    if (headers === undefined) return;
    this.#lastAnswerAt = this.#clock.now();
    const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map((name) =>
      Number(headers.get(`x-ratelimit-${name}`) ?? Number.NaN),
    ) as [number, number, number];
    if (Number.isFinite(limit) && Number.isFinite(remaining) && Number.isFinite(reset))
      this.#rateLimit = { limit, remaining, resetAt: reset * 1000 };
  }

  numbers(): Omit<GithubNumbers, 'contentLeft'> {
    return {
      requests: new Map(this.#requests),
      rateLimit: this.#rateLimit,
      lastAnswerAt: this.#lastAnswerAt,
    };
  }
}
