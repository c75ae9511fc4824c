/**
 * GitHub's API through Octokit, with what was measured about it: reading and editing are retried, making is not; an answer
 * is parsed or it is an error; a renamed repository is followed; and when GitHub asks to be left alone, it is.
 */
import { createHash } from 'node:crypto';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { Octokit } from '@octokit/rest';
import { type Clock, PortError, type Secret, type Secrets } from '../../ports.ts';
import { attemptWith } from './attempt.ts';
import { type Credentials, credentialsOf, type GithubAccess } from './credentials.ts';
import { githubError, RateLimited } from './github-errors.ts';
import { GithubMeter } from './meter.ts';

export interface GithubApiSettings {
  /** `https://api.github.com`, or `https://<host>/api/v3` of a GitHub Enterprise Server. */
  readonly apiUrl: string;
  readonly owner: string;
  readonly repo: string;
  readonly access: GithubAccess;
  readonly version: string;
  /** For one attempt; 15 seconds unless given. */
  readonly attemptTimeoutMs?: number;
  /** Wait before the first retry; the second waits for four times as long. One second unless given. */
  readonly retryBaseMs?: number;
  /** Whether writes are kept a second apart and comments three, as GitHub asks. */
  readonly spacing?: boolean;
}

/** Parameters that every call on the repository has. */
export type Place = {
  readonly owner: string;
  readonly repo: string;
};

/** An answer of Octokit, of which nothing is believed before it was parsed. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: unknown;
}

export interface ParsedAnswer<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: T;
}

export type Ask = (rest: Octokit['rest'], at: Place) => Promise<RawAnswer>;
/** @throws when the data is not what it should be */
export type Parse<T> = (data: unknown) => T;

const ATTEMPT_MS = 15_000;
const RETRIES = 2;
const NEVER_AGAIN = [400, 401, 403, 404, 409, 410, 422, 429, 451];

const UNCHANGED = Symbol('unchanged');

const Client = Octokit.plugin(retry, throttling);

export class GithubApi {
  readonly credentials: Credentials;
  readonly meter: GithubMeter;
  readonly #settings: GithubApiSettings;
  readonly #clock: Clock;
  readonly #place: { owner: string; repo: string };
  #client: Octokit | undefined;
  /** The repository may have another name by now. */
  #moved = false;
  /** Until then GitHub wants to hear nothing of us. Milliseconds since the epoch. */
  #silentUntil = 0;

  constructor(settings: GithubApiSettings, secrets: Secrets, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#place = { owner: settings.owner, repo: settings.repo };
    this.credentials = credentialsOf(settings.access, secrets, this.#place);
    this.meter = new GithubMeter(clock);
  }

  /** `owner/repo` as it is called now. */
  get fullName(): string {
    return `${this.#place.owner}/${this.#place.repo}`;
  }

  /** What Git logs in with, as the password of `x-access-token`. @throws PortError */
  async gitToken(): Promise<Secret> {
    try {
      await this.#octokit();
      return await this.credentials.gitToken();
    } catch (error) {
      throw githubError(`${this.fullName}: log in for Git`, error);
    }
  }

  /**
   * @param what is done, for the message if it fails: `list the open pull requests`
   * @throws PortError
   */
  async call<T>(what: string, ask: Ask, parse: Parse<T>, signal: AbortSignal): Promise<ParsedAnswer<T>> {
    const said = `${this.fullName}: ${what}`;
    if (this.#moved) await this.#learnName(signal);
    const answer = await this.#sent(said, ask, signal);
    if (answer.status >= 300) {
      // Only what writes gets here: reading follows by itself.
      await this.#learnName(signal);
      const again = await this.#sent(said, ask, signal);
      if (again.status >= 300)
        throw new PortError('refused', `${said}: GitHub sends us elsewhere, and from there again`);
      return parsedAnswer(said, again, parse);
    }
    return parsedAnswer(said, answer, parse);
  }

  /** The same for a question with an ETag. @returns `unchanged` when the answer is the one that we have. */
  async unlessUnchanged<T>(
    what: string,
    ask: Ask,
    parse: Parse<T>,
    signal: AbortSignal,
  ): Promise<ParsedAnswer<T> | 'unchanged'> {
    const unlessSame: Ask = async (rest, at) => {
      try {
        return await ask(rest, at);
      } catch (error) {
        // For Octokit 304 is an error.
        if ((error as { status?: unknown }).status !== 304) throw error;
        return { status: 200, headers: {}, data: UNCHANGED };
      }
    };
    const parseChanged = (data: unknown): T | typeof UNCHANGED =>
      data === UNCHANGED ? UNCHANGED : parse(data);
    const { data, ...rest } = await this.call(what, unlessSame, parseChanged, signal);
    return data === UNCHANGED ? 'unchanged' : { ...rest, data };
  }

  async #sent(what: string, ask: Ask, signal: AbortSignal): Promise<RawAnswer> {
    if (signal.aborted) throw new PortError('aborted', `${what}: given up`);
    const waitMs = this.#silentUntil - this.#clock.now();
    if (waitMs > 0) throw new RateLimited(what, waitMs);
    try {
      const client = await this.#octokit();
      return await abortable(what, ask(client.rest, { ...this.#place }), signal);
    } catch (error) {
      const failure = githubError(what, error);
      if (failure instanceof RateLimited) this.#silentUntil = this.#clock.now() + failure.waitMs;
      throw failure;
    }
  }

  async #learnName(signal: AbortSignal): Promise<void> {
    this.#moved = false;
    const what = `${this.fullName}: look where it is now`;
    const { data } = await this.#sent(what, (rest, at) => rest.repos.get(at), signal);
    const [owner, repo] = String((data as { full_name?: unknown }).full_name).split('/');
    if (owner === undefined || repo === undefined)
      throw new PortError('protocol', `${what}: the answer has no name`, { retry: 'soon' });
    this.#place.owner = owner;
    this.#place.repo = repo;
    // To learn it we were sent on once more; that is no news.
    this.#moved = false;
  }

  async #octokit(): Promise<Octokit> {
    this.#client ??= this.#made(await this.credentials.identity());
    return this.#client;
  }

  #made(identity: string): Octokit {
    const {
      apiUrl,
      version,
      attemptTimeoutMs = ATTEMPT_MS,
      retryBaseMs = 1000,
      spacing = true,
    } = this.#settings;
    const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const client = new Client({
      baseUrl: apiUrl.replace(/\/+$/, ''),
      userAgent: `redisforge/${version}`,
      authStrategy: this.credentials.strategy.bind(this.credentials),
      log: quiet,
      request: {
        fetch: attemptWith({
          timeoutMs: attemptTimeoutMs,
          answered: (status, headers) => this.meter.answered(status, headers),
          moved: () => {
            this.#moved = true;
          },
        }),
      },
      retry: { retries: RETRIES, retryAfterBaseValue: retryBaseMs, doNotRetry: NEVER_AGAIN },
      throttle: {
        enabled: spacing,
        // Octokit keeps its queues by this name for the whole process.
        id: createHash('sha256').update(`${apiUrl} ${identity}`).digest('hex'),
        // Whoever called decides whether to wait: by then there may be something better to say.
        onRateLimit: () => false,
        onSecondaryRateLimit: () => false,
      },
    });
    // Whatever was made may be there although we were not told so: only who can look for it may ask again.
    client.hook.before('request', (options) => {
      if (options.method === 'POST') options.request = { ...options.request, retries: 0 };
    });
    return client;
  }
}

/** Octokit's waits between attempts cannot be cut short; we only stop to wait for them. */
async function abortable<T>(what: string, work: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(new PortError('aborted', `${what}: given up`));
    signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
    work.catch(() => {});
  }
}

function parsedAnswer<T>(
  what: string,
  { status, headers, data }: RawAnswer,
  parse: Parse<T>,
): ParsedAnswer<T> {
  try {
    return { status, headers, data: parse(data) };
  } catch (error) {
    const [issue] = (error as { issues?: { path: PropertyKey[]; message: string }[] }).issues ?? [];
    const where = issue === undefined ? '' : `, at ${issue.path.join('.') || 'its top'}: ${issue.message}`;
    throw new PortError('protocol', `${what}: an answer that we do not understand${where}`, {
      retry: 'soon',
    });
  }
}
