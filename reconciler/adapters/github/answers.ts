/** What of GitHub's answers is used, and what it has to look like to be believed. */
import { z } from 'zod';
import type { Parse } from './github-api.ts';

/** Null once the account was deleted. */
const user = z.object({ login: z.string(), type: z.string() }).nullable();
const commit = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);
/** In whole seconds at GitHub. @returns milliseconds since the epoch */
const moment = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** What is no page of HTML is no whole answer either: a list has to be one. */
function parser<T>(schema: z.ZodType<T>): Parse<T> {
  return (data) => schema.parse(data);
}

const pull = z.object({
  number: z.int(),
  title: z.string(),
  user,
  html_url: z.string(),
  state: z.enum(['open', 'closed']),
  draft: z.boolean().default(false),
  merged_at: z.string().nullable(),
  /** Before the merge it is that of a trial, which nobody pulls. */
  merge_commit_sha: z.string().nullable(),
  updated_at: moment,
  head: z.object({
    ref: z.string(),
    sha: commit,
    /** Null once the fork was deleted. */
    repo: z.object({ id: z.int() }).nullable(),
  }),
  base: z.object({ ref: z.string(), sha: commit, repo: z.object({ id: z.int() }) }),
});
export type PullAnswer = z.output<typeof pull>;
export const pullList = parser(z.array(pull));

const comment = z.object({
  id: z.int(),
  body: z.string().nullish(),
  user,
  html_url: z.string(),
  issue_url: z.string(),
  created_at: moment,
  updated_at: moment,
});
export type CommentAnswer = z.output<typeof comment>;
export const oneComment = parser(comment);
export const commentList = parser(z.array(comment));

const review = z.object({
  user,
  state: z.string(),
  commit_id: z.string().nullable(),
  submitted_at: moment.optional(),
});
export type ReviewAnswer = z.output<typeof review>;
export const reviewList = parser(z.array(review));

export const ownAccount = parser(z.object({ login: z.string() }));
export const ownApp = parser(z.object({ slug: z.string() }));
export const installation = parser(z.object({ permissions: z.record(z.string(), z.string()) }));
export const repository = parser(
  z.object({
    private: z.boolean(),
    permissions: z.object({ push: z.boolean() }).optional(),
  }),
);
export const collaborator = parser(z.object({ permission: z.string() }));
export const membership = parser(z.object({ state: z.enum(['active', 'pending']) }));

const status = z.object({
  context: z.string(),
  state: z.enum(['pending', 'success', 'failure', 'error']),
  description: z.string().nullable(),
  target_url: z.string().nullable(),
});
export type StatusAnswer = z.output<typeof status>;
export const oneStatus = parser(status);
export const combinedStatus = parser(z.object({ statuses: z.array(status) }));

const checkRun = z.object({
  id: z.int(),
  name: z.string(),
  external_id: z.string().nullable(),
  app: z.object({ slug: z.string().optional() }).nullable(),
  output: z.object({ annotations_count: z.int() }),
});
export type CheckAnswer = z.output<typeof checkRun>;
export const oneCheck = parser(checkRun);
export const checkList = parser(z.object({ check_runs: z.array(checkRun) }));

const issue = z.object({
  number: z.int(),
  title: z.string(),
  body: z.string().nullish(),
  state: z.enum(['open', 'closed']),
  user,
  /** There on what is a pull request. */
  pull_request: z.unknown().optional(),
});
export type IssueAnswer = z.output<typeof issue>;
export const oneIssue = parser(issue);
export const issueList = parser(z.array(issue));

/** For a reading of which only whether it is allowed matters. */
export const anything: Parse<undefined> = () => undefined;
