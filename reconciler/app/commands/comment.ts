/**
 * `redisforge comment`: says something under a branch of the embedded forge, as one would in a comment at GitHub, and
 * waits for what RedisForge answers.
 */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { Inbox } from '../../adapters/local-forge/inbox.ts';
import { FileStateStore } from '../../adapters/state/file-store.ts';
import { VERBS } from '../../planner/approval/commands.ts';
import { plainMarkdown } from '../../render/plain-markdown.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { writeLine } from '../terminal/screen.ts';
import type { CommandContext } from './command.ts';

/** A reconciler that polls as it does by default has looked twice by then. */
const PATIENCE_MS = 65_000;
const LOOK_MS = 100;
/** What is answered and how it is received are said one after the other. */
const ANSWER_MS = 1_500;

export async function commentCommand(
  branch: string,
  words: readonly string[],
  { settings, output }: CommandContext,
): Promise<ExitCode> {
  const inbox = new Inbox(new FileStateStore(settings.stateDir));
  const id = randomUUID();
  const body = VERBS.some((verb) => verb === words[0]) ? `/redisforge ${words.join(' ')}` : words.join(' ');
  await inbox.say({ id, pullRequest: branch, author: userInfo().username, body, at: Date.now() });
  if (!body.startsWith('/redisforge')) {
    writeLine(output.out, 'said; only what begins with /redisforge is answered');
    return EXIT.done;
  }
  const reaction = await until(PATIENCE_MS, async () =>
    (await inbox.replies(id)).find((reply) => 'reaction' in reply && reply.reaction !== 'seen'),
  );
  if (reaction === undefined) {
    writeLine(
      output.err,
      `RedisForge has not answered. Does it run with the state folder ${settings.stateDir}? It reads this as soon as it does.`,
    );
    return EXIT.error;
  }
  const answer = await until(ANSWER_MS, async () =>
    (await inbox.replies(id)).find((reply) => 'answer' in reply),
  );
  const isDone = 'reaction' in reaction && reaction.reaction === 'done';
  const text = answer !== undefined && 'answer' in answer ? plainMarkdown(answer.answer) : undefined;
  writeLine(output.out, text ?? (isDone ? 'done' : 'refused'));
  return isDone ? EXIT.done : EXIT.blocked;
}

async function until<T>(patienceMs: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
  for (const end = Date.now() + patienceMs; Date.now() < end; ) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return undefined;
}
