/** Writes to a cluster at a high rate, in a process of its own, and proves that none was lost. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { SLOT_COUNT } from '../../reconciler/model/slots.ts';
import type { RealCluster } from '../../test/support/real-cluster.ts';
import { LOADER_PASSWORD } from '../../test/support/real-spec.ts';
import { keyIn, VALUE_BYTES } from './many-keys.ts';
import type { FromWriter, ToWriter, WriterReport, WriterSettings } from './writer-messages.ts';

const PROCESS = join(import.meta.dirname, 'writer-process.ts');
const ANSWER_MS = 60_000;
const KEYS = Array.from({ length: SLOT_COUNT }, (_, slot) => keyIn(slot, 'write'));

export class Writer {
  readonly #cluster: RealCluster;
  readonly #process: ChildProcess;
  #failure: string | undefined;

  private constructor(cluster: RealCluster) {
    this.#cluster = cluster;
    this.#process = fork(PROCESS, { execArgv: ['--disable-warning=ExperimentalWarning'] });
    this.#process.on('message', (message: FromWriter) => {
      if (message.kind === 'failed') this.#failure ??= message.reason;
    });
  }

  /** Starts writing; it ends with the cluster at the latest. @param rate writes per second that are tried for. */
  static async start(cluster: RealCluster, rate: number): Promise<Writer> {
    const writer = new Writer(cluster);
    cluster.alsoRemove(async () => writer.#process.kill());
    const members = await Promise.all(
      (await cluster.primaries()).map(async ({ node }) => {
        const { host, port } = await cluster.endpoint(node);
        return `${host}:${port}`;
      }),
    );
    const settings: WriterSettings = {
      members,
      username: 'loader',
      password: LOADER_PASSWORD,
      rate,
      valueBytes: VALUE_BYTES,
      keys: KEYS,
    };
    await writer.#ask(settings, 'ready');
    return writer;
  }

  /** Measures through a piece of work. @throws Error when a write failed, or one that was acknowledged is gone. */
  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly report: WriterReport }> {
    await this.#ask('begin', 'began');
    const result = await work();
    const { report } = await this.#ask('end', 'report');
    return { result, report };
  }

  async stop(): Promise<void> {
    this.#process.kill();
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit');
  }

  /** @throws Error when a key tells an older write than was acknowledged. */
  async mustHold({ acknowledged }: WriterReport): Promise<void> {
    for (const { node, ranges } of await this.#cluster.primaries()) {
      const client = await this.#cluster.client(node);
      for (const [first, last] of ranges) {
        const pipeline = client.pipeline();
        for (let slot = first; slot <= last; slot += 1) pipeline.get(KEYS[slot] as string);
        const values = (await pipeline.exec()) ?? [];
        const lost = values.findIndex(
          ([, value], at) => Number.parseInt(String(value ?? 0), 10) < (acknowledged[first + at] as number),
        );
        if (lost >= 0) throw new Error(`${node} has lost a write to slot ${first + lost}`);
      }
      client.disconnect();
    }
  }

  async #ask<K extends FromWriter['kind']>(
    message: ToWriter | WriterSettings,
    kind: K,
  ): Promise<Extract<FromWriter, { kind: K }>> {
    const answer = once(this.#process, 'message', { signal: AbortSignal.timeout(ANSWER_MS) });
    this.#process.send(message);
    const [heard] = (await answer) as [FromWriter];
    if (this.#failure !== undefined) throw new Error(this.#failure);
    if (heard.kind !== kind) throw new Error(`the writer said ${heard.kind} instead of ${kind}`);
    return heard as Extract<FromWriter, { kind: K }>;
  }
}
