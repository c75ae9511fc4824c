/** What is said at the forge about changes that are on the followed branch: how they go, and how they ended. */
import type { Rollout } from '../../planner/preview/preview.ts';
import { rolloutIndexComment } from '../../render/pull-request/index-comment.ts';
import { directPushIssue, failureIssue } from '../../render/pull-request/issues.ts';
import { rolloutNotification } from '../../render/pull-request/notifications.ts';
import { rolloutComment } from '../../render/pull-request/rollout-comment.ts';
import { applyStatus, applyStatusOf } from '../../render/pull-request/status-lines.ts';
import { type Desk, previewName, type RolloutRecord } from './desk.ts';
import type { Message } from './message.ts';
import { APPLY_CONTEXT, clusterContext, statusMessage } from './plan-messages.ts';

/** The comment, the statuses of the merge commit, and the issue of a failure. */
export function rolloutMessages(desk: Desk, record: RolloutRecord): Message[] {
  const { rollout, pullRequest, change } = record;
  const { books, settings } = desk;
  const together = [...books.rollouts.values()]
    .filter(
      ({ rollout: other }) => other.mergeCommit === rollout.mergeCommit && other.cluster !== rollout.cluster,
    )
    .map(({ rollout: other }) => other)
    .concat(rollout)
    .sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  const urgency = rollout.state === 'running' ? 'progress' : 'result';
  const comments: Message[] = [];
  if (pullRequest !== undefined) {
    const shown = books.previews.get(previewName(pullRequest, rollout.cluster))?.preview;
    const page = { shown, change, fullPlan: settings.pageOf?.(rollout.cluster) };
    comments.push({
      kind: 'comment',
      pullRequest,
      key: `plan/${rollout.cluster}`,
      body: rolloutComment(rollout, page),
      urgency,
    });
    if (together.length > 1)
      comments.push({
        kind: 'comment',
        pullRequest,
        key: 'index',
        body: rolloutIndexComment(together),
        urgency,
      });
  }
  return [
    ...comments,
    statusMessage(rollout.mergeCommit, clusterContext(APPLY_CONTEXT, rollout.cluster), applyStatus(rollout)),
    statusMessage(rollout.mergeCommit, APPLY_CONTEXT, applyStatusOf(together)),
    {
      kind: 'notification',
      notification: rolloutNotification(
        rollout,
        pullRequest === undefined ? undefined : books.pullRequests.get(pullRequest)?.pullRequest,
      ),
    },
    ...issues(desk, record, together),
  ];
}

function issues(desk: Desk, record: RolloutRecord, together: readonly Rollout[]): Message[] {
  const { rollout, pullRequest } = record;
  const merged =
    pullRequest === undefined ? undefined : desk.books.pullRequests.get(pullRequest)?.pullRequest;
  const over =
    rollout.state === 'done' && rollout.endedAt !== undefined && rollout.live !== undefined
      ? { over: { at: rollout.endedAt, live: rollout.live } }
      : undefined;
  const messages: Message[] = [];
  // A later rollout that goes well ends the issue of the one that failed; one that never was is not closed.
  if (rollout.state === 'failed' || over !== undefined)
    messages.push({
      kind: 'issue',
      issue: failureIssue({
        rollout,
        pullRequest: merged === undefined ? undefined : { title: merged.title, url: merged.url },
        ...over,
      }),
    });
  const direct = directPush(desk, record, together);
  return direct === undefined ? messages : [...messages, direct];
}

/** A push past all pull requests: an issue while it is held, closed as soon as it is not any more. */
function directPush(desk: Desk, record: RolloutRecord, together: readonly Rollout[]): Message | undefined {
  const { rollout, pullRequest, author } = record;
  if (pullRequest !== undefined) return undefined;
  const held = together.filter(isPushedDirectly);
  if (held.length === 0 && rollout.state === 'held') return undefined;
  const push = {
    commit: rollout.mergeCommit,
    author: author ?? 'somebody',
    branch: desk.settings.branch,
    clusters: (held.length === 0 ? together : held).map(({ cluster }) => cluster),
    plans: held.flatMap(({ plan }) => plan ?? []),
  };
  const over = { at: rollout.begunAt ?? rollout.endedAt ?? record.seenAt, by: rollout.mergeCommit };
  return { kind: 'issue', issue: directPushIssue(held.length === 0 ? { ...push, over } : push) };
}

function isPushedDirectly({ state, problems }: Rollout): boolean {
  return state === 'held' && problems.some(({ code }) => code === 'direct-push' || code === 'branch-rewound');
}
