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
import type { Notification, Notifier } from '../../ports/notifier.ts';

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
  | { readonly kind: 'reaction'; readonly remark: Remark; readonly reaction: Reaction }
  /** For channels, not for the forge. */
  | { readonly kind: 'notification'; readonly notification: Notification };

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
    case 'notification':
      return `notification/${message.notification.key}`;
  }
}

/** Equal for messages that say the same, however urgent they are. */
export function digestOf(message: Message): string {
  const said = message.kind === 'comment' ? { ...message, urgency: undefined } : message;
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url');
}

/** What the forge has no place for is not sent there. @throws PortError */
export async function sendTo(forge: Forge, message: Message, signal: AbortSignal): Promise<void> {
  switch (message.kind) {
    case 'comment': {
      const { pullRequest, key, body, urgency } = message;
      return forge.ensureComment(pullRequest, key, body, signal, urgency);
    }
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
    case 'notification':
      return;
  }
}

/** @throws PortError */
export async function notifyBy(notifier: Notifier, message: Message, signal: AbortSignal): Promise<void> {
  if (message.kind === 'notification') await notifier.notify(message.notification, signal);
}
