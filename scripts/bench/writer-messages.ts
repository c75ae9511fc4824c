/** What a benchmark and its writer's process say to each other. */
export interface WriterSettings {
  /** Members to begin with, `host:port`; the others are learnt from redirections. */
  readonly members: readonly string[];
  readonly username: string;
  readonly password: string;
  /** Writes per second that are tried for. */
  readonly rate: number;
  readonly valueBytes: number;
  /** One key per slot, by slot. */
  readonly keys: readonly string[];
}

export type ToWriter = 'begin' | 'end' | 'quit';

export type FromWriter =
  | { readonly kind: 'ready' | 'began' }
  | { readonly kind: 'report'; readonly report: WriterReport }
  | { readonly kind: 'failed'; readonly reason: string };

export interface WriterReport {
  readonly seconds: number;
  /** Acknowledged writes. */
  readonly writes: number;
  /** The longest that a write waited for its acknowledgement, redirections included, in milliseconds. */
  readonly longestMs: number;
  /** Acknowledged writes per slot at the least, since the writer began: the number in the value of its key. */
  readonly acknowledged: readonly number[];
}
