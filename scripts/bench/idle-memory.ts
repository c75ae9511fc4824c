/** What the long-running reconciler needs while there is nothing to do: the real command, with a repository and HTTP. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { RealCluster } from '../../test/support/real-cluster.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import type { Measure } from './measure.ts';

const execute = promisify(execFile);
const COMMAND = join(import.meta.dirname, '../redisforge.js');

/** As in the demo: fifteen times the passes of the default. */
const INTERVAL = '2s';
const INTERVAL_MS = 2_000;
const IDLE_MS = 60_000;
/** Then its memory is read once a second for this long. */
const READ_MS = 10_000;
const START_MS = 30_000;

export const idleMemory: Benchmark = {
  name: 'idle-memory',
  summary: `redisforge run, ${IDLE_MS / 1000} s after it has found a converged cluster of six nodes`,
  async run(context) {
    const cluster = await RealCluster.create();
    try {
      const { status } = await cluster.converge(
        () => {},
        AbortSignal.any([context.signal, AbortSignal.timeout(120_000)]),
      );
      context.signal.throwIfAborted();
      if (status !== 'converged') throw new Error(`RedisForge ended ${status}`);
      // The first start fills the compile cache, where there is none yet.
      const first = await startReconciler(cluster, context.signal);
      await first.stop();
      const reconciler = await startReconciler(cluster, context.signal);
      try {
        return await measure(reconciler, context);
      } finally {
        await reconciler.stop();
      }
    } finally {
      await cluster.remove();
    }
  },
};

async function measure({ vitals }: Reconciler, { signal, say }: BenchContext): Promise<Measure[]> {
  const before = await vitals();
  await wait(IDLE_MS, undefined, { signal });
  const samples: number[] = [];
  for (let at = 0; at < READ_MS; at += 1000) {
    samples.push((await vitals()).megabytes);
    await wait(1000, undefined, { signal });
  }
  const after = await vitals();
  const passes = after.passes - before.passes;
  const expected = (IDLE_MS + READ_MS) / INTERVAL_MS;
  say(`  ${passes} passes in ${(IDLE_MS + READ_MS) / 1000} s`);
  if (passes < expected * 0.8) throw new Error(`${passes} passes instead of ${expected}: it was not idle`);
  return [
    { what: 'memory when it has just found the cluster converged', unit: 'MB', samples: [before.megabytes] },
    {
      what: `memory after ${passes} idle passes`,
      unit: 'MB',
      samples,
      bound: { atMost: 120, said: '120 MB' },
    },
    {
      what: 'processor time of a pass, polling and metrics included',
      unit: 'ms',
      samples: [((after.cpuSeconds - before.cpuSeconds) * 1000) / passes],
    },
    {
      what: 'steps meanwhile',
      unit: 'count',
      samples: [after.steps - before.steps],
      bound: { atMost: 0, said: 'none' },
    },
  ];
}

interface Vitals {
  readonly megabytes: number;
  readonly passes: number;
  readonly steps: number;
  readonly cpuSeconds: number;
}

interface Reconciler {
  vitals(): Promise<Vitals>;
  stop(): Promise<void>;
}

/** Starts the real command line and returns when its first pass has ended converged. */
async function startReconciler(cluster: RealCluster, signal: AbortSignal): Promise<Reconciler> {
  const repository = await specRepository(cluster);
  const args = ['run', '--repository', repository, '--poll', INTERVAL, '--drift', INTERVAL, '--port', '0'];
  const child = spawn(process.execPath, [COMMAND, ...args, '--log-format', 'json'], {
    env: {
      ...process.env,
      REDISFORGE_STATE_DIR: join(cluster.directory, 'run'),
      REDISFORGE_SECRETS_DIR: cluster.directory,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  try {
    const port = await untilConverged(child, AbortSignal.any([signal, AbortSignal.timeout(START_MS)]));
    const pid = await programUnder(child.pid ?? 0);
    return { vitals: () => readVitals(port, pid), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function specRepository(cluster: RealCluster): Promise<string> {
  const repository = join(cluster.directory, 'repository');
  if ((await readdir(cluster.directory)).includes('repository')) return repository;
  await mkdir(repository);
  await writeFile(join(repository, 'cluster.yaml'), cluster.specText());
  const git = (...args: string[]): Promise<unknown> => execute('git', ['-C', repository, ...args]);
  await git('init', '-q', '-b', 'main');
  await git('add', '.');
  const author = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', '-c', 'commit.gpgsign=false'];
  await git(...author, 'commit', '-q', '-m', 'feat: a cluster');
  return repository;
}

/** Reads the log until it says so. @returns the port of its HTTP server. */
async function untilConverged(child: ChildProcess, signal: AbortSignal): Promise<number> {
  const output = child.stdout;
  if (output === null) throw new Error('its log is not connected');
  const lines = createInterface({ input: output, signal });
  let port = 0;
  const said: string[] = [];
  for await (const line of lines) {
    said.push(line);
    const { msg, port: served } = JSON.parse(line) as { msg?: string; port?: number };
    port = served ?? port;
    if (msg === 'converged') {
      // Nobody reads on: the pipe must not fill up.
      output.resume();
      return port;
    }
  }
  throw new Error(`redisforge run did not converge:\n${said.join('\n')}`);
}

async function readVitals(port: number, pid: number | undefined): Promise<Vitals> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].reduce(
      (total, match) => total + Number(match[1]),
      0,
    );
  return {
    megabytes: pid === undefined ? sum('process_resident_memory_bytes') / 1e6 : await residentMegabytes(pid),
    passes: sum('redisforge_pass_duration_seconds_count'),
    steps: sum('redisforge_steps_total'),
    cpuSeconds: sum('process_cpu_seconds_total'),
  };
}

/** The process that the command started to run the sources in; undefined where the kernel does not tell. */
async function programUnder(pid: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const [child = ''] = children.split(' ');
  return child === '' ? undefined : Number(child);
}

/** What the kernel counts, in millions of bytes. */
async function residentMegabytes(pid: number): Promise<number> {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
}
