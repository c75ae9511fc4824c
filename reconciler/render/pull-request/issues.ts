/** The issues that RedisForge keeps: drift that it does not repair by itself, a rollout that failed, a push past review. */
import type { Operation } from 'fast-json-patch';
import type { Problem } from '../../../spec-schema/problem.ts';
import type { ClusterState } from '../../model/cluster-state.ts';
import type { Rollout } from '../../planner/preview/preview.ts';
import type { KeptIssue } from '../../ports/forge.ts';
import { differencesInWords } from '../differences.ts';
import { code, escaped } from '../markdown.ts';
import { stepInWords } from '../step-words.ts';
import { shortLine } from '../visible.ts';
import {
  COMMENT_BUDGET,
  commitText,
  differenceTable,
  digestText,
  momentText,
  problemList,
  safeLink,
} from './parts.ts';
import { applyStatus } from './status-lines.ts';
import { fitted, type Piece, text } from './tree.ts';

export interface DriftReport {
  readonly cluster: string;
  readonly live: ClusterState;
  /** What would turn the live document into the desired one. */
  readonly drift: readonly Operation[];
  /** Milliseconds since the epoch. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Why it is not repaired by itself. */
  readonly blocks: readonly Problem[];
  /** What may have caused it, one sentence each. */
  readonly suspected: readonly string[];
  /** Set when it is gone: the digest of the live document that proves it. */
  readonly gone?: { readonly at: number; readonly live: string };
}

export function driftIssue(report: DriftReport): KeptIssue {
  const { cluster, firstSeen, lastSeen, gone } = report;
  const times = `First seen ${momentText(firstSeen)}, last seen ${momentText(lastSeen)}.`;
  const pieces: Piece[] =
    gone === undefined
      ? [
          text(
            `The live cluster ${code(cluster)} is not as its spec says, and RedisForge does not repair it by itself. ${times}`,
          ),
          ...driftPieces(report),
          text('This issue is kept up to date, and closed when the difference is gone.'),
        ]
      : [
          text(
            `✅ Gone since ${momentText(gone.at)}: the live cluster ${code(cluster)} is as its spec says (live ${digestText(gone.live)}). ${times}`,
          ),
          {
            kind: 'details',
            summary: '<b>What it was</b>',
            open: false,
            pieces: driftPieces(report),
          },
        ];
  return issue(
    `drift/${cluster}`,
    `Redis cluster ${cluster} is not as its spec says`,
    pieces,
    gone !== undefined,
  );
}

function driftPieces({ drift, live, blocks, suspected }: DriftReport): Piece[] {
  const differences = differencesInWords(drift, live);
  return [
    ...(differences.length === 0 ? [] : [differenceTable(differences)]),
    ...(suspected.length === 0
      ? []
      : [text(['Perhaps because of:', '', ...suspected.map((cause) => `- ${escaped(cause)}`)].join('\n'))]),
    ...(blocks.length === 0 ? [] : [text('#### Why it is not repaired'), problemList(blocks)]),
  ];
}

export interface FailureReport {
  readonly rollout: Rollout;
  /** The pull request that was merged. */
  readonly pullRequest: { readonly title: string; readonly url: string | undefined } | undefined;
  /** Set when a later rollout has put it right. */
  readonly over?: { readonly at: number; readonly live: string };
}

export function failureIssue({ rollout, pullRequest, over }: FailureReport): KeptIssue {
  const { cluster, mergeCommit, problems, steps } = rollout;
  const failed = steps.filter(({ state }) => state === 'failed');
  const link = pullRequest?.url === undefined ? undefined : safeLink(pullRequest.url);
  const from =
    pullRequest === undefined
      ? `commit ${commitText(mergeCommit)}`
      : `${link === undefined ? escaped(pullRequest.title) : `[${escaped(pullRequest.title)}](<${link}>)`} (${commitText(mergeCommit)})`;
  const pieces: Piece[] = [
    text(
      over === undefined
        ? `⛔ What ${from} asks for could not be carried out on ${code(cluster)}. ${escaped(applyStatus(rollout).description)}.`
        : `✅ Over since ${momentText(over.at)}: ${code(cluster)} is as its spec says (live ${digestText(over.live)}). It began with ${from}.`,
    ),
    ...(failed.length === 0
      ? []
      : [
          text(
            failed
              .map(
                ({ planned, reason }) =>
                  `- ⛔ ${escaped(stepInWords(planned.step))}: ${escaped(reason ?? 'no reason was given')}`,
              )
              .join('\n'),
          ),
        ]),
    ...(problems.length === 0 ? [] : [problemList(problems)]),
    ...(over === undefined
      ? [text('RedisForge tries again by itself. The issue is closed when the cluster is as its spec says.')]
      : []),
  ];
  return issue(`failure/${cluster}`, `Redis cluster ${cluster}: a change failed`, pieces, over !== undefined);
}

export interface DirectPush {
  readonly commit: string;
  readonly author: string;
  readonly branch: string;
  /** Clusters whose specs it changes. */
  readonly clusters: readonly string[];
  /** Ids of the plans by which it would be carried out, for whoever approves it after all. */
  readonly plans?: readonly string[];
  /** Set when a pull request, or another push, has dealt with it. */
  readonly over?: { readonly at: number; readonly by: string };
}

export function directPushIssue({
  commit,
  author,
  branch,
  clusters,
  plans = [],
  over,
}: DirectPush): KeptIssue {
  const what = `${commitText(commit)} by ${escaped(author)} changes ${clusters.map(code).join(', ')} on ${code(branch)} without a pull request`;
  const pieces =
    over === undefined
      ? [
          text(`⏸️ ${what}. It is held: the clusters stay as they were.`),
          text(
            [
              'What helps:',
              '',
              ...plans.map(
                (plan) =>
                  `- approve what it would do now, in a comment here: ${code(`/redisforge approve ${plan}`)}; or`,
              ),
              `- revert it: ${code(`git revert ${commit.slice(0, 40)}`)}, and propose the change in a pull request; or`,
              `- set ${code('onDirectPush: apply')} in ${code('redisforge.policy.yaml')}, if pushes are meant to be enough.`,
            ].join('\n'),
          ),
        ]
      : [text(`✅ Over since ${momentText(over.at)} by ${commitText(over.by)}. ${what}.`)];
  return issue('direct-push', 'A spec was changed without a pull request', pieces, over !== undefined);
}

function issue(key: string, title: string, pieces: readonly Piece[], closed: boolean): KeptIssue {
  const body = fitted(pieces, { budget: COMMENT_BUDGET, whole: '`redisforge status` shows all of it' });
  return { key, title: shortLine(title, 250), body: body ?? title, state: closed ? 'closed' : 'open' };
}
