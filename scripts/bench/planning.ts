/** How long the planner takes for a thousand nodes, how much memory, and how both grow. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchContext, Benchmark } from './benchmark.ts';
import { type Measure, spread } from './measure.ts';
import { PLANNING_CASES, type PlanningCaseName } from './planning-cases.ts';
import type { Planned } from './planning-process.ts';

const execute = promisify(execFile);
const PROCESS = fileURLToPath(import.meta.resolve('./planning-process.ts'));

const FEW = 100;
const MANY = 1_000;
/** n log n from {@link FEW} to {@link MANY}, as the exponent of a power: 1.18. */
const N_LOG_N = Math.log((MANY * Math.log(MANY)) / (FEW * Math.log(FEW))) / Math.log(MANY / FEW);
/** For growth, what compiled code takes: the first time a small plan is mostly compilation. */
const WARM = 4;

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
  const { what, live } = PLANNING_CASES[name];
  const file = (nodes: number): string => join(folder, `${name}-${nodes}.json`);
  for (const nodes of [FEW, MANY]) await writeFile(file(nodes), JSON.stringify(live(nodes)));
  const few: Planned[] = [];
  const many: Planned[] = [];
  for (let run = 0; run < context.runs; run += 1) {
    few.push(await planIn(name, FEW, file(FEW), context));
    many.push(await planIn(name, MANY, file(MANY), context));
  }
  const exponents = many.map(({ warmMs }, index) =>
    exponent(spread(few[index]?.warmMs ?? []).median, spread(warmMs).median),
  );
  const title = `${what} (${many[0]?.steps} steps)`;
  return [
    {
      what: `${title}: time`,
      unit: 'ms',
      samples: many.map(({ coldMs }) => coldMs),
      bound: { atMost: 1000, said: '1 s' },
    },
    {
      what: `${title}: memory`,
      unit: 'MB',
      samples: many.map(({ peakMegabytes }) => peakMegabytes),
      bound: { atMost: 300, said: '300 MB' },
    },
    {
      what: `${title}: growth from ${FEW} nodes`,
      unit: 'exponent',
      samples: exponents,
      bound: { atMost: N_LOG_N, said: `n log n (${N_LOG_N.toFixed(2)})` },
    },
  ];
}

/** The power of the number of nodes with which the time grows. */
export function exponent(fewMs: number, manyMs: number): number {
  return Math.log(manyMs / fewMs) / Math.log(MANY / FEW);
}

async function planIn(
  name: PlanningCaseName,
  nodes: number,
  file: string,
  { signal }: BenchContext,
): Promise<Planned> {
  const { stdout } = await execute(process.execPath, [PROCESS, name, String(nodes), file, String(WARM)], {
    signal,
  });
  return JSON.parse(stdout) as Planned;
}
