/** Reads what people write in comments, and carries their commands out, each once. */
import { commandIn } from '../../planner/approval/commands.ts';
import type { Remark } from '../../ports/forge.ts';
import { answerText } from '../../render/pull-request/answers.ts';
import { type CarriedOut, carryOut } from './carry-out.ts';
import { ask, type Desk, previewsOf, type RolloutRecord } from './desk.ts';
import type { Message } from './message.ts';

export interface Heard {
  /** Pull requests that somebody wants to be planned anew. */
  readonly replan: ReadonlySet<string>;
  /** Clusters that somebody has changed something about. */
  readonly wake: ReadonlySet<string>;
}

/** @param clusters names that commands may name. @throws PortError when forge or store fail; what was dealt with stays so. */
export async function hearRemarks(
  desk: Desk,
  clusters: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Heard> {
  const { books, forge } = desk;
  const { commands, outbox } = books;
  // Of a life that ended between writing down and saying.
  await outbox.put(commands.state.unsaid);
  const replan = new Set<string>();
  const wake = new Set<string>();
  const remarks = await ask(desk, 'remarks', signal, (limited) =>
    forge.remarks(commands.state.since, limited),
  );
  for (const remark of remarks) {
    if (commands.isHandled(remark)) continue;
    const command = remark.edited ? undefined : commandIn(remark.body, clusters);
    if (command === undefined) {
      await commands.handled(remark, {}, []);
      continue;
    }
    const permission = await ask(desk, 'permission', signal, (limited) =>
      forge.permissionOf(remark.author, limited),
    );
    const done = carryOut(command, remark, {
      permission,
      pullRequest: books.pullRequests.get(remark.pullRequest)?.pullRequest,
      previews: previewsOf(desk, remark.pullRequest).map(({ preview }) => preview),
      rollouts: rolloutsAround(desk, remark),
      state: commands.state,
    });
    await commands.handled(remark, done.effect, sayings(remark, done));
    if (done.replan === true) replan.add(remark.pullRequest);
    for (const cluster of done.wake ?? []) wake.add(cluster);
  }
  await outbox.put(commands.state.unsaid);
  await commands.settled(remarks.at(-1)?.at);
  return { replan, wake };
}

/** Those of the pull request; under an issue, those that no pull request has brought. */
function rolloutsAround({ books }: Desk, { pullRequest }: Remark): RolloutRecord[] {
  const all = [...books.rollouts.values()];
  const here = all.filter((record) => record.pullRequest === pullRequest);
  const known = here.length > 0 || books.pullRequests.get(pullRequest) !== undefined;
  return known ? here : all.filter((record) => record.pullRequest === undefined);
}

function sayings(remark: Remark, { answer, reaction }: CarriedOut): Message[] {
  return [
    { kind: 'reaction', remark, reaction },
    ...(answer === undefined ? [] : [{ kind: 'answer', remark, body: answerText(answer) } as const]),
  ];
}
