/** The process of a loader: writes and reads at a steady rate, whatever happens, and afterwards reads everything back. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import type { FromLoader, LoadReport, LoadSettings, OwnerRanges, StartupNode, ToLoader } from './messages.ts';
import { Probes } from './probe.ts';
import { Stopwatch } from './stopwatch.ts';
import { WrittenKeys } from './written-keys.ts';

const TICK_MS = 5;
/** Of a hundred operations so many read, and so many write a key for the first time. */
const READS = 35;
const FIRST_WRITES = 10;
/** How long the commands that are under way may take at the end. */
const DRAIN_MS = 30_000;
const READ_BACK_AT_ONCE = 400;

/** Counts of one measurement. */
class Tally {
  readonly begun = performance.now();
  readonly stopwatch: Stopwatch;
  writes = 0;
  reads = 0;
  readonly failed: Record<string, number> = {};
  readonly stale: string[] = [];

  constructor(owners: OwnerRanges) {
    this.stopwatch = new Stopwatch(owners);
  }

  fail(error: unknown): void {
    const words = String((error as Error).message).replaceAll(/\d+\.\d+\.\d+\.\d+:\d+/g, 'ADDRESS');
    this.failed[words] = (this.failed[words] ?? 0) + 1;
  }
}

class Load {
  readonly #settings: LoadSettings;
  readonly #cluster: Cluster;
  readonly #keys: WrittenKeys;
  readonly #probes: Probes;
  readonly #delay = monitorEventLoopDelay({ resolution: 5 });
  #tally = new Tally({});
  #random: number;
  #underway = 0;
  #writing = true;

  constructor(settings: LoadSettings) {
    this.#settings = settings;
    this.#random = settings.seed;
    this.#keys = new WrittenKeys(settings.keys, settings.valueBytes);
    this.#cluster = this.#connect(settings.startupNodes);
    this.#probes = new Probes(settings);
    this.#delay.enable();
  }

  /** As an application would: with ioredis' own settings for failures and redirections. */
  #connect(startupNodes: readonly StartupNode[]): Cluster {
    const { username, password } = this.#settings;
    const cluster = new Cluster([...startupNodes], { redisOptions: { username, password } });
    cluster.on('error', () => {});
    return cluster;
  }

  async run(): Promise<void> {
    let due = 0;
    let last = performance.now();
    for (;;) {
      await wait(TICK_MS);
      const now = performance.now();
      due = Math.min(due + ((now - last) / 1000) * this.#settings.rate, this.#settings.rate / 10);
      last = now;
      for (; due >= 1; due -= 1) if (this.#writing) this.#operate();
    }
  }

  /** Waits until every key has been written once. */
  async warmUp(): Promise<void> {
    for (let index = 0; index < this.#keys.rewritten; index += 1) {
      const write = this.#keys.rewrite(index);
      if (write !== undefined) void this.#write(write);
      if (index % 200 === 199) await this.#drain();
    }
    await this.#drain();
    const failures = Object.keys(this.#tally.failed);
    if (failures.length > 0) throw new Error(`the cluster cannot be written to: ${failures.join(', ')}`);
  }

  begin(owners: OwnerRanges): void {
    this.#tally = new Tally(owners);
    this.#served = new Stopwatch(owners);
    this.#probes.measureWith(this.#served);
    this.#delay.reset();
  }

  #served = new Stopwatch({});

  /** Stops writing, waits for what is under way, reads everything back, and goes on. */
  async end(startupNodes: readonly StartupNode[]): Promise<LoadReport> {
    this.#writing = false;
    const tally = this.#tally;
    const seconds = (performance.now() - tally.begun) / 1000;
    const ownDelayMs = Math.round(this.#delay.max / 1e6);
    const served = this.#served.longest();
    this.#probes.measureWith(undefined);
    await this.#drain();
    const client = tally.stopwatch.longest();
    const { verified, lost, lostKeys } = await this.#readBack(startupNodes);
    this.#tally = new Tally({});
    this.#writing = true;
    return {
      seconds,
      writes: tally.writes,
      reads: tally.reads,
      failed: tally.failed,
      stale: tally.stale,
      verified,
      lost,
      lostKeys,
      pauses: Object.fromEntries(
        Object.keys(client).map((shard) => [
          shard,
          { client: client[shard] ?? 0, served: served[shard] ?? 0 },
        ]),
      ),
      ownDelayMs,
    };
  }

  close(): void {
    this.#probes.close();
    this.#cluster.disconnect();
  }

  #operate(): void {
    const dice = this.#chance(100);
    const index = this.#chance(this.#keys.rewritten);
    if (dice < READS) void this.#read(index);
    else if (dice < READS + FIRST_WRITES) void this.#write(this.#keys.create());
    else {
      const write = this.#keys.rewrite(index);
      if (write !== undefined) void this.#write(write);
    }
  }

  async #write(write: ReturnType<WrittenKeys['create']>): Promise<void> {
    const tally = this.#tally;
    const stop = tally.stopwatch.start(write.key);
    this.#underway += 1;
    try {
      await this.#cluster.set(write.key, write.value);
      write.acknowledge();
      tally.writes += 1;
    } catch (error) {
      tally.fail(error);
    } finally {
      stop();
      write.end();
      this.#underway -= 1;
    }
  }

  async #read(index: number): Promise<void> {
    const tally = this.#tally;
    const read = this.#keys.read(index);
    const stop = tally.stopwatch.start(read.key);
    this.#underway += 1;
    try {
      const wrong = read.judge(await this.#cluster.get(read.key));
      tally.reads += 1;
      if (wrong !== undefined && tally.stale.length < 20) tally.stale.push(wrong);
    } catch (error) {
      tally.fail(error);
    } finally {
      stop();
      this.#underway -= 1;
    }
  }

  async #drain(): Promise<void> {
    const until = performance.now() + DRAIN_MS;
    while (this.#underway > 0) {
      if (performance.now() > until) throw new Error(`${this.#underway} commands have no answer after 30 s`);
      await wait(TICK_MS);
    }
  }

  /** By a client of its own, so that what is judged is what anybody would find. */
  async #readBack(
    startupNodes: readonly StartupNode[],
  ): Promise<Pick<LoadReport, 'verified' | 'lost' | 'lostKeys'>> {
    const cluster = this.#connect(startupNodes);
    const lostKeys: string[] = [];
    let lost = 0;
    let verified = 0;
    const keys = this.#keys.all();
    const reader = async (): Promise<void> => {
      for (const { key, judge } of keys) {
        const loss = judge(await cluster.get(key));
        verified += 1;
        if (loss === undefined) continue;
        lost += loss.writes;
        if (lostKeys.length < 20) lostKeys.push(loss.words);
      }
    };
    try {
      await Promise.all(Array.from({ length: READ_BACK_AT_ONCE }, reader));
    } finally {
      cluster.disconnect();
    }
    return { verified, lost, lostKeys };
  }

  /** A small generator of its own: the same seed loads in the same order. */
  #chance(below: number): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#random / 2 ** 32) * below);
  }
}

const settings = JSON.parse(process.argv[2] ?? '') as LoadSettings;
const load = new Load(settings);
const say = (message: FromLoader): unknown => process.send?.(message);
const fail = (error: unknown): void => {
  say({ kind: 'failed', reason: String((error as Error).stack ?? error) });
};

process.on('message', (message: ToLoader) => {
  if (message.kind === 'begin') {
    load.begin(message.owners);
    say({ kind: 'began' });
  } else if (message.kind === 'end') {
    load.end(message.startupNodes).then((report) => say({ kind: 'report', report }), fail);
  } else {
    load.close();
    process.exit(0);
  }
});
// The test is gone: nobody will ever ask for a report.
process.on('disconnect', () => process.exit(0));

load.warmUp().then(() => {
  say({ kind: 'ready' });
  return load.run();
}, fail);
