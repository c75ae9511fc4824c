/**
 * Leases in a folder that all reconcilers of one machine share.
 *
 * A lease is a file named after its cluster and its epoch, made by a hard link: that fails when the name exists,
 * and the file is whole from its first moment. The highest epoch holds; taking over is making the next one, which
 * only one of several contenders can. The highest file is never removed, so that epochs never come again.
 */
import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Lease, type Leases, PortError } from '../../ports.ts';
import {
  fileError,
  flushFolder,
  isMissing,
  makeFolder,
  replaceFile,
  safeName,
  writeTemporary,
} from './durable-file.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';

export interface LeaseTiming {
  readonly heartbeatMs: number;
  /** A holder whose process cannot be looked at is gone when its heartbeat is older than that. */
  readonly staleMs: number;
}

const TIMING: LeaseTiming = { heartbeatMs: 2_000, staleMs: 15_000 };

interface LeaseRecord extends ProcessIdentity {
  readonly holder: string;
  readonly released: boolean;
}

export class FileLeases implements Leases {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #timing: LeaseTiming;

  constructor(directory: string, clock: Clock, timing: LeaseTiming = TIMING) {
    this.#directory = directory;
    this.#clock = clock;
    this.#timing = timing;
  }

  async acquire(cluster: string, holder: string): Promise<Lease> {
    try {
      await makeFolder(this.#directory);
      const own = await ownIdentity();
      const current = await this.#highest(cluster);
      if (current > 0) await this.#requireFree(cluster, current, own);
      const epoch = current + 1;
      const record: LeaseRecord = { ...own, holder, released: false };
      await this.#claim(cluster, epoch, record);
      return new HeldLease(this.#pathOf(cluster, epoch), epoch, record, this.#clock, this.#timing, () =>
        this.#highest(cluster),
      );
    } catch (cause) {
      throw fileError(this.#directory, cause);
    }
  }

  async #requireFree(cluster: string, epoch: number, own: ProcessIdentity): Promise<void> {
    const path = this.#pathOf(cluster, epoch);
    const record = await this.#read(path);
    if (record === undefined) throw takenMeanwhile(cluster);
    if (record.released) return;
    const alive = await isAlive(record, own);
    if (alive === 'no' || (alive === 'unknown' && (await this.#isStale(path)))) return;
    throw new PortError(
      'conflict',
      `cluster ${cluster} is held by ${record.holder} (process ${record.pid} on ${record.host}, epoch ${epoch})`,
      { retry: 'soon' },
    );
  }

  async #isStale(path: string): Promise<boolean> {
    try {
      return this.#clock.now() - (await stat(path)).mtimeMs > this.#timing.staleMs;
    } catch (cause) {
      if (isMissing(cause)) return false;
      throw cause;
    }
  }

  async #claim(cluster: string, epoch: number, record: LeaseRecord): Promise<void> {
    const path = this.#pathOf(cluster, epoch);
    const temporary = await writeTemporary(path, JSON.stringify(record), `-${randomUUID()}`);
    try {
      await link(temporary, path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
      throw takenMeanwhile(cluster);
    } finally {
      await unlink(temporary);
    }
    // Others may have gone on, and tidied away the very name that we have just made, while we looked at the old one.
    if ((await this.#highest(cluster)) > epoch) {
      await unlink(path).catch(() => undefined);
      throw takenMeanwhile(cluster);
    }
    await flushFolder(this.#directory);
    for (const old of await this.#epochs(cluster)) {
      if (old < epoch) await unlink(this.#pathOf(cluster, old)).catch(() => undefined);
    }
  }

  async #highest(cluster: string): Promise<number> {
    return Math.max(0, ...(await this.#epochs(cluster)));
  }

  async #epochs(cluster: string): Promise<number[]> {
    const prefix = `${safeName(cluster)}.`;
    const names = await readdir(this.#directory);
    return names
      .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
      .map((name) => Number(name.slice(prefix.length)));
  }

  async #read(path: string): Promise<LeaseRecord | undefined> {
    try {
      return JSON.parse(await readFile(path, 'utf8')) as LeaseRecord;
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw cause;
    }
  }

  #pathOf(cluster: string, epoch: number): string {
    return join(this.#directory, `${safeName(cluster)}.${epoch}`);
  }
}

class HeldLease implements Lease {
  readonly epoch: number;
  readonly #path: string;
  readonly #record: LeaseRecord;
  readonly #clock: Clock;
  readonly #timing: LeaseTiming;
  readonly #highest: () => Promise<number>;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #confirmedAt: number;

  constructor(
    path: string,
    epoch: number,
    record: LeaseRecord,
    clock: Clock,
    timing: LeaseTiming,
    highest: () => Promise<number>,
  ) {
    this.#path = path;
    this.epoch = epoch;
    this.#record = record;
    this.#clock = clock;
    this.#timing = timing;
    this.#highest = highest;
    this.#confirmedAt = clock.now();
    this.#timer = setInterval(() => void this.#beat(), timing.heartbeatMs).unref();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#lost.signal.aborted) return;
    try {
      if ((await this.#highest()) !== this.epoch) return;
      await replaceFile(this.#path, JSON.stringify({ ...this.#record, released: true }));
    } catch (cause) {
      throw fileError(this.#path, cause);
    }
  }

  async #beat(): Promise<void> {
    // We stop acting before anybody may take over: a process that was held up finds out here.
    if (this.#clock.now() - this.#confirmedAt > this.#timing.staleMs / 2) {
      this.#lose(`the lease of epoch ${this.epoch} could not be renewed in time`);
      return;
    }
    try {
      const now = this.#clock.now() / 1000;
      await utimes(this.#path, now, now);
      if ((await this.#highest()) !== this.epoch) throw new Error('another has it');
      this.#confirmedAt = this.#clock.now();
    } catch (cause) {
      const gone = isMissing(cause) || !(cause as NodeJS.ErrnoException).code;
      if (gone) this.#lose(`the lease of epoch ${this.epoch} was taken over`);
    }
  }

  #lose(reason: string): void {
    clearInterval(this.#timer);
    this.#lost.abort(new PortError('conflict', reason));
  }
}

function takenMeanwhile(cluster: string): PortError {
  return new PortError('conflict', `cluster ${cluster} was taken by another at the same moment`, {
    retry: 'soon',
  });
}
