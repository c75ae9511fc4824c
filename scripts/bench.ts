/**
 * The benchmarks: what is promised about speed and memory, each measured against a peer or a plain number in one run.
 *
 *   npm run bench                          all of them; exit code 1 when a bound is broken
 *   npm run bench -- form plan             only these
 *   npm run bench -- --runs 5 --json       more often; for machines
 */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { EXIT, type ExitCode } from '../reconciler/app/exit-codes.ts';
import { listenForInterrupts } from '../reconciler/app/interrupts.ts';
import { type Output, processOutput, writeLine } from '../reconciler/app/terminal/screen.ts';
import type { BenchContext, Benchmark, Result } from './bench/benchmark.ts';
import { BENCHMARKS, chosen } from './bench/catalogue.ts';
import { allKept, type Circumstances, reportJson, reportText } from './bench/report.ts';

const HELP = `Usage: npm run bench -- [name…] [--runs <number>] [--json]

  --runs   how often each number is taken (default: 3)
  --json   results as JSON

${BENCHMARKS.map(({ name, summary }) => `  ${name.padEnd(14)}${summary}`).join('\n')}

Exit codes: 0 every bound is kept, 1 one is broken or could not be measured.`;

async function main({ out, style, err }: Output): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    writeLine(out, HELP);
    return EXIT.done;
  }
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new RangeError(`--runs must be a number from 1, not ${values.runs}`);
  const benchmarks = chosen(positionals);
  const say = (line: string): void => writeLine(err, line);
  const interrupts = listenForInterrupts(() => say('stopping: what was made is removed'));
  const load = loadavg()[0] ?? 0;
  const results = await runAll(benchmarks, { runs, signal: interrupts.signal, say });
  if (interrupts.exitCode !== undefined) return interrupts.exitCode;
  const circumstances: Circumstances = {
    runs,
    cores: availableParallelism(),
    load: [load, loadavg()[0] ?? 0],
    node: process.version,
  };
  writeLine(
    out,
    values.json ? reportJson(results, circumstances) : reportText(results, circumstances, style),
  );
  return allKept(results) ? EXIT.done : EXIT.error;
}

/** One after the other: they would measure each other. One that fails keeps nobody from the rest. */
async function runAll(benchmarks: readonly Benchmark[], context: BenchContext): Promise<Result[]> {
  const results: Result[] = [];
  for (const { name, summary, run } of benchmarks) {
    if (context.signal.aborted) break;
    context.say(`${name}: ${summary}`);
    try {
      results.push({ name, measures: await run(context) });
    } catch (error) {
      if (context.signal.aborted) break;
      const failure = error instanceof Error ? error : new Error(String(error));
      context.say(failure.stack ?? failure.message);
      results.push({ name, measures: [], failure: failure.message });
    }
  }
  return results;
}

const output = processOutput();
try {
  // What may still be open (a kept connection) need not be waited for.
  process.exit(await main(output));
} catch (error) {
  writeLine(output.err, `${output.errStyle.red('error')}: ${error instanceof Error ? error.message : error}`);
  process.exit(EXIT.error);
}
