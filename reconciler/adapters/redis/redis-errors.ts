/** Every way in which redis-server or the way to it can fail, classified once, and without the command's words. */
import { PortError, type PortErrorCode } from '../../ports.ts';

type Retry = 'soon' | 'later' | 'never';

/** By the first word of an error reply. */
const BY_REPLY: Readonly<Record<string, readonly [PortErrorCode, Retry]>> = {
  WRONGPASS: ['auth', 'never'],
  NOAUTH: ['auth', 'never'],
  NOPERM: ['denied', 'never'],
  DENIED: ['denied', 'never'],
  NOPROTO: ['protocol', 'never'],
  LOADING: ['refused', 'soon'],
  BUSY: ['refused', 'soon'],
  TRYAGAIN: ['refused', 'soon'],
  MASTERDOWN: ['refused', 'soon'],
  CLUSTERDOWN: ['refused', 'soon'],
};

const BY_SYSTEM_CODE: Readonly<Record<string, PortErrorCode>> = {
  ECONNREFUSED: 'unreachable',
  ECONNRESET: 'unreachable',
  EPIPE: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'timeout',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
};

/** An error that the server itself answered; anything else broke on the way. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** @param what the command's name without its arguments: they can be secret. */
export function redisError(where: string, what: string, cause: unknown): PortError {
  if (cause instanceof PortError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  if (isReply(cause)) {
    // No cause: the client hangs the whole command on its error, passwords included (measured).
    const [code, retry] = BY_REPLY[text.split(' ', 1)[0] ?? ''] ?? byText(text);
    return new PortError(code, `${where}: ${what}: ${withoutSecrets(text)}`, { retry });
  }
  return new PortError(codeOf(cause), `${where}: ${what}: ${text}`);
}

function byText(text: string): readonly [PortErrorCode, Retry] {
  return /max number of clients/i.test(text) ? ['refused', 'soon'] : ['refused', 'never'];
}

function codeOf(cause: unknown): PortErrorCode {
  const code = (cause as { code?: unknown } | null)?.code;
  return BY_SYSTEM_CODE[String(code)] ?? 'unreachable';
}

/** The server repeats the modifier that it did not understand, and a password or its hash is one. */
function withoutSecrets(text: string): string {
  return text.replace(/(['"])[>#<!][^'"]*\1/g, '$1[secret]$1');
}
