/** What the exit code of a command tells; the same for every command. */

export const EXIT = {
  /** Done, or nothing to do. */
  done: 0,
  /** It could not be found out or done. */
  error: 1,
  /** There is something to do, and it can be done. */
  pending: 2,
  /** Something stands in the way that only a person can move. */
  blocked: 3,
} as const;

export type ExitCode = number;

const BY_WEIGHT: readonly ExitCode[] = [EXIT.error, EXIT.blocked, EXIT.pending, EXIT.done];

/** The weightiest of several codes; one of a signal (130, 143) is weightier than all. */
export function worst(codes: readonly ExitCode[]): ExitCode {
  const signalled = codes.find((code) => code > 128);
  return signalled ?? BY_WEIGHT.find((code) => codes.includes(code)) ?? EXIT.done;
}

/** An expected end that is no success: its message is for people and says everything. */
export class Refusal extends Error {
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode = EXIT.error) {
    super(message);
    this.name = 'Refusal';
    this.exitCode = exitCode;
  }
}
