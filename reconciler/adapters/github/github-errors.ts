/** What GitHub, and Octokit on its behalf, say when something fails; classified once. */
import { PortError, type PortErrorCode } from '../../ports.ts';

/** What of a failed request is looked at, whatever class Octokit gave its error. */
interface FailedRequest {
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly answered: boolean;
  readonly cause: unknown;
}

/** GitHub wants to be left alone for a while: whatever was asked was not done, and nothing else would be. */
export class RateLimited extends PortError {
  /** Milliseconds from now. */
  readonly waitMs: number;

  constructor(what: string, waitMs: number) {
    const seconds = Math.ceil(waitMs / 1000);
    const hint = 'GitHub limits how often it may be asked';
    // Not `refused`: that would be about what was asked, and others would be tried meanwhile.
    super('unreachable', `${what}: ${hint}, and asks to wait for ${seconds} s`, {
      retry: waitMs > 30_000 ? 'later' : 'soon',
    });
    this.waitMs = waitMs;
  }
}

const BY_STATUS: Readonly<Record<number, PortErrorCode>> = {
  401: 'auth',
  403: 'denied',
  404: 'not-found',
  409: 'conflict',
  410: 'not-found',
  451: 'denied',
};

/** For a secondary limit without `retry-after`: what GitHub's documentation asks for. */
const SECONDARY_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 3_600_000;

/**
 * @param what is done, for example `acme/specs: list the open pull requests`
 * @returns without a cause: Octokit hangs the whole request on its errors.
 */
export function githubError(what: string, error: unknown): PortError {
  if (error instanceof PortError) return error;
  const failed = failedRequest(error);
  if (failed === undefined) {
    return new PortError('protocol', `${what}: ${String(error)}`, { retry: 'soon' });
  }
  if (!failed.answered) return unanswered(what, failed);
  const waitMs = waitAsked(failed);
  if (waitMs !== undefined) return new RateLimited(what, waitMs);
  const { status, message } = failed;
  const said = `${what}: GitHub answers ${status}: ${oneLine(message)}`;
  if (status >= 500) return new PortError('unreachable', said);
  // Git may have given us a commit that GitHub's API does not have yet.
  if (/no commit found/i.test(message)) return new PortError('not-found', said, { retry: 'soon' });
  const code = BY_STATUS[status] ?? 'refused';
  // A token file may be replaced and a permission given while we run; and 404 is also said of what may not be seen.
  const passing = code === 'auth' || code === 'denied' || code === 'not-found';
  return new PortError(code, `${said}${permissionHint(failed)}`, { retry: passing ? 'later' : 'never' });
}

/** Whether a request that failed this way may have been carried out all the same. */
export function isAmbiguous(error: unknown): boolean {
  if (error instanceof RateLimited) return false;
  return error instanceof PortError && ['unreachable', 'timeout', 'protocol', 'aborted'].includes(error.code);
}

export function isMissing(error: unknown): boolean {
  return error instanceof PortError && error.code === 'not-found';
}

function failedRequest(error: unknown): FailedRequest | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  const { response } = error as { response?: { headers?: Record<string, string> } };
  return {
    status: error.status,
    message: error.message,
    headers: response?.headers ?? {},
    answered: response !== undefined,
    cause: error.cause,
  };
}

function unanswered(what: string, { message, cause }: FailedRequest): PortError {
  const name = cause instanceof Error ? cause.name : '';
  if (name === 'Gibberish') return new PortError('protocol', `${what}: ${message}`, { retry: 'soon' });
  if (name === 'TimeoutError') return new PortError('timeout', `${what}: no answer in time`);
  return new PortError('unreachable', `${what}: ${oneLine(message)}`);
}

/** How long GitHub asks to be left alone; undefined when it refused for another reason. */
function waitAsked({ status, message, headers }: FailedRequest): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const after = Number(headers['retry-after']);
  if (after > 0) return Math.min(after * 1000, LONGEST_WAIT_MS);
  if (headers['x-ratelimit-remaining'] === '0') {
    // By GitHub's own clock: ours may go differently.
    const now = Date.parse(headers['date'] ?? '');
    const reset = Number(headers['x-ratelimit-reset']) * 1000;
    const waitMs = Number.isFinite(reset - now) ? reset - now + 1000 : SECONDARY_WAIT_MS;
    return Math.min(Math.max(waitMs, 1000), LONGEST_WAIT_MS);
  }
  return status === 429 || /secondary rate limit/i.test(message) ? SECONDARY_WAIT_MS : undefined;
}

/** GitHub names what a fine-grained token or an App would need. */
function permissionHint({ headers }: FailedRequest): string {
  const accepted = headers['x-accepted-github-permissions'];
  return accepted === undefined ? '' : `; it takes the permission ${accepted.replaceAll(';', ' or')}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 300);
}
