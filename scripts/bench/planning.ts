/** How long the planner takes for a thousand nodes, how much memory, and how both grow. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { counted } from '../../reconciler/render/quantities.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { type Measure, spread } from './measure.ts';
import { PLANNING_CASES, type PlanningCase, type PlanningCaseName } from './planning-cases.ts';
import type { Planned } from './planning-process.ts';

const execute = promisify(execFile);
const PROCESS = fileURLToPath(import.meta.resolve('./planning-process.ts'));

const FEW = 100;
const MANY = 1_000;
/** n log n from {@link FEW} to {@link MANY}, as the exponent of a power: 1.18. */
const N_LOG_N = Math.log((MANY * Math.log(MANY)) / (FEW * Math.log(FEW))) / Math.log(MANY / FEW);
/** For growth, what compiled code takes: the first time a small plan is mostly compilation. */
const WARM = 4;

/** What is promised of a change that takes a few waves, and of one that takes hundreds. */
const SHORT = { ms: 1_000, megabytes: 300 };
const LONG = { ms: 5_000, megabytes: 500 };

export const planning: Benchmark = {
  name: 'plan',
  summary: `planning ${MANY} nodes from nothing, and edits of a converged fleet of them, each in a fresh process`,
  async run(context) {
    const folder = await mkdtemp(join(tmpdir(), 'redisforge-bench-'));
    try {
      const measures: Measure[] = [];
      for (const name of Object.keys(PLANNING_CASES) as PlanningCaseName[])
        measures.push(...(await measure(name, folder, context)));
      return measures;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function measure(name: PlanningCaseName, folder: string, context: BenchContext): Promise<Measure[]> {
  const { isLong = false }: PlanningCase = PLANNING_CASES[name];
  const few: Planned[] = [];
  const many: Planned[] = [];
  const again = isLong ? 1 : WARM;
  for (let run = 0; run < context.runs; run += 1) {
    few.push(await planFresh(name, FEW, again, folder, context));
    many.push(await planFresh(name, MANY, again, folder, context));
  }
  const title = titleOf(name, many[0]);
  const { ms, megabytes } = isLong ? LONG : SHORT;
  return [
    {
      what: `${title}: time`,
      unit: 'ms',
      samples: many.map(({ coldMs }) => coldMs),
      bound: { atMost: ms, said: `${ms / 1000} s` },
    },
    {
      what: `${title}: memory`,
      unit: 'MB',
      samples: many.map(({ peakMegabytes }) => peakMegabytes),
      bound: { atMost: megabytes, said: `${megabytes} MB` },
    },
    {
      what: `${title}: growth from ${FEW} nodes`,
      unit: 'exponent',
      samples: many.map(({ warmMs }, run) =>
        exponent(spread(few[run]?.warmMs ?? []).median, spread(warmMs).median),
      ),
      // Where the waves are as many as the nodes nothing is promised of how the time grows, only of where it ends.
      ...(isLong ? {} : { bound: { atMost: N_LOG_N, said: `n log n (${N_LOG_N.toFixed(2)})` } }),
    },
  ];
}

/** The power of the number of nodes with which the time grows. */
export function exponent(fewMs: number, manyMs: number): number {
  return Math.log(manyMs / fewMs) / Math.log(MANY / FEW);
}

function titleOf(name: PlanningCaseName, planned: Planned | undefined): string {
  const extent = `${counted(planned?.steps ?? 0, 'step')} in ${counted(planned?.waves ?? 0, 'wave')}`;
  return `${PLANNING_CASES[name].what} (${extent})`;
}

/** @param again how often once more, when everything is compiled. */
async function planFresh(
  name: PlanningCaseName,
  nodes: number,
  again: number,
  folder: string,
  { signal }: BenchContext,
): Promise<Planned> {
  const file = join(folder, `${name}-${nodes}.json`);
  await writeFile(file, JSON.stringify(PLANNING_CASES[name].live(nodes)));
  const args = [PROCESS, name, String(nodes), file, String(again)];
  const { stdout } = await execute(process.execPath, args, { signal });
  return JSON.parse(stdout) as Planned;
}
