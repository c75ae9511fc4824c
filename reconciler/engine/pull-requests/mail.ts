/** All that is said outside: one outbox for the forge and one for each channel, so that none waits for another. */
import type { Forge } from '../../ports/forge.ts';
import type { Notifier } from '../../ports/notifier.ts';
import type { Ports } from '../cluster.ts';
import { type Message, notifyBy, sendTo } from './message.ts';
import { Outbox, type OutboxTrouble } from './outbox.ts';

export class Mail {
  readonly #forge: Outbox;
  readonly #channels: readonly Outbox[];

  private constructor(forge: Outbox, channels: readonly Outbox[]) {
    this.#forge = forge;
    this.#channels = channels;
  }

  /** @throws PortError */
  static async open(
    forge: Forge,
    notifiers: readonly Notifier[],
    { store, clock }: Ports,
    report: (trouble: OutboxTrouble) => void,
  ): Promise<Mail> {
    const shared = { store, clock, report };
    return new Mail(
      await Outbox.open({
        ...shared,
        key: 'pull-requests/outbox.jsonl',
        send: (message, signal) => sendTo(forge, message, signal),
      }),
      await Promise.all(
        notifiers.map((notifier) =>
          Outbox.open({
            ...shared,
            key: `notifications/${notifier.name}.jsonl`,
            send: (message, signal) => notifyBy(notifier, message, signal),
          }),
        ),
      ),
    );
  }

  /**
   * Once it returns the messages will be said, whatever happens to this process.
   * @param spacingMs least time since the last word under the same key, for what is only progress.
   * @throws PortError
   */
  async put(messages: readonly Message[], spacingMs = 0): Promise<void> {
    const notices = messages.filter(({ kind }) => kind === 'notification');
    await this.#forge.put(
      messages.filter(({ kind }) => kind !== 'notification'),
      spacingMs,
    );
    for (const channel of this.#channels) await channel.put(notices, spacingMs);
  }

  /** Says what is due, until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#forge, ...this.#channels].map((outbox) => outbox.run(signal)));
  }
}
