/**
 * What people have asked for in comments, in one document: that a command was dealt with and what came of it are
 * written together, so that it is carried out once, whenever the reconciler dies.
 */

import type { Hold } from '../../planner/holds.ts';
import type { Remark } from '../../ports/forge.ts';
import type { StateStore } from '../../ports.ts';
import { readDocument } from '../documents.ts';
import type { Message } from './message.ts';

/** Where it is kept. */
export const COMMANDS = 'pull-requests/commands.json';
/** Times of comments come from the forge's clock, and it may show a comment late. */
const OVERLAP_MS = 600_000;
const MOST_APPROVALS = 1_000;

/** Keeps RedisForge from changing a cluster. */
export interface Brake {
  readonly kind: 'paused' | 'stopped';
  readonly by: string;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly until: number | undefined;
}

export interface NamedApproval {
  readonly plan: string;
  readonly author: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface CommandState {
  /** Remarks before it have been dealt with, in milliseconds since the epoch. */
  readonly since: number;
  /** Ids of remarks after it that have been dealt with. */
  readonly handled: Readonly<Record<string, number>>;
  /** What is to be said about them and is not in the outbox yet. */
  readonly unsaid: readonly Message[];
  readonly approvals: readonly NamedApproval[];
  /** Commits of forks, by pull request, that somebody who may write has asked to be looked at live. */
  readonly granted: Readonly<Record<string, string>>;
  readonly brakes: Readonly<Record<string, Brake>>;
}

/** What a command changes beside being dealt with. */
export type CommandEffect = Partial<Pick<CommandState, 'approvals' | 'granted' | 'brakes'>>;

export class CommandBook {
  readonly #store: StateStore;
  #state: CommandState;

  private constructor(store: StateStore, state: CommandState) {
    this.#store = store;
    this.#state = state;
  }

  /** Commands that were written before RedisForge was there are none. @throws PortError */
  static async open(store: StateStore, now: number): Promise<CommandBook> {
    const known = await readDocument<CommandState>(store, COMMANDS);
    const book = new CommandBook(
      store,
      known ?? { since: now, handled: {}, unsaid: [], approvals: [], granted: {}, brakes: {} },
    );
    if (known === undefined) await book.#write(book.#state);
    return book;
  }

  get state(): CommandState {
    return this.#state;
  }

  isHandled(remark: Remark): boolean {
    return remark.at < this.#state.since || this.#state.handled[remark.id] !== undefined;
  }

  /** @throws PortError, and then nothing has changed. */
  async handled(remark: Remark, effect: CommandEffect, say: readonly Message[]): Promise<void> {
    const before = this.#state;
    await this.#write({
      ...before,
      ...effect,
      approvals: (effect.approvals ?? before.approvals).slice(-MOST_APPROVALS),
      handled: { ...before.handled, [remark.id]: remark.at },
      unsaid: [...before.unsaid, ...say],
    });
  }

  /** Everything is in the outbox; and what lies long back need not be remembered one by one. @throws PortError */
  async settled(newest: number | undefined): Promise<void> {
    const { since, handled, unsaid } = this.#state;
    const horizon = newest === undefined ? since : Math.max(since, newest - OVERLAP_MS);
    const old = Object.entries(handled).filter(([, at]) => at < horizon);
    if (unsaid.length === 0 && old.length === 0 && horizon === since) return;
    const kept = Object.entries(handled).filter(([, at]) => at >= horizon);
    await this.#write({ ...this.#state, since: horizon, handled: Object.fromEntries(kept), unsaid: [] });
  }

  /** What keeps a cluster from being changed now. */
  brakeOn(cluster: string, now: number): Hold | undefined {
    return holdBy(this.#state.brakes[cluster], now);
  }

  async #write(state: CommandState): Promise<void> {
    await this.#store.write(COMMANDS, JSON.stringify(state));
    this.#state = state;
  }
}

/** What a brake says while it holds; undefined once its time is over. */
export function holdBy(brake: Brake | undefined, now: number): Hold | undefined {
  if (brake === undefined || (brake.until !== undefined && brake.until <= now)) return undefined;
  const reason = brake.reason === '' ? '' : `: ${brake.reason}`;
  const until = brake.until === undefined ? '' : ` until ${new Date(brake.until).toISOString()}`;
  return {
    code: brake.kind,
    summary: `${brake.kind} by ${brake.by}${until}${reason}`,
    hint: 'write `/redisforge resume` in a comment',
  };
}
