/**
 * How long nobody accepts writes to a slot, told without a cluster client's habits: each probe writes one key every
 * few milliseconds, follows redirections at once, and asks every member in turn when its owner does not answer.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { keySlot } from '../key-slot.ts';
import type { LoadSettings } from './messages.ts';
import type { Stopwatch } from './stopwatch.ts';

/** Evenly over all slots, so that whatever moves or dies is met by some of them. */
const PROBES = 16;
const EVERY_MS = 20;
/** An owner may take so long before others are asked beside it. */
const PATIENCE_MS = 10;
/** Between two questions while nobody accepts. */
const AGAIN_MS = 3;
/** A question is given up after so long. */
const SILENT_MS = 400;

export class Probes {
  readonly #settings: LoadSettings;
  readonly #links = new Map<string, Redis>();
  #members: string[];
  #stopwatch: Stopwatch | undefined;
  #on = true;

  constructor(settings: LoadSettings) {
    this.#settings = settings;
    this.#members = settings.startupNodes.map(({ host, port }) => `${host}:${port}`);
    for (const key of probeKeys()) void this.#run(key);
    void this.#learn();
  }

  measureWith(stopwatch: Stopwatch | undefined): void {
    this.#stopwatch = stopwatch;
  }

  close(): void {
    this.#on = false;
    for (const link of this.#links.values()) link.disconnect();
  }

  async #run(key: string): Promise<void> {
    let owner = this.#members[0] as string;
    while (this.#on) {
      const begun = performance.now();
      const stop = this.#stopwatch?.start(key);
      owner = await this.#write(key, owner);
      stop?.();
      await wait(Math.max(0, EVERY_MS - (performance.now() - begun)));
    }
  }

  /** Writes the key wherever that is possible. @returns who accepted it. */
  async #write(key: string, owner: string): Promise<string> {
    const accepted = Promise.withResolvers<string>();
    const asked = new Set<string>();
    let answered = false;
    const ask = async (at: string): Promise<void> => {
      if (answered || asked.has(at)) return;
      asked.add(at);
      const answer = await this.#ask(at, key);
      asked.delete(at);
      if (answer === 'accepted') {
        answered = true;
        accepted.resolve(at);
      } else if (answer.startsWith('MOVED ')) await ask(answer.split(' ')[2] as string);
    };
    void ask(owner);
    void this.#askAround(
      ask,
      () => answered || !this.#on,
      () => accepted.resolve(owner),
    );
    return accepted.promise;
  }

  /** An owner that does not answer at once may be dead: whoever takes over is found without waiting for it. */
  async #askAround(ask: (at: string) => Promise<void>, over: () => boolean, end: () => void): Promise<void> {
    await wait(PATIENCE_MS);
    for (let turn = 0; !over(); turn += 1) {
      void ask(this.#members[turn % this.#members.length] as string);
      await wait(AGAIN_MS);
    }
    end();
  }

  async #ask(address: string, key: string): Promise<string> {
    const silence = new AbortController();
    try {
      return await Promise.race([
        this.#link(address)
          .set(key, '1')
          .then(() => 'accepted'),
        wait(SILENT_MS, 'silent', { signal: silence.signal }),
      ]);
    } catch (error) {
      const { message } = error as Error;
      if (/clos|ECONN|EHOST|timed? ?out|ended/i.test(message)) this.#drop(address);
      return message;
    } finally {
      silence.abort();
    }
  }

  #link(address: string): Redis {
    const known = this.#links.get(address);
    if (known !== undefined) return known;
    const [host, port] = address.split(':') as [string, string];
    const link = new Redis({
      host,
      port: Number(port),
      username: this.#settings.username,
      password: this.#settings.password,
      retryStrategy: () => null,
      connectTimeout: SILENT_MS,
      maxRetriesPerRequest: 0,
    });
    link.on('error', () => this.#drop(address, link));
    link.on('end', () => this.#drop(address, link));
    this.#links.set(address, link);
    return link;
  }

  #drop(address: string, link = this.#links.get(address)): void {
    if (link === undefined || this.#links.get(address) !== link) return;
    this.#links.delete(address);
    link.disconnect();
  }

  /** Keeps the list of members up to date: nodes come and go in a change. */
  async #learn(): Promise<void> {
    while (this.#on) {
      for (const address of this.#members) {
        const nodes = await this.#link(address)
          .call('CLUSTER', 'NODES')
          .catch(() => undefined);
        if (nodes === undefined) continue;
        const members = String(nodes)
          .split('\n')
          .filter((line) => line !== '' && !line.includes('noaddr') && !line.includes('handshake'))
          .map((line) => (line.split(' ')[1] as string).split('@')[0] as string);
        if (members.length > 1) this.#members = members;
        break;
      }
      await wait(100);
    }
  }
}

/** One key in the middle of each sixteenth of the slots. */
function probeKeys(): string[] {
  const share = 16384 / PROBES;
  const keys: string[] = [];
  for (let index = 0; keys.filter((key) => key !== undefined).length < PROBES; index += 1) {
    const key = `probe:${index}`;
    const sixteenth = Math.floor(keySlot(key) / share);
    const middle = (sixteenth + 0.5) * share;
    if (keys[sixteenth] === undefined && Math.abs(keySlot(key) - middle) < share / 8) keys[sixteenth] = key;
  }
  return keys;
}
