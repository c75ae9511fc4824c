/**
 * One request to a chat service: a deadline for each attempt, its wish to be asked later kept, and its address, which is
 * a secret, never told to anybody.
 */
import { type Clock, PortError } from '../../ports.ts';

export interface Delivery {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /** Holds the secret. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Whether it may be said again when nobody knows whether it was heard. */
  readonly repeatable: boolean;
}

export interface Answered {
  readonly status: number;
  /** As JSON; undefined when it is none. */
  readonly body: unknown;
}

/** Whether a request was heard is unknown: the answer was lost, and it must not be said again. */
export class LostAnswer extends PortError {}

export interface DeliveryOptions {
  readonly clock: Clock;
  /** Who is asked, for messages. */
  readonly who: string;
  /** Milliseconds for each attempt. */
  readonly attemptMs?: number;
}

const ATTEMPT_MS = 10_000;
const ATTEMPTS = 4;
/** Who wants us to wait longer than this is asked another time. */
const LONGEST_WAIT_MS = 60_000;

/** Nothing was sent: nobody was there, or nobody knows the name. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** @throws PortError, {@link LostAnswer} when a request that must not be repeated may have been heard. */
export async function deliver(
  delivery: Delivery,
  { clock, who, attemptMs = ATTEMPT_MS }: DeliveryOptions,
  signal: AbortSignal,
): Promise<Answered> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await attemptOnce(delivery, attemptMs, signal);
    if (signal.aborted) throw new PortError('aborted', `${who} was not told: RedisForge stops`);
    if (result.kind === 'answered' && result.status !== 429 && result.status < 500)
      return { status: result.status, body: result.body };
    const wait = waitMs(result, attempt);
    if (result.kind === 'answered' && result.status === 429 && wait > LONGEST_WAIT_MS)
      throw new PortError('refused', `${who} wants to be asked again in ${Math.ceil(wait / 1000)} s`, {
        retry: 'later',
      });
    const problem = problemOf(result, who);
    // A refusal because of its limits was certainly not heard; a server error may come after the deed.
    const heard = !(result.kind === 'failed' && result.sent === 'no') && !isLimit(result);
    if (heard && !delivery.repeatable) throw new LostAnswer(problem.code, problem.message, { retry: 'soon' });
    if (attempt >= ATTEMPTS) throw problem;
    await clock.sleep(wait, signal);
  }
}

type Result =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: unknown;
      readonly after: string | null;
    }
  | { readonly kind: 'failed'; readonly sent: 'no' | 'perhaps'; readonly code: string };

async function attemptOnce(
  { method, url, headers, body }: Delivery,
  attemptMs: number,
  signal: AbortSignal,
): Promise<Result> {
  try {
    const answer = await fetch(url, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // Whoever sends us elsewhere would get the message, and in part the secret.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]),
    });
    const text = await answer.text();
    return {
      kind: 'answered',
      status: answer.status,
      body: jsonOf(text),
      after: answer.headers.get('retry-after'),
    };
  } catch (cause) {
    const code = codeOf(cause);
    return { kind: 'failed', sent: NEVER_SENT.has(code) ? 'no' : 'perhaps', code };
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The code alone: messages of `fetch` may hold the address. */
function codeOf(cause: unknown): string {
  for (let error: unknown = cause; error instanceof Error; error = error.cause) {
    if (error.name === 'TimeoutError') return 'timeout';
    const { code } = error as { readonly code?: unknown };
    if (typeof code === 'string' && /^[A-Z_0-9]+$/.test(code)) return code;
  }
  return 'failed';
}

function isLimit(result: Result): boolean {
  return result.kind === 'answered' && result.status === 429;
}

/** What the service asks for (in seconds, in a header or in the body), otherwise longer each time. */
function waitMs(result: Result, attempt: number): number {
  const backoff = 1000 * 2 ** (attempt - 1);
  if (result.kind !== 'answered') return backoff;
  const { body } = result;
  const told =
    typeof body === 'object' && body !== null && 'retry_after' in body
      ? Number(body.retry_after)
      : Number.NaN;
  const seconds = [told, Number(result.after ?? Number.NaN)].filter(
    (one) => Number.isFinite(one) && one >= 0,
  );
  return seconds.length === 0 ? backoff : Math.ceil(Math.max(...seconds) * 1000);
}

function problemOf(result: Result, who: string): PortError {
  if (result.kind === 'answered')
    return new PortError(
      result.status === 429 ? 'refused' : 'unreachable',
      `${who} answers with status ${result.status}`,
      { retry: 'later' },
    );
  const timeout = result.code === 'timeout';
  return new PortError(timeout ? 'timeout' : 'unreachable', `${who} does not answer (${result.code})`);
}
