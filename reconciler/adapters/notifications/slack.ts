/**
 * A channel of Slack. With the token of a bot messages are edited; an incoming webhook can only send, so that through
 * one only what is new in kind is told.
 */
import { z } from 'zod';
import type { Notification } from '../../ports/notifier.ts';
import { type Clock, PortError, type Secret } from '../../ports.ts';
import type { Channel } from './channel-notifier.ts';
import { type Answered, type DeliveryOptions, deliver } from './delivery.ts';
import { cut } from './fitting.ts';
import { webAddress } from './web-address.ts';

const WHO = 'Slack';
const SIGNS = { good: '✅', changing: '📝', bad: '⛔' } as const;
/** What Slack takes, in characters. */
const LONGEST = { header: 150, section: 3000, fallback: 4000 } as const;

interface Common {
  readonly clock: Clock;
  readonly attemptMs?: number;
}

export interface SlackWebhookOptions extends Common {
  /** Address of the incoming webhook, which is a secret. */
  address(): Promise<Secret>;
}

/** An incoming webhook. */
export class SlackWebhook implements Channel {
  readonly name = 'slack';
  readonly #options: SlackWebhookOptions;

  constructor(options: SlackWebhookOptions) {
    this.#options = options;
  }

  async post(notification: Notification, signal: AbortSignal): Promise<undefined> {
    const url = webAddress(await this.#options.address(), WHO).href;
    const repeatable = notification.severity === 'loud';
    const delivery = { method: 'POST', url, body: bodyOf(notification), repeatable } as const;
    const { status } = await deliver(delivery, deliveryOptions(this.#options), signal);
    if (status >= 200 && status < 300) return undefined;
    throw status === 403 || status === 404 || status === 410
      ? new PortError('denied', `${WHO} does not know the webhook any more (status ${status})`)
      : new PortError('refused', `${WHO} refuses the message (status ${status})`);
  }
}

export interface SlackBotOptions extends Common {
  token(): Promise<Secret>;
  /** Id of the channel. */
  readonly channel: string;
  /** `https://slack.com/api` unless a test says otherwise. */
  readonly api?: string;
}

/** What each answer has; `ok` false comes with status 200. */
const answerSchema = z.object({ ok: z.boolean(), error: z.string().optional(), ts: z.string().optional() });

const GONE: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);
const DENIED = /auth|token|scope|account|permission|not_in_channel|channel_not_found|is_archived/;

/** A bot, with the scope `chat:write`. */
export class SlackBot implements Channel {
  readonly name = 'slack';
  readonly #options: SlackBotOptions;

  constructor(options: SlackBotOptions) {
    this.#options = options;
  }

  async post(notification: Notification, signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#call(
      'chat.postMessage',
      bodyOf(notification),
      notification.severity === 'loud',
      signal,
    );
    return accepted(answer).ts;
  }

  async edit(id: string, notification: Notification, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#call('chat.update', { ...bodyOf(notification), ts: id }, true, signal);
    if (!answer.ok && GONE.has(answer.error ?? '')) return false;
    accepted(answer);
    return true;
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    const answer = await this.#call('chat.delete', { ts: id }, true, signal);
    if (answer.ok || GONE.has(answer.error ?? '')) return;
    accepted(answer);
  }

  async #call(
    method: string,
    body: object,
    repeatable: boolean,
    signal: AbortSignal,
  ): Promise<z.output<typeof answerSchema>> {
    const { api = 'https://slack.com/api', channel } = this.#options;
    const token = (await this.#options.token()).reveal().trim();
    const answer = await deliver(
      {
        method: 'POST',
        url: `${api}/${method}`,
        headers: { authorization: `Bearer ${token}` },
        body: { ...body, channel },
        repeatable,
      },
      deliveryOptions(this.#options),
      signal,
    );
    return understood(answer);
  }
}

function deliveryOptions({ clock, attemptMs }: Common): DeliveryOptions {
  return { clock, who: WHO, ...(attemptMs === undefined ? {} : { attemptMs }) };
}

function understood({ status, body }: Answered): z.output<typeof answerSchema> {
  const answer = answerSchema.safeParse(body);
  if (!answer.success)
    throw new PortError('protocol', `${WHO} answers with status ${status}, and not as it should`);
  return answer.data;
}

function accepted(answer: z.output<typeof answerSchema>): z.output<typeof answerSchema> {
  if (answer.ok) return answer;
  // Its errors are words of a fixed list; anything else is not repeated.
  const error = /^[a-z_]{1,60}$/.test(answer.error ?? '') ? (answer.error ?? '') : 'an unknown error';
  throw new PortError(DENIED.test(error) ? 'denied' : 'refused', `${WHO} refuses the message: ${error}`);
}

/** Plain text wherever Slack takes it: then nothing in it is a mention or a link. */
function bodyOf({ title, lines, tone, url, severity }: Notification): object {
  const header = `${SIGNS[tone]} ${title}`;
  const link = url !== undefined && /^https?:\/\/[^\s<>|]+$/.test(url) ? url : undefined;
  return {
    text: cut(literal(`${header}: ${lines[0] ?? ''}`), LONGEST.fallback),
    mrkdwn: false,
    link_names: false,
    unfurl_links: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(header, LONGEST.header), emoji: false } },
      ...(lines.length === 0
        ? []
        : [{ type: 'section', text: { type: 'plain_text', text: cut(lines.join('\n'), LONGEST.section) } }]),
      ...(severity === 'loud' ? [{ type: 'context', elements: [{ type: 'mrkdwn', text: '<!here>' }] }] : []),
      ...(link === undefined
        ? []
        : [{ type: 'section', text: { type: 'mrkdwn', text: `<${link}|Read more>` } }]),
    ],
  };
}

/** The three characters that mean something to Slack everywhere. */
function literal(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
