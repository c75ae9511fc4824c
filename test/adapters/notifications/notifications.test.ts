/** Discord and Slack over a real socket: what is sent, edited and left, lost answers, limits, and the secret address. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ChannelNotifier } from '../../../reconciler/adapters/notifications/channel-notifier.ts';
import { DiscordChannel } from '../../../reconciler/adapters/notifications/discord.ts';
import { SlackBot, SlackWebhook } from '../../../reconciler/adapters/notifications/slack.ts';
import type { Notification } from '../../../reconciler/ports/notifier.ts';
import { type PortError, Secret, type StateStore } from '../../../reconciler/ports.ts';
import { ChatService, QuickClock } from './chat-service.ts';

const TOKEN = 'planted5ecret-token';

class Store implements StateStore {
  readonly files = new Map<string, string>();

  read(key: string): Promise<string | undefined> {
    return Promise.resolve(this.files.get(key));
  }

  write(key: string, content: string): Promise<void> {
    this.files.set(key, content);
    return Promise.resolve();
  }

  append(): Promise<void> {
    return Promise.reject(new Error('nothing is appended'));
  }
}

function message(more: Partial<Notification> = {}): Notification {
  return {
    key: 'plan/12/orders',
    title: 'orders: A fourth shard (ada)',
    severity: 'quiet',
    tone: 'changing',
    lines: ['Adds 2 nodes and moves 4,096 slots'],
    url: 'https://forge.example/ops/redis/pull/12',
    ...more,
  };
}

const signal = new AbortController().signal;
let service: ChatService;
let store: Store;
let clock: QuickClock;
let posted = 0;

beforeEach(async () => {
  posted = 0;
  store = new Store();
  clock = new QuickClock();
  service = await new ChatService(({ method }) => {
    if (method === 'DELETE') return { status: 204 };
    posted += 1;
    return { status: 200, body: { id: `${1000 + posted}`, ok: true, ts: `${1000 + posted}.1` } };
  }).start();
});

afterEach(() => service.stop());

function discord(path = `/api/webhooks/1/${TOKEN}`, attemptMs = 5_000): ChannelNotifier {
  const address = async (): Promise<Secret> => new Secret(`${service.address}${path}`);
  return new ChannelNotifier(new DiscordChannel({ address, clock, attemptMs }), store);
}

function slackBot(): ChannelNotifier {
  const token = async (): Promise<Secret> => new Secret(TOKEN);
  return new ChannelNotifier(new SlackBot({ token, channel: 'C1', api: service.address, clock }), store);
}

function slackWebhook(): ChannelNotifier {
  const address = async (): Promise<Secret> => new Secret(`${service.address}/services/${TOKEN}`);
  return new ChannelNotifier(new SlackWebhook({ address, clock }), store);
}

const calls = (): string[] =>
  service.asked.map(({ method, path }) => `${method} ${path.replace(TOKEN, 'T')}`);

async function failureOf(work: Promise<unknown>): Promise<PortError> {
  return work.then(
    () => expect.fail('it should have been refused'),
    (error: PortError) => error,
  );
}

describe('Discord', () => {
  test('one message per plan, edited along its life, also after a restart', async () => {
    await discord().notify(message(), signal);
    await discord().notify(message({ lines: ['4 of 12 steps done'] }), signal);
    await discord().notify(message({ lines: ['12 steps done'], tone: 'good' }), signal);
    expect(calls()).toEqual([
      'POST /api/webhooks/1/T?wait=true',
      'PATCH /api/webhooks/1/T/messages/1001',
      'PATCH /api/webhooks/1/T/messages/1001',
    ]);
  });

  test('what was said is not said again', async () => {
    const notifier = discord();
    await Promise.all([notifier.notify(message(), signal), notifier.notify(message(), signal)]);
    await discord().notify(message(), signal);
    expect(service.asked).toHaveLength(1);
  });

  test('quiet makes no sound, loud does, and nobody is called by what it says', async () => {
    const notifier = discord();
    await notifier.notify(message({ title: '@everyone [x](https://evil.example) **b**' }), signal);
    await notifier.notify(message({ key: 'other', severity: 'loud' }), signal);
    const [quiet, loud] = service.asked.map(({ body }) => body);
    expect([quiet?.['flags'], loud?.['flags']]).toEqual([4096, undefined]);
    expect(quiet?.['allowed_mentions']).toEqual({ parse: [] });
    const [embed] = quiet!['embeds'] as { title: string }[];
    expect(embed?.title).toBe('@\u200beveryone \\[x\\]\\(https\u200b\\://evil.example\\) \\*\\*b\\*\\*');
  });

  test('a failure is a new message that is heard, and the old one goes', async () => {
    const notifier = discord();
    await notifier.notify(message(), signal);
    await notifier.notify(message({ severity: 'loud', tone: 'bad', lines: ['Failed'] }), signal);
    await notifier.notify(message({ severity: 'loud', tone: 'bad', lines: ['Failed again'] }), signal);
    expect(calls().slice(1)).toEqual([
      'POST /api/webhooks/1/T?wait=true',
      'DELETE /api/webhooks/1/T/messages/1001',
      'PATCH /api/webhooks/1/T/messages/1002',
    ]);
  });

  test('a message that somebody removed is sent anew', async () => {
    const notifier = discord();
    await notifier.notify(message(), signal);
    service.replies.push({ status: 404, body: { code: 10_008, message: 'Unknown Message' } });
    await notifier.notify(message({ tone: 'good' }), signal);
    expect(calls().at(-1)).toBe('POST /api/webhooks/1/T?wait=true');
  });

  test('the thread of the address is kept', async () => {
    const notifier = discord(`/api/webhooks/1/${TOKEN}?thread_id=7`);
    await notifier.notify(message(), signal);
    await notifier.notify(message({ tone: 'good' }), signal);
    expect(calls()).toEqual([
      'POST /api/webhooks/1/T?thread_id=7&wait=true',
      'PATCH /api/webhooks/1/T/messages/1001?thread_id=7',
    ]);
  });

  test('a limit is waited for as long as is asked, in header or body', async () => {
    service.replies.push(
      { status: 429, headers: { 'retry-after': '2' } },
      { status: 429, body: { retry_after: 3.2 } },
    );
    await discord().notify(message(), signal);
    expect(clock.waits).toEqual([2000, 3200]);
    expect(service.asked).toHaveLength(3);
  });

  test('a limit of an hour is not waited for', async () => {
    service.replies.push({ status: 429, headers: { 'retry-after': '3600' } });
    const error = await failureOf(discord().notify(message(), signal));
    expect([error.code, error.retry]).toEqual(['refused', 'later']);
    // Nothing was said: it is said the next time.
    await discord().notify(message(), signal);
    expect(service.asked).toHaveLength(2);
  });

  for (const lost of ['reset', { status: 502 }] as const) {
    const how = lost === 'reset' ? 'a connection that breaks' : 'a server error';
    test(`a quiet message is never sent twice, whatever becomes of the answer: ${how}`, async () => {
      service.replies.push(lost);
      await discord().notify(message(), signal);
      await discord().notify(message(), signal);
      expect(service.asked).toHaveLength(1);
    });

    test(`a loud message is sent until it was certainly heard: ${how}`, async () => {
      service.replies.push(lost, lost);
      await discord().notify(message({ severity: 'loud' }), signal);
      expect(service.asked).toHaveLength(3);
      await discord().notify(message({ severity: 'loud' }), signal);
      expect(service.asked).toHaveLength(3);
    });

    test(`an edit can be said again: ${how}`, async () => {
      const notifier = discord();
      await notifier.notify(message(), signal);
      service.replies.push(lost);
      await notifier.notify(message({ tone: 'good' }), signal);
      expect(calls().slice(1)).toEqual(Array(2).fill('PATCH /api/webhooks/1/T/messages/1001'));
    });
  }

  test('each attempt has its own deadline', async () => {
    service.replies.push('hang', 'hang');
    await discord(undefined, 1_000).notify(message({ severity: 'loud' }), signal);
    expect(service.asked.length).toBeGreaterThanOrEqual(3);
  });

  test('a stop ends the wait for an answer', async () => {
    service.usual = () => 'hang';
    const stop = new AbortController();
    const work = discord(undefined, 60_000).notify(message(), stop.signal);
    await expect.poll(() => service.asked.length, { timeout: 10_000 }).toBe(1);
    stop.abort();
    expect((await failureOf(work)).code).toBe('aborted');
  });

  test('an answer that leads elsewhere is not followed', async () => {
    service.usual = () => ({ status: 302, headers: { location: `${service.address}/elsewhere` } });
    expect((await failureOf(discord().notify(message(), signal))).code).toBe('refused');
    expect(calls()).toEqual(['POST /api/webhooks/1/T?wait=true']);
  });

  test('nothing is longer than Discord takes', async () => {
    await discord().notify(
      message({ title: '*'.repeat(1000), lines: Array(100).fill('_'.repeat(300)) }),
      signal,
    );
    const [embed] = service.asked[0]!.body['embeds'] as { title: string; description: string }[];
    expect(embed?.title.length).toBeLessThanOrEqual(256);
    expect(embed?.description.length).toBeLessThanOrEqual(4096);
  });
});

describe('Slack with a bot', () => {
  test('one message, edited; a failure is a new one that calls', async () => {
    const notifier = slackBot();
    await notifier.notify(message(), signal);
    await notifier.notify(message({ lines: ['4 of 12 steps done'] }), signal);
    await notifier.notify(message({ severity: 'loud', tone: 'bad' }), signal);
    expect(calls()).toEqual([
      'POST /chat.postMessage',
      'POST /chat.update',
      'POST /chat.postMessage',
      'POST /chat.delete',
    ]);
    const [first, edit, failure, removed] = service.asked;
    expect(first?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(edit?.body).toMatchObject({ channel: 'C1', ts: '1001.1' });
    expect(JSON.stringify(first?.body)).not.toContain('<!here>');
    expect(JSON.stringify(failure?.body)).toContain('<!here>');
    expect(removed?.body).toMatchObject({ channel: 'C1', ts: '1001.1' });
  });

  test('words of other people are plain text', async () => {
    await slackBot().notify(
      message({ title: '<!channel> <https://evil.example|x>', lines: ['<@U1>'] }),
      signal,
    );
    const { text, blocks } = service.asked[0]!.body as {
      text: string;
      blocks: { type: string; text: { type: string } }[];
    };
    expect(text).not.toContain('<');
    const [header, section] = blocks;
    expect([header?.text.type, section?.text.type]).toEqual(['plain_text', 'plain_text']);
  });

  test('a message that is gone is sent anew; a refusal names its reason', async () => {
    const notifier = slackBot();
    await notifier.notify(message(), signal);
    service.replies.push({ status: 200, body: { ok: false, error: 'message_not_found' } });
    await notifier.notify(message({ tone: 'good' }), signal);
    expect(calls().at(-1)).toBe('POST /chat.postMessage');
    service.replies.push({ status: 200, body: { ok: false, error: 'invalid_auth' } });
    const error = await failureOf(notifier.notify(message({ key: 'other' }), signal));
    expect([error.code, error.message]).toEqual(['denied', 'Slack refuses the message: invalid_auth']);
  });

  test('an answer that is none is an error', async () => {
    service.replies.push({ status: 200, body: 'maintenance' });
    expect((await failureOf(slackBot().notify(message(), signal))).code).toBe('protocol');
  });
});

describe('Slack with an incoming webhook', () => {
  test('tells what is new in kind, because it cannot edit', async () => {
    const notifier = slackWebhook();
    await notifier.notify(message(), signal);
    await notifier.notify(message({ lines: ['4 of 12 steps done'] }), signal);
    await notifier.notify(message({ lines: ['8 of 12 steps done'] }), signal);
    await notifier.notify(message({ lines: ['12 steps done'], tone: 'good' }), signal);
    expect(calls()).toEqual(Array(2).fill('POST /services/T'));
  });
});

describe('the address', () => {
  const wrong: Readonly<Record<string, () => Promise<unknown>>> = {
    'a webhook that is gone': () => {
      service.replies.push({ status: 404, body: { code: 10_015, message: TOKEN } });
      return discord().notify(message(), signal);
    },
    'a refusal that repeats it': () => {
      service.replies.push({ status: 400, body: { message: `bad ${TOKEN}` } });
      return discord().notify(message(), signal);
    },
    'a server that is not there': async () => {
      const gone = await new ChatService(() => 'hang').start();
      const secret = new Secret(`${gone.address}/${TOKEN}`);
      await gone.stop();
      const address = async (): Promise<Secret> => secret;
      return new ChannelNotifier(new DiscordChannel({ address, clock }), store).notify(message(), signal);
    },
    'an address that is none': () => {
      const none = async (): Promise<Secret> => new Secret(`no address ${TOKEN}`);
      return new ChannelNotifier(new DiscordChannel({ address: none, clock }), store).notify(
        message(),
        signal,
      );
    },
    'an address without encryption': () => {
      const open = async (): Promise<Secret> => new Secret(`http://chat.example/${TOKEN}`);
      return new ChannelNotifier(new SlackWebhook({ address: open, clock }), store).notify(message(), signal);
    },
    'a Slack that answers with it': () => {
      service.replies.push({ status: 200, body: { ok: false, error: `oops ${TOKEN}` } });
      return slackBot().notify(message(), signal);
    },
  };

  for (const [name, work] of Object.entries(wrong)) {
    test(`is in no error: ${name}`, async () => {
      const error = await failureOf(work());
      expect(error.name).toBe('PortError');
      for (let one: unknown = error; one instanceof Error; one = one.cause)
        expect(`${one.message} ${one.stack} ${JSON.stringify(one)}`).not.toContain(TOKEN);
      expect([...store.files.values()].join()).not.toContain(TOKEN);
    });
  }
});
