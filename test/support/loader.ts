/**
 * A loader: writes to a real cluster and reads from it through whole changes, in a process of its own so that it
 * disturbs nobody, remembers every acknowledged write, and reads them all back.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type {
  FromLoader,
  LoadReport,
  LoadSettings,
  OwnerRanges,
  StartupNode,
  ToLoader,
} from './load/messages.ts';
import type { RealCluster } from './real-cluster.ts';
import { LOADER_PASSWORD } from './real-spec.ts';

const PROCESS = join(import.meta.dirname, 'load/loader-process.ts');

/** What is under way may take half a minute to end, and then everything is read back. */
const ANSWER_MS = 90_000;

export interface LoadOptions {
  /** Writes and reads per second, together. Two cores carry 1,000 beside everything else. */
  readonly rate?: number;
  /** Keys that are written again and again; every tenth write makes one more. */
  readonly keys?: number;
  readonly valueBytes?: number;
}

export class Loader {
  readonly #cluster: RealCluster;
  readonly #process: ChildProcess;
  readonly #heard: FromLoader[] = [];
  #listener: (() => void) | undefined;

  private constructor(cluster: RealCluster, settings: LoadSettings) {
    this.#cluster = cluster;
    this.#process = fork(PROCESS, [JSON.stringify(settings)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    const hear = (message: FromLoader): void => {
      this.#heard.push(message);
      this.#listener?.();
    };
    this.#process.on('message', (message) => hear(message as FromLoader));
    this.#process.on('exit', (code, signal) =>
      hear({ kind: 'failed', reason: `the loader ended with ${code ?? signal}` }),
    );
  }

  /** Starts a loader; when this returns, every key has been written once. It ends with the cluster at the latest. */
  static async start(cluster: RealCluster, options: LoadOptions = {}): Promise<Loader> {
    const { rate = 800, keys = 2000, valueBytes = 100 } = options;
    const loader = new Loader(cluster, {
      startupNodes: await endpoints(cluster),
      username: 'loader',
      password: LOADER_PASSWORD,
      rate,
      keys,
      valueBytes,
      seed: 20_250_101,
    });
    cluster.alsoRemove(async () => loader.stop());
    await loader.#expect('ready');
    return loader;
  }

  /** Measures through a change, then reads every key back that was ever acknowledged. */
  async during<T>(change: () => Promise<T>): Promise<{ readonly result: T; readonly load: LoadReport }> {
    this.#say({ kind: 'begin', owners: await this.#owners() });
    await this.#expect('began');
    const result = await change();
    this.#say({ kind: 'end', startupNodes: await endpoints(this.#cluster) });
    const { report } = await this.#expect('report');
    return { result, load: report };
  }

  stop(): void {
    this.#process.removeAllListeners();
    if (this.#process.connected) this.#say({ kind: 'quit' });
  }

  async #owners(): Promise<OwnerRanges> {
    const { live } = await this.#cluster.observe();
    return Object.fromEntries(
      (await this.#cluster.primaries()).map(({ node, ranges }) => [
        live.nodes[this.#cluster.node(node)]?.shard ?? node,
        ranges,
      ]),
    );
  }

  #say(message: ToLoader): void {
    this.#process.send(message);
  }

  async #expect<K extends FromLoader['kind']>(kind: K): Promise<Extract<FromLoader, { kind: K }>> {
    for (;;) {
      const message = this.#heard.shift();
      if (message?.kind === 'failed') throw new Error(message.reason);
      if (message?.kind === kind) return message as Extract<FromLoader, { kind: K }>;
      if (message !== undefined) continue;
      const deadline = AbortSignal.timeout(ANSWER_MS);
      await new Promise<void>((resolve) => {
        this.#listener = resolve;
        deadline.addEventListener('abort', () => resolve());
      });
      if (deadline.aborted) throw new Error(`the loader has not said "${kind}" within ${ANSWER_MS} ms`);
    }
  }
}

/** Where the nodes of the spec can be asked, as far as they run. */
async function endpoints(cluster: RealCluster): Promise<StartupNode[]> {
  const names = cluster.spec.nodes.map(({ name }) => cluster.short(name));
  const found = await Promise.allSettled(names.map((name) => cluster.endpoint(name)));
  return found
    .filter((result) => result.status === 'fulfilled')
    .map(({ value }) => value)
    .filter(({ host }) => host !== '');
}

/** A measurement on one line, for the output of a test run. */
export function inWords(load: LoadReport): string {
  const pauses = Object.entries(load.pauses).map(
    ([shard, { client, served }]) => `${shard} ${client}/${served}`,
  );
  const failed = Object.entries(load.failed).map(([words, count]) => `${count} x ${words}`);
  return [
    `${load.writes} writes and ${load.reads} reads in ${load.seconds.toFixed(1)} s`,
    `longest pause (client/served, ms): ${pauses.join(', ')}; own delay ${load.ownDelayMs}`,
    `failed: ${failed.join(', ') || 'none'}`,
    `lost: ${load.lost} of ${load.verified} keys read back`,
    ...(load.stale.length > 0 ? [`stale: ${load.stale.join(', ')}`] : []),
  ].join('; ');
}
