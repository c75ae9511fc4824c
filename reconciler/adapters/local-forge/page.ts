/** The documents that notes are made of. */
import type { CommitStatus } from '../../ports/forge.ts';

/** Everything that was said of one commit. */
export interface Page {
  /** By context. */
  readonly statuses: Readonly<Record<string, Pick<CommitStatus, 'state' | 'description'>>>;
  /** By pull request: two branches may stand at one commit. */
  readonly pullRequests: Readonly<Record<string, Conversation>>;
}

export interface Conversation {
  /** Markdown, by key. */
  readonly comments: Readonly<Record<string, string>>;
  /** Markdown, by the remark that was answered. */
  readonly answers: Readonly<Record<string, string>>;
}

export const EMPTY_PAGE: Page = { statuses: {}, pullRequests: {} };
export const EMPTY_CONVERSATION: Conversation = { comments: {}, answers: {} };
