/** What git says when it fails, classified once. */
import { PortError, type PortErrorCode } from '../../ports.ts';

/** An exit code other than 0; simple-git by itself calls some of them success (measured). */
export class GitExit extends Error {
  readonly exitCode: number;
  /** What it printed all the same: some commands answer with a code other than 0. */
  readonly output: string;

  constructor(exitCode: number, message: string, output: string) {
    super(message === '' ? `exit code ${exitCode}` : message);
    this.name = 'GitExit';
    this.exitCode = exitCode;
    this.output = output;
  }
}

/** In this order: what ssh says of a refused key is followed by words that sound like a lost connection. */
const BY_TEXT: readonly (readonly [RegExp, PortErrorCode])[] = [
  [/host key verification failed|remote host identification|ssl certificate problem/i, 'identity'],
  [
    /authentication failed|could not read (?:username|password)|permission denied \(|returned error: 40[13]/i,
    'auth',
  ],
  [/couldn't find remote ref|repository .*not found|does not appear to be a git repo/i, 'not-found'],
  [/does not exist|no such file or directory|returned error: 404|not a git repository/i, 'not-found'],
  [
    /not a valid object name|bad object|not a tree object|no such path|not something we can merge/i,
    'not-found',
  ],
  [/transport .* not allowed|unsupported protocol/i, 'refused'],
  [/could not resolve|connection refused|connection reset|timed out|unable to access/i, 'unreachable'],
  [/could not read from remote|hung up unexpectedly|early eof|network is unreachable/i, 'unreachable'],
  [/permission denied|read-only file system/i, 'denied'],
];

export function gitError(what: string, cause: unknown): PortError {
  if (cause instanceof PortError) return cause;
  const text = withoutCredentials(cause instanceof Error ? cause.message : String(cause)).trim();
  const code = BY_TEXT.find(([pattern]) => pattern.test(text))?.[1] ?? 'refused';
  // No cause: simple-git hangs the whole command line on its errors, and a URL in it can hold a password.
  return new PortError(code, `${what}: ${text}`);
}

export function withoutCredentials(text: string): string {
  return text.replace(/(\w+:\/\/)[^/\s@]+@/g, '$1');
}
