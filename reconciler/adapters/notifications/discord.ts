/** A channel of Discord, through a webhook: messages are sent with `wait`, so that their id is known, and edited. */
import { z } from 'zod';
import type { Notification } from '../../ports/notifier.ts';
import { type Clock, PortError, type Secret } from '../../ports.ts';
import type { Channel } from './channel-notifier.ts';
import { type Answered, type Delivery, deliver } from './delivery.ts';
import { cut } from './fitting.ts';
import { webAddress } from './web-address.ts';

export interface DiscordOptions {
  /** Address of the webhook, which is a secret: whoever has it can write. Read anew each time, as it may be rotated. */
  address(): Promise<Secret>;
  readonly clock: Clock;
  readonly attemptMs?: number;
}

const WHO = 'Discord';
const COLOURS = { good: 0x1a7f37, changing: 0xbf8700, bad: 0xcf222e } as const;
/** The message makes no sound (SUPPRESS_NOTIFICATIONS). */
const SILENT = 1 << 12;
/** What Discord takes, in characters; marks that are escaped count twice. */
const LONGEST = { title: 256, description: 4096 } as const;
const UNKNOWN_MESSAGE = 10_008;

const messageSchema = z.object({ id: z.string().regex(/^\d+$/) });
const errorSchema = z.object({ code: z.number() });

export class DiscordChannel implements Channel {
  readonly name = 'discord';
  readonly #options: DiscordOptions;

  constructor(options: DiscordOptions) {
    this.#options = options;
  }

  async post(notification: Notification, signal: AbortSignal): Promise<string | undefined> {
    const flags = notification.severity === 'quiet' ? { flags: SILENT } : {};
    const url = await this.#url('', [['wait', 'true']]);
    const body = { ...bodyOf(notification), ...flags };
    const answer = accepted(
      await this.#deliver(
        { method: 'POST', url, body, repeatable: notification.severity === 'loud' },
        signal,
      ),
    );
    return messageSchema.safeParse(answer.body).data?.id;
  }

  async edit(id: string, notification: Notification, signal: AbortSignal): Promise<boolean> {
    const url = await this.#url(`/messages/${id}`);
    const answer = await this.#deliver(
      { method: 'PATCH', url, body: bodyOf(notification), repeatable: true },
      signal,
    );
    if (isGone(answer)) return false;
    accepted(answer);
    return true;
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    const url = await this.#url(`/messages/${id}`);
    const answer = await this.#deliver({ method: 'DELETE', url, repeatable: true }, signal);
    if (!isGone(answer)) accepted(answer);
  }

  #deliver(delivery: Delivery, signal: AbortSignal): Promise<Answered> {
    return deliver(delivery, { ...this.#options, who: WHO }, signal);
  }

  /** The query of the address stays: `thread_id` names a thread of the channel. */
  async #url(path: string, query: readonly (readonly [string, string])[] = []): Promise<string> {
    const url = webAddress(await this.#options.address(), WHO);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`;
    for (const [name, value] of query) url.searchParams.set(name, value);
    return url.href;
  }
}

function isGone({ status, body }: Answered): boolean {
  return status === 404 && errorSchema.safeParse(body).data?.code === UNKNOWN_MESSAGE;
}

function accepted(answer: Answered): Answered {
  const { status } = answer;
  if (status >= 200 && status < 300) return answer;
  if (status === 401 || status === 403 || status === 404)
    throw new PortError('denied', `${WHO} does not know the webhook any more (status ${status})`);
  throw new PortError('refused', `${WHO} refuses the message (status ${status})`);
}

function bodyOf({ title, lines, tone, url }: Notification): object {
  return {
    embeds: [
      {
        title: literal(cut(title, LONGEST.title / 2)),
        description: literal(cut(lines.join('\n'), LONGEST.description / 2)),
        color: COLOURS[tone],
        ...(url === undefined ? {} : { url }),
      },
    ],
    // Whatever the text says, nobody is called by it.
    allowed_mentions: { parse: [] },
  };
}

/** Discord reads a kind of Markdown, and mentions. */
function literal(text: string): string {
  return text
    .replace(/[\\`*_~|>#[\]()<:-]/g, '\\$&')
    .replace(/@/g, '@\u200b')
    .replace(/(https?|www)(?=\\?[:.])/gi, '$1\u200b');
}
