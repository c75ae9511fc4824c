/** What keeps changes of a cluster waiting, read from the state folder by whoever is not the one that acts. */
import type { Hold } from '../../planner/holds.ts';
import type { StateStore } from '../../ports.ts';
import { readDocument } from '../documents.ts';
import { COMMANDS, type CommandState, holdBy } from './command-book.ts';
import { ROLLOUTS, type RolloutRecord } from './desk.ts';
import { Shelf } from './shelf.ts';

export interface Standing {
  /** Somebody has paused or stopped it in a comment. */
  readonly brake: Hold | undefined;
  /** A change that was merged and is not in force, with what would help. */
  readonly held: readonly { readonly code: string; readonly summary: string; readonly hint: string }[];
}

/**
 * @param now milliseconds since the epoch
 * @throws PortError
 */
export async function standingOf(store: StateStore, cluster: string, now: number): Promise<Standing> {
  const commands = await readDocument<CommandState>(store, COMMANDS);
  const rollouts = await Shelf.open<RolloutRecord>(store, ROLLOUTS);
  const rollout = rollouts.get(cluster)?.rollout;
  const problems = rollout?.state === 'held' ? rollout.problems : [];
  return {
    brake: holdBy(commands?.brakes[cluster], now),
    held: problems.map(({ code, summary, hint = '' }) => ({ code, summary, hint })),
  };
}
