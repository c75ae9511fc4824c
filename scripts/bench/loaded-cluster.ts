/** A cluster of three shards with keys and with clients, and what clients notice of what happens to it. */
import type { LoadReport } from '../../test/support/load/messages.ts';
import { Loader } from '../../test/support/loader.ts';
import { RealCluster } from '../../test/support/real-cluster.ts';
import type { RealShape } from '../../test/support/real-spec.ts';
import { makeKeys } from './many-keys.ts';

const FORM_MS = 120_000;
const KEYS = 100_000;

export interface LoadedCluster {
  readonly cluster: RealCluster;
  readonly loader: Loader;
}

/** Makes it, lends it and removes it, whatever happens. */
export async function withLoadedCluster<T>(
  signal: AbortSignal,
  shape: RealShape,
  use: (loaded: LoadedCluster) => Promise<T>,
): Promise<T> {
  const cluster = await RealCluster.create(shape);
  try {
    await mustConverge(cluster, AbortSignal.any([signal, AbortSignal.timeout(FORM_MS)]));
    await makeKeys(cluster, KEYS, signal);
    return await use({ cluster, loader: await Loader.start(cluster) });
  } finally {
    await cluster.remove();
  }
}

export async function mustConverge(cluster: RealCluster, signal: AbortSignal): Promise<void> {
  const { status } = await cluster.converge(() => {}, signal);
  signal.throwIfAborted();
  if (status !== 'converged') throw new Error(`RedisForge ended ${status}`);
}

/**
 * The longest pause in milliseconds, of one shard or of all, as a plain cluster client had it.
 * @throws Error when a command failed or, unless a crash excuses it, an acknowledged write is gone.
 */
export function clientPause(load: LoadReport, shard?: string): number {
  mustBeWhole(load);
  if (load.lost > 0) throw new Error(`lost writes: ${load.lostKeys.join(', ')}`);
  return longest(load, shard, ({ client }) => client);
}

/** How long nobody accepted writes to a shard, in milliseconds. @throws Error when a command failed. */
export function unservedPause(load: LoadReport, shard: string): number {
  mustBeWhole(load);
  return longest(load, shard, ({ served }) => served);
}

function longest(
  { pauses }: LoadReport,
  shard: string | undefined,
  of: (pause: LoadReport['pauses'][string]) => number,
): number {
  const some = Object.entries(pauses).filter(([name]) => shard === undefined || name === shard);
  if (some.length === 0) throw new Error(`nothing was written to ${shard}`);
  return Math.max(...some.map(([, pause]) => of(pause)));
}

function mustBeWhole({ failed, stale }: LoadReport): void {
  const words = [...Object.entries(failed).map(([error, count]) => `${count} x ${error}`), ...stale];
  if (words.length > 0) throw new Error(`clients saw ${words.join(', ')}`);
}
