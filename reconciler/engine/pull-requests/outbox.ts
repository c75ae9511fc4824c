/**
 * An outbox: what is to be said at one place is kept until it has been said, in order, the last word under each key
 * only. Whoever puts something in waits for the disk of this machine at most; a place that is down delays only its mail.
 */
import { type Clock, PortError, type PortErrorCode, type StateStore } from '../../ports.ts';
import { within } from '../deadline.ts';
import type { Message } from './message.ts';
import { OutboxLog, type Waiting } from './outbox-log.ts';

/** A forge may wait for its own limits in between; longer than this it is as good as down. */
const SEND_MS = 120_000;
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;
/** A message that the forge does not take rests much longer, and is given up in the end: the others go on. */
const MESSAGE_REST_MS = 30_000;
const LONGEST_MESSAGE_REST_MS = 3_600_000;
const MOST_ATTEMPTS = 12;

/** These say nothing about the message: the forge itself cannot be talked to. */
const FORGE_IS_AWAY: ReadonlySet<PortErrorCode> = new Set([
  'unreachable',
  'timeout',
  'auth',
  'identity',
  'secret',
  'aborted',
]);

export interface OutboxTrouble {
  readonly key: string;
  readonly reason: string;
  /** It will not be said any more. */
  readonly givenUp: boolean;
}

export interface OutboxOptions {
  /** Where it is kept in the state folder. */
  readonly key: string;
  /** Says one message. @throws PortError */
  readonly send: (message: Message, signal: AbortSignal) => Promise<void>;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly report: (trouble: OutboxTrouble) => void;
}

export class Outbox {
  readonly #send: OutboxOptions['send'];
  readonly #clock: Clock;
  readonly #log: OutboxLog;
  readonly #report: (trouble: OutboxTrouble) => void;
  readonly #failed = new Map<string, { readonly attempts: number; readonly until: number }>();
  #rest = { times: 0, until: 0 };
  #wake = new AbortController();

  private constructor({ send, clock, report }: OutboxOptions, log: OutboxLog) {
    this.#send = send;
    this.#clock = clock;
    this.#log = log;
    this.#report = report;
  }

  /** @throws PortError */
  static async open(options: OutboxOptions): Promise<Outbox> {
    return new Outbox(options, await OutboxLog.open(options.store, options.key));
  }

  /**
   * Once it returns the messages will be said, whatever happens to this process.
   * @param spacingMs least time since the last word under the same key, for what is only progress.
   * @throws PortError
   */
  async put(messages: readonly Message[], spacingMs = 0): Promise<void> {
    // What the forge did not take was another text.
    for (const key of await this.#log.put(messages, spacingMs)) this.#failed.delete(key);
    this.#wake.abort();
  }

  /** Says what is due, until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const next = this.#next();
      if (next !== undefined && next.inMs <= 0) await this.#say(next.key, next.waiting, signal);
      else
        await this.#clock.sleep(next?.inMs ?? LONGEST_REST_MS, AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  /** The first message that is due, or the one that will be due first. */
  #next(): { readonly key: string; readonly waiting: Waiting; readonly inMs: number } | undefined {
    const now = this.#clock.now();
    let soonest: { key: string; waiting: Waiting; inMs: number } | undefined;
    for (const [key, waiting] of this.#log.waiting) {
      const spaced = (this.#log.saidAt(key) ?? Number.NEGATIVE_INFINITY) + waiting.spacingMs;
      const due = Math.max(spaced, this.#failed.get(key)?.until ?? 0, this.#rest.until);
      if (due <= now) return { key, waiting, inMs: 0 };
      if (soonest === undefined || due - now < soonest.inMs) soonest = { key, waiting, inMs: due - now };
    }
    return soonest;
  }

  async #say(key: string, { message, digest }: Waiting, signal: AbortSignal): Promise<void> {
    try {
      await within(this.#clock, SEND_MS, key, signal, (limited) => this.#send(message, limited));
    } catch (error) {
      // What is no port's error is a defect: the message rests like one that was not taken, and the others go on.
      const failure =
        error instanceof PortError ? error : new PortError('protocol', String(error), { cause: error });
      if (!signal.aborted) await this.#notSaid(key, digest, failure);
      return;
    }
    this.#rest = { times: 0, until: 0 };
    this.#failed.delete(key);
    await this.#recorded(() => this.#log.said(key, digest, this.#clock.now()));
  }

  async #notSaid(key: string, digest: string, error: PortError): Promise<void> {
    const now = this.#clock.now();
    if (FORGE_IS_AWAY.has(error.code) || error.retry === 'later') {
      const times = this.#rest.times + 1;
      const least = error.retry === 'later' ? LONGEST_REST_MS : FIRST_REST_MS * 2 ** (times - 1);
      this.#rest = { times, until: now + Math.min(least, LONGEST_REST_MS) };
      if (times === 1) this.#report({ key, reason: error.message, givenUp: false });
      return;
    }
    const attempts = (this.#failed.get(key)?.attempts ?? 0) + 1;
    const givenUp = attempts >= MOST_ATTEMPTS;
    if (givenUp || attempts === 1) this.#report({ key, reason: error.message, givenUp });
    if (givenUp) {
      this.#failed.delete(key);
      await this.#recorded(() => this.#log.dropped(key, digest));
      return;
    }
    const restMs = Math.min(MESSAGE_REST_MS * 2 ** (attempts - 1), LONGEST_MESSAGE_REST_MS);
    this.#failed.set(key, { attempts, until: now + restMs });
  }

  /** What cannot be recorded as said will be said again, which changes nothing; not at once, since the disk is in trouble. */
  async #recorded(record: () => Promise<void>): Promise<void> {
    try {
      await record();
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      this.#rest = { times: 1, until: this.#clock.now() + LONGEST_REST_MS };
      this.#report({ key: 'outbox', reason: error.message, givenUp: false });
    }
  }
}
