/** What is told in a channel about the life of a plan: one message, edited from the first plan to its result. */
import type { Preview, Rollout } from '../../planner/preview/preview.ts';
import type { PullRequest } from '../../ports/forge.ts';
import type { Notification } from '../../ports/notifier.ts';
import { shortLine } from '../visible.ts';
import { applyStatus, planStatus } from './status-lines.ts';
import { tallyOf } from './summary.ts';

const LONGEST_LINE = 300;

type About = Pick<PullRequest, 'id' | 'title' | 'author' | 'url'>;

function keyOf(pullRequest: About | undefined, cluster: string, commit: string): string {
  return `plan/${pullRequest?.id ?? commit}/${cluster}`;
}

export function planNotification(preview: Preview, pullRequest: About): Notification {
  const { cluster, outcome, requirements, binding } = preview;
  const destructive = outcome.kind === 'changes' && tallyOf(outcome.plan, outcome.sides).destructive > 0;
  return {
    key: keyOf(pullRequest, cluster, binding.head),
    title: titleOf(cluster, pullRequest),
    severity: destructive || outcome.kind === 'failed' ? 'loud' : 'quiet',
    tone: toneOf(preview),
    lines: [
      planStatus(preview).description,
      ...requirements.filter((one) => one.state !== 'met').map((one) => shortLine(one.text, LONGEST_LINE)),
    ],
    url: pullRequest.url,
  };
}

function toneOf({ outcome, requirements }: Preview): Notification['tone'] {
  if (requirements.some(({ state }) => state === 'refused')) return 'bad';
  if (outcome.kind === 'no-op') return 'good';
  return outcome.kind === 'blocked' || outcome.kind === 'invalid' || outcome.kind === 'failed'
    ? 'bad'
    : 'changing';
}

export function rolloutNotification(rollout: Rollout, pullRequest: About | undefined): Notification {
  const { cluster, state, problems, mergeCommit } = rollout;
  return {
    key: keyOf(pullRequest, cluster, mergeCommit),
    title: titleOf(cluster, pullRequest),
    severity: state === 'failed' || state === 'held' ? 'loud' : 'quiet',
    tone: state === 'done' ? 'good' : state === 'failed' ? 'bad' : 'changing',
    lines: [
      applyStatus(rollout).description,
      ...problems.slice(1, 4).map(({ summary }) => shortLine(summary, LONGEST_LINE)),
    ],
    url: pullRequest?.url,
  };
}

function titleOf(cluster: string, pullRequest: About | undefined): string {
  const title =
    pullRequest === undefined ? cluster : `${cluster}: ${pullRequest.title} (${pullRequest.author})`;
  return shortLine(title, 200);
}
