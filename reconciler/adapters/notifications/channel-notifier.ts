/** One message for each thing, edited along its life: what to send, what to edit and what to leave, for any channel. */
import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import type { Notification, Notifier } from '../../ports/notifier.ts';
import type { StateStore } from '../../ports.ts';
import { LostAnswer } from './delivery.ts';
import { type KnownMessage, MessageBook } from './message-book.ts';

/** What a chat service can do. Every call rejects with a `PortError` only. */
export interface Channel {
  readonly name: string;
  /** @returns the id of the message, undefined where the service tells none. @throws LostAnswer */
  post(notification: Notification, signal: AbortSignal): Promise<string | undefined>;
  /** Missing where messages cannot be edited. @returns false when the message is gone. */
  edit?(id: string, notification: Notification, signal: AbortSignal): Promise<boolean>;
  remove?(id: string, signal: AbortSignal): Promise<void>;
}

export class ChannelNotifier implements Notifier {
  readonly name: string;
  readonly #channel: Channel;
  readonly #book: MessageBook;
  /** One at a time: what was said last must be what is read last. */
  readonly #inTurn = pLimit(1);

  constructor(channel: Channel, store: StateStore) {
    this.name = channel.name;
    this.#channel = channel;
    this.#book = new MessageBook(store, channel.name);
  }

  notify(notification: Notification, signal: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#notify(notification, signal));
  }

  async #notify(notification: Notification, signal: AbortSignal): Promise<void> {
    const { key, severity, tone } = notification;
    const digest = createHash('sha256').update(JSON.stringify(notification)).digest('hex');
    const before = await this.#book.get(key);
    if (before?.digest === digest) return;
    const said = { digest, severity, tone };
    const rings = isLouder(notification, before);
    if (before?.id !== undefined && !rings) {
      if (await this.#channel.edit?.(before.id, notification, signal)) {
        await this.#book.put(key, { ...said, id: before.id });
        return;
      }
    } else if (before !== undefined && !rings && this.#channel.edit === undefined && before.tone === tone) {
      // Where nothing can be edited, each step of the way would be a message of its own.
      return;
    }
    await this.#post(notification, before, said, signal);
    // An edit makes no sound: what has to be heard is a new message, and the old one goes.
    if (before?.id !== undefined && rings) await this.#channel.remove?.(before.id, signal);
  }

  /**
   * What is quiet is written down before it is said: whoever dies in between does not say it twice, and an answer that
   * is lost counts as one. What is loud is written down once it was heard for certain.
   */
  async #post(
    notification: Notification,
    before: KnownMessage | undefined,
    said: KnownMessage,
    signal: AbortSignal,
  ): Promise<void> {
    const { key, severity } = notification;
    if (severity === 'quiet') await this.#book.put(key, said);
    try {
      const id = await this.#channel.post(notification, signal);
      await this.#book.put(key, { ...said, ...(id === undefined ? {} : { id }) });
    } catch (error) {
      if (error instanceof LostAnswer && severity === 'quiet') return;
      await this.#book.restore(key, before);
      throw error;
    }
  }
}

/** Whether people have to be called who were not called yet, or not because of this. */
function isLouder({ severity, tone }: Notification, before: KnownMessage | undefined): boolean {
  if (before === undefined || severity === 'quiet') return false;
  return before.severity === 'quiet' || (tone === 'bad' && before.tone !== 'bad');
}
