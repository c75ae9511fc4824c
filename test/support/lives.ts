/** Processes of RedisForge that are killed, one after the other; see `short-life.ts`. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RealCluster } from './real-cluster.ts';

const SHORT_LIFE = fileURLToPath(import.meta.resolve('./short-life.ts'));
/** Far more than any change has steps: without an end something goes round in circles. */
const MOST_LIVES = 200;
/** Longer than any test. */
const FOR_EVER_MS = 3_600_000;

export type DeathMoment = 'before' | 'after' | 'any';

export interface Life {
  readonly killed: boolean;
  /** Whether it ended by itself because nothing is left to do. */
  readonly converged: boolean;
  /** The steps that it started, without the cluster's name. */
  readonly steps: readonly string[];
  /** What it said. */
  readonly output: string;
}

/**
 * One process, from its start to its end.
 * @param end of a life that ends at any moment: after a time, or when something else is over.
 * It may end by itself without success: an engine that did not answer in time, for example.
 */
export async function live(
  cluster: RealCluster,
  moment: DeathMoment,
  end: { readonly ms?: number; readonly until?: Promise<unknown> } = {},
): Promise<Life> {
  await writeFile(join(cluster.directory, 'cluster.yaml'), cluster.specText());
  const { ms = FOR_EVER_MS, until } = end;
  const child = spawn(process.execPath, [SHORT_LIFE, cluster.directory, moment, String(ms)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Half of a short life would be spent with the reading of its own code.
    env: { ...process.env, NODE_COMPILE_CACHE: join(cluster.directory, 'compile-cache') },
  });
  const kill = (): unknown => child.kill('SIGKILL');
  void until?.then(kill, kill);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...ended) => resolve(ended)),
  );
  const steps = [...output.matchAll(/^started (\S+)$/gm)].map((match) => cluster.short(match[1] as string));
  return { killed: signal === 'SIGKILL', converged: code === 0, steps, output: cluster.short(output) };
}

/** Lives, each with its moment of death, until one finds nothing left to do. Returns what was begun, by moment. */
export async function livesUntilConverged(
  cluster: RealCluster,
  next: (lives: number) => readonly [moment: DeathMoment, ms?: number],
): Promise<Record<DeathMoment, string[]> & { readonly lives: number }> {
  const begun = { before: [] as string[], after: [] as string[], any: [] as string[] };
  let last = '';
  for (let lives = 0; lives < MOST_LIVES; lives += 1) {
    const [moment, ms] = next(lives);
    const { converged, steps, output } = await live(cluster, moment, ms === undefined ? {} : { ms });
    begun[moment].push(...steps);
    last = output;
    if (converged) return { ...begun, lives: lives + 1 };
  }
  throw new Error(`no end: ${last}; before: ${JSON.stringify(begun)}`);
}

/** Dies at the end of every single step, until a process finds nothing left to do. Returns what they did. */
export async function dieAtEveryStep(
  cluster: RealCluster,
): Promise<{ readonly lives: number; readonly steps: readonly string[] }> {
  const { lives, after } = await livesUntilConverged(cluster, () => ['after']);
  return { lives, steps: after };
}
