/** What is said at the forge: each message has a key, and only the last word under a key matters. */
import { createHash } from 'node:crypto';
import type {
  CheckRun,
  CommitStatus,
  Forge,
  KeptIssue,
  Reaction,
  Remark,
  Urgency,
} from '../../ports/forge.ts';

export type Message =
  | {
      readonly kind: 'comment';
      readonly pullRequest: string;
      readonly key: string;
      readonly body: string;
      readonly urgency?: Urgency;
    }
  | { readonly kind: 'status'; readonly status: CommitStatus }
  | { readonly kind: 'check'; readonly check: CheckRun }
  | { readonly kind: 'issue'; readonly issue: KeptIssue }
  | { readonly kind: 'answer'; readonly remark: Remark; readonly body: string }
  | { readonly kind: 'reaction'; readonly remark: Remark; readonly reaction: Reaction };

/** Where it will be read: what is said there later replaces it. */
export function keyOf(message: Message): string {
  switch (message.kind) {
    case 'comment':
      return `comment/${message.pullRequest}/${message.key}`;
    case 'status':
      return `status/${message.status.commit}/${message.status.context}`;
    case 'check':
      return `check/${message.check.commit}/${message.check.name}`;
    case 'issue':
      return `issue/${message.issue.key}`;
    case 'answer':
    case 'reaction':
      return `${message.kind}/${message.remark.id}`;
  }
}

/** Equal for messages that say the same, however urgent they are. */
export function digestOf(message: Message): string {
  const said = message.kind === 'comment' ? { ...message, urgency: undefined } : message;
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url');
}

/** @throws PortError */
export async function send(forge: Forge, message: Message, signal: AbortSignal): Promise<void> {
  switch (message.kind) {
    case 'comment':
      return forge.ensureComment(message.pullRequest, message.key, message.body, signal, message.urgency);
    case 'status':
      return forge.setStatus(message.status, signal);
    case 'check':
      return forge.ensureCheck(message.check, signal);
    case 'issue':
      return forge.ensureIssue(message.issue, signal);
    case 'answer':
      return forge.answer(message.remark, message.body, signal);
    case 'reaction':
      return forge.react(message.remark, message.reaction, signal);
  }
}
