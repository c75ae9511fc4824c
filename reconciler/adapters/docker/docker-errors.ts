/** Every way in which an engine or the way to it can fail, classified once. */
import { PortError, type PortErrorCode } from '../../ports.ts';

/** What Node and docker-modem put on their errors. */
interface RawError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly json?: unknown;
  readonly message?: unknown;
}

const BY_SYSTEM_CODE: Readonly<Record<string, PortErrorCode>> = {
  ENOENT: 'unreachable',
  ECONNREFUSED: 'unreachable',
  ECONNRESET: 'unreachable',
  ECONNABORTED: 'unreachable',
  EPIPE: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ETIMEDOUT: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  ERR_STREAM_PREMATURE_CLOSE: 'unreachable',
  EACCES: 'denied',
  EPERM: 'denied',
  ERR_TLS_CERT_ALTNAME_INVALID: 'identity',
  CERT_HAS_EXPIRED: 'identity',
  CERT_NOT_YET_VALID: 'identity',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'identity',
  SELF_SIGNED_CERT_IN_CHAIN: 'identity',
  UNABLE_TO_GET_ISSUER_CERT: 'identity',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'identity',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'identity',
  CERT_SIGNATURE_FAILURE: 'identity',
};

const BY_STATUS: Readonly<Record<number, PortErrorCode>> = {
  401: 'auth',
  403: 'denied',
  404: 'not-found',
  409: 'conflict',
  503: 'unreachable',
};

/**
 * The engine's texts that say more than its status: most failures to start arrive as 500, and an address that
 * is taken inside of a network reads like a port that is taken on the host.
 */
const BY_TEXT: readonly (readonly [RegExp, PortErrorCode])[] = [
  [/port is already allocated|bind: address already in use|bind for .* failed/i, 'port-in-use'],
  [/^address already in use$|address is in use|already in use by (?:container|network)/i, 'conflict'],
  [/no such image|manifest unknown|manifest for .* not found|repository .* not found/i, 'not-found'],
  [/pull access denied|unauthorized|authentication required/i, 'denied'],
  [/pool overlaps|is already in use|has active endpoints|volume is in use|is running/i, 'conflict'],
  [/connection refused|no such host|i\/o timeout|network is unreachable|connection reset/i, 'unreachable'],
];

/** @param what the attempt in words, for example `start container orders-1`. */
export function dockerError(engine: string, what: string, cause: unknown): PortError {
  if (cause instanceof PortError) return cause;
  const raw = (typeof cause === 'object' && cause !== null ? cause : {}) as RawError;
  const text = serverText(raw) ?? String(raw.message ?? cause);
  return new PortError(codeOf(raw, text), `${engine}: ${what}: ${text}`, { cause });
}

function codeOf(raw: RawError, text: string): PortErrorCode {
  if (typeof raw.statusCode === 'number') return codeOfAnswer(raw.statusCode, text);
  const code = typeof raw.code === 'string' ? raw.code : '';
  const known = BY_SYSTEM_CODE[code];
  if (known !== undefined) return known;
  // The engine tells us so in a TLS alert, which Node reports in the code of OpenSSL's library.
  if (code.startsWith('ERR_SSL_')) return /ALERT/.test(code) ? 'auth' : 'identity';
  if (/socket hang up|aborted|closed/i.test(text)) return 'unreachable';
  return 'protocol';
}

function codeOfAnswer(status: number, text: string): PortErrorCode {
  return codeOfText(text) ?? BY_STATUS[status] ?? (status >= 400 ? 'refused' : 'protocol');
}

/** @returns undefined when the text is none that we know. */
export function codeOfText(text: string): PortErrorCode | undefined {
  return BY_TEXT.find(([pattern]) => pattern.test(text))?.[1];
}

function serverText(raw: RawError): string | undefined {
  if (typeof raw.json === 'object' && raw.json !== null && 'message' in raw.json) {
    return String(raw.json.message).trim();
  }
  // docker-modem: "(HTTP code 404) no such container - No such image: x ". Its own words mislead: drop them.
  const answer = /^\(HTTP code \d+\) .*? - (.*)$/s.exec(String(raw.message ?? ''));
  return answer?.[1]?.trim();
}
