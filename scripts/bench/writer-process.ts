/**
 * The process of a writer: as many writes per second as a cluster client can make that sends them in batches, follows
 * redirections, and does little else. On two cores a full client would need one of them for itself.
 */
import { createConnection, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { FromWriter, ToWriter, WriterReport, WriterSettings } from './writer-messages.ts';

const TICK_MS = 4;
/** Writes that may wait for an answer of one server; beyond that the rate falls. */
const QUEUE = 4_000;

interface Sent {
  readonly slot: number;
  readonly number: number;
  /** When the write was first tried. */
  readonly since: number;
}

/** An answer that is no write's: to AUTH, or to ASKING. */
const ASIDE = undefined;

class Link {
  readonly queue: (Sent | typeof ASIDE)[] = [];
  readonly #socket: Socket;
  #out = '';
  #rest = '';

  constructor(
    address: string,
    { username, password }: WriterSettings,
    heard: (line: string, sent: Sent) => void,
  ) {
    const colon = address.lastIndexOf(':');
    this.#socket = createConnection({
      host: address.slice(0, colon),
      port: Number(address.slice(colon + 1)),
      noDelay: true,
    });
    this.#socket.setEncoding('latin1');
    this.#socket.on('error', (error) => fail(new Error(`${address}: ${error.message}`)));
    this.#socket.on('close', () => fail(new Error(`${address} has closed the connection`)));
    this.#socket.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\r\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        const sent = this.queue.shift();
        if (sent !== ASIDE) heard(line, sent);
        else if (!line.startsWith('+')) fail(new Error(`${address}: ${line}`));
      }
    });
    this.say(ASIDE, 'AUTH', username, password);
  }

  say(sent: Sent | typeof ASIDE, ...words: string[]): void {
    this.queue.push(sent);
    this.#out += `*${words.length}\r\n`;
    for (const word of words) this.#out += `$${word.length}\r\n${word}\r\n`;
  }

  flush(): void {
    if (this.#out !== '') this.#socket.write(this.#out, 'latin1');
    this.#out = '';
  }
}

class Writer {
  readonly #settings: WriterSettings;
  readonly #links = new Map<string, Link>();
  readonly #owner: Link[];
  readonly #last: number[];
  readonly #acknowledged: number[];
  #begun = performance.now();
  #writes = 0;
  #longestMs = 0;
  #on = true;
  #next = 0;

  constructor(settings: WriterSettings) {
    this.#settings = settings;
    const links = settings.members.map((address) => this.#link(address));
    this.#owner = settings.keys.map((_, slot) => links[slot % links.length] as Link);
    this.#last = settings.keys.map(() => 0);
    this.#acknowledged = settings.keys.map(() => 0);
  }

  async run(): Promise<void> {
    const { rate, keys } = this.#settings;
    let due = 0;
    let last = performance.now();
    for (;;) {
      await wait(TICK_MS);
      const now = performance.now();
      due = Math.min(due + ((now - last) / 1000) * rate, rate / 20);
      last = now;
      for (; due >= 1 && this.#on; due -= 1) {
        // A prime step: neighbours in time are far apart in the slots.
        this.#next = (this.#next + 7919) % keys.length;
        if ((this.#owner[this.#next] as Link).queue.length < QUEUE) this.#write(this.#next, now);
      }
      for (const link of this.#links.values()) link.flush();
    }
  }

  begin(): void {
    this.#begun = performance.now();
    this.#writes = 0;
    this.#longestMs = 0;
  }

  /** Waits for the answers to everything that was sent; goes on writing afterwards. */
  async end(): Promise<WriterReport> {
    this.#on = false;
    const seconds = (performance.now() - this.#begun) / 1000;
    const writes = this.#writes;
    while ([...this.#links.values()].some(({ queue }) => queue.length > 0)) await wait(TICK_MS);
    this.#on = true;
    return { seconds, writes, longestMs: this.#longestMs, acknowledged: [...this.#acknowledged] };
  }

  #link(address: string): Link {
    const known = this.#links.get(address);
    if (known !== undefined) return known;
    const link = new Link(address, this.#settings, (line, sent) => this.#hear(line, sent));
    this.#links.set(address, link);
    return link;
  }

  /** Each try of a write has a number of its own: what was sent first may be redirected, and come last. */
  #write(slot: number, since: number, link = this.#owner[slot] as Link): void {
    const number = (this.#last[slot] as number) + 1;
    this.#last[slot] = number;
    const value = `${number};`.padEnd(this.#settings.valueBytes, '.');
    link.say({ slot, number, since }, 'SET', this.#settings.keys[slot] as string, value);
  }

  #hear(line: string, { slot, number, since }: Sent): void {
    if (line === '+OK') {
      this.#writes += 1;
      this.#longestMs = Math.max(this.#longestMs, performance.now() - since);
      this.#acknowledged[slot] = Math.max(this.#acknowledged[slot] as number, number);
      return;
    }
    const [error, , address = ''] = line.split(' ');
    if (error === '-MOVED') {
      this.#owner[slot] = this.#link(address);
      this.#write(slot, since);
    } else if (error === '-ASK') {
      const link = this.#link(address);
      link.say(ASIDE, 'ASKING');
      this.#write(slot, since, link);
    } else if (error === '-TRYAGAIN') this.#write(slot, since);
    else fail(new Error(line));
  }
}

function say(message: FromWriter): void {
  process.send?.(message);
}

function fail(error: unknown): void {
  say({ kind: 'failed', reason: String((error as Error).stack ?? error) });
}

process.once('message', (settings: WriterSettings) => {
  const writer = new Writer(settings);
  process.on('message', (message: ToWriter) => {
    if (message === 'quit') process.exit(0);
    if (message === 'end') writer.end().then((report) => say({ kind: 'report', report }), fail);
    if (message !== 'begin') return;
    writer.begin();
    say({ kind: 'began' });
  });
  writer.run().catch(fail);
  say({ kind: 'ready' });
});
process.on('disconnect', () => process.exit(0));
