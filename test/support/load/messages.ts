/** What a test and its loader's process say to each other. */

export interface StartupNode {
  readonly host: string;
  readonly port: number;
}

export interface LoadSettings {
  readonly startupNodes: readonly StartupNode[];
  readonly username: string;
  readonly password: string;
  /** Writes and reads per second, together. */
  readonly rate: number;
  /** Keys that are written again and again. */
  readonly keys: number;
  readonly valueBytes: number;
  readonly seed: number;
}

/** Who owns what when a measurement begins: pauses are told by the shard that had the slot then. */
export type OwnerRanges = Readonly<Record<string, readonly (readonly [first: number, last: number])[]>>;

export type ToLoader =
  | { readonly kind: 'begin'; readonly owners: OwnerRanges }
  /** Those that know the cluster now: after a change the former ones may all be gone. */
  | { readonly kind: 'end'; readonly startupNodes: readonly StartupNode[] }
  | { readonly kind: 'quit' };

export type FromLoader =
  | { readonly kind: 'ready' }
  | { readonly kind: 'began' }
  | { readonly kind: 'report'; readonly report: LoadReport }
  | { readonly kind: 'failed'; readonly reason: string };

export interface Pause {
  /** As a cluster client sees it that retries as ioredis does by default, in milliseconds. */
  readonly client: number;
  /** As a client sees it that tries again at once and asks every member: how long nobody accepted a write. */
  readonly served: number;
}

/** One measurement: what happened between `begin` and `end`, and everything that was ever acknowledged read back. */
export interface LoadReport {
  readonly seconds: number;
  readonly writes: number;
  readonly reads: number;
  /** Commands that failed for the application, by message. MOVED, ASK and TRYAGAIN never get so far. */
  readonly failed: Readonly<Record<string, number>>;
  /** Reads that returned less than had been acknowledged before they were sent. */
  readonly stale: readonly string[];
  /** Acknowledged writes that are not there any more, counted over all keys. */
  readonly lost: number;
  /** Some of them, in words. */
  readonly lostKeys: readonly string[];
  /** How many keys were read back and compared. */
  readonly verified: number;
  /** The longest, by shard. */
  readonly pauses: Readonly<Record<string, Pause>>;
  /** The longest time in which the loader itself did not get to run: pauses cannot be told more exactly than this. */
  readonly ownDelayMs: number;
}
