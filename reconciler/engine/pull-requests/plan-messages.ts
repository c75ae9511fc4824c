/** What is said at the forge about the plans of an open pull request. */
import type { Problem } from '../../../spec-schema/problem.ts';
import type { Preview } from '../../planner/preview/preview.ts';
import type { PullRequest } from '../../ports/forge.ts';
import { planCheck } from '../../render/pull-request/check-run.ts';
import { indexComment } from '../../render/pull-request/index-comment.ts';
import { planNotification } from '../../render/pull-request/notifications.ts';
import { previewComment } from '../../render/pull-request/preview-comment.ts';
import {
  PLANNING,
  planStatus,
  planStatusOf,
  type StatusLine,
} from '../../render/pull-request/status-lines.ts';
import type { Desk } from './desk.ts';
import type { Message } from './message.ts';
import type { Proposal } from './proposal.ts';

export const PLAN_CONTEXT = 'redisforge/plan';
export const APPLY_CONTEXT = 'redisforge/apply';
/** GitHub takes 255 characters of a context. */
const LONGEST_CONTEXT = 255;
const LONGEST_LINE = 140;

export function clusterContext(context: string, cluster: string): string {
  return `${context}: ${cluster}`.slice(0, LONGEST_CONTEXT);
}

export function statusMessage(commit: string, context: string, line: StatusLine): Message {
  return { kind: 'status', status: { commit, context, ...line } };
}

/** A plan is being made: whoever looks must not take the last one for it. */
export function planningMessages({ head }: PullRequest, clusters: readonly string[]): Message[] {
  return [PLAN_CONTEXT, ...clusters.map((cluster) => clusterContext(PLAN_CONTEXT, cluster))].map((context) =>
    statusMessage(head.commit, context, PLANNING),
  );
}

/**
 * Everything that is to be read about these plans; what is there already is not said again.
 * @param fresh clusters of which there is something new.
 */
export function planMessages(
  { checks, settings }: Pick<Desk, 'checks' | 'settings'>,
  pullRequest: PullRequest,
  previews: readonly Preview[],
  fresh: ReadonlySet<string>,
  { conflicts, policy }: Pick<Proposal, 'conflicts' | 'policy'>,
): Message[] {
  const { id, head } = pullRequest;
  const { commit } = head;
  const all = stateOfAll(previews, conflicts, policy);
  const apply: StatusLine =
    all.state === 'success'
      ? { state: 'success', description: 'Will be carried out after the merge' }
      : { state: 'pending', description: 'Waits for the plan' };
  return [
    ...(previews.length > 1
      ? [{ kind: 'comment', pullRequest: id, key: 'index', body: indexComment(previews) } as const]
      : []),
    ...previews.flatMap((preview): Message[] => {
      const { cluster } = preview;
      if (!fresh.has(cluster)) return [];
      const context = clusterContext(PLAN_CONTEXT, cluster);
      const page = { fullPlan: settings.pageOf?.(cluster) };
      return [
        { kind: 'comment', pullRequest: id, key: `plan/${cluster}`, body: previewComment(preview, page) },
        statusMessage(commit, context, planStatus(preview)),
        { kind: 'notification', notification: planNotification(preview, pullRequest) },
        ...(checks()
          ? [{ kind: 'check', check: { commit, name: context, ...planCheck(preview) } } as const]
          : []),
      ];
    }),
    statusMessage(commit, PLAN_CONTEXT, all),
    statusMessage(commit, APPLY_CONTEXT, apply),
  ];
}

function stateOfAll(
  previews: readonly Preview[],
  conflicts: readonly string[],
  policy: readonly Problem[],
): StatusLine {
  const [wrong] = policy;
  if (wrong !== undefined)
    return {
      state: 'failure',
      description: `The policy is not valid: ${wrong.summary}`.slice(0, LONGEST_LINE),
    };
  if (conflicts.length > 0 && previews.length === 0)
    return {
      state: 'failure',
      description: `In conflict with the base branch: ${conflicts[0]}`.slice(0, LONGEST_LINE),
    };
  return planStatusOf(previews);
}
