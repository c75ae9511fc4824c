/** What the parts of the GitHub adapter share. */

import type { Urgency } from '../../ports/forge.ts';
import type { Clock, StateStore } from '../../ports.ts';
import type { ContentBudget } from './budget.ts';
import type { Ask, GithubApi, Parse, ParsedAnswer } from './github-api.ts';

export interface GithubContext {
  readonly api: GithubApi;
  readonly budget: ContentBudget;
  readonly clock: Clock;
  readonly store: StateStore;
  /** The followed branch. */
  readonly branch: string;
  /** Our own log-in. */
  login(signal: AbortSignal): Promise<string>;
}

/** A call that writes, when the budget has room for it. @throws PortError */
export async function write<T>(
  { api, budget }: GithubContext,
  what: string,
  urgency: Urgency,
  ask: Ask,
  parse: Parse<T>,
  signal: AbortSignal,
): Promise<ParsedAnswer<T>> {
  await budget.take(urgency, signal);
  return api.call(what, ask, parse, signal);
}

/** Under what something of ours in this repository is remembered: ids of another repository are other things. */
export async function scopeOf(context: GithubContext, signal: AbortSignal): Promise<string> {
  return `${await context.login(signal)} ${context.api.fullName}`;
}
