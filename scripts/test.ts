// Runs everything that must hold: types, lint rules, unused code and all tests, and counts them on the last line.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { addCounts, type Counts, countReport, exitCodeFor, type VitestReport } from './test-counts.ts';

const root = join(import.meta.dirname, '..');

/** What is checked without running the project. Each counts as one test. */
const staticChecks = [
  { name: 'types', command: ['tsc'] },
  { name: 'lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'unused code', command: ['knip', '--no-progress'] },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    project: { type: 'string', multiple: true, default: [] },
    testNamePattern: { type: 'string', short: 't' },
  },
});

/** Random stories that the simulation tells, per property, when everything is asked for: the fast loop tells fewer. */
const ALL_STORIES = '300';
const isEverything = positionals.length === 0 && values.project.length === 0;

/**
 * The fast loop shares processes between files, which halves its time; that no file depends on what another one left
 * behind is found out when everything is asked for.
 */
const quick = new Set(['unit', 'simulation']);
const isQuick = values.project.length > 0 && values.project.every((name) => quick.has(name));

/** Who asks for certain files wants to know about those only. */
const isFiltered = positionals.length > 0 || values.testNamePattern !== undefined;

// Side by side: neither keeps two cores busy all the time.
const [checked, tested] = await Promise.all([isFiltered ? [] : runStaticChecks(), runVitest()]);
const counts = addCounts(checked, tested);
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = exitCodeFor(counts);

async function runStaticChecks(): Promise<Counts[]> {
  return Promise.all(
    staticChecks.map(async ({ name, command }) => {
      const began = performance.now();
      const { code, output } = await runTool(command, 'collect');
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      console.log(`${code === 0 ? 'ok' : 'FAILED'}: ${name} (${seconds} s)`);
      if (code !== 0) console.log(output.trimEnd());
      return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
    }),
  );
}

async function runVitest(): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), 'redisforge-test-'));
  const report = join(folder, 'report.json');
  try {
    const { code } = await runTool(
      [
        'vitest',
        'run',
        '--passWithNoTests',
        ...values.project.map((name) => `--project=${name}`),
        ...(isQuick ? ['--no-isolate'] : []),
        ...(values.testNamePattern === undefined ? [] : [`--testNamePattern=${values.testNamePattern}`]),
        ...positionals,
      ],
      'show',
      { TEST_REPORT: report },
    );
    return countReport(JSON.parse(await readFile(report, 'utf8')) as VitestReport, code);
  } catch (error) {
    // Without a report nothing is known to have passed.
    console.log(`Vitest left no report: ${String(error)}`);
    return { passed: 0, failed: 1 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runTool(
  [tool = '', ...args]: string[],
  output: 'collect' | 'show',
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, 'node_modules/.bin', tool), args, {
      cwd: root,
      // Vitest colours its output for CI even where it goes into a file.
      env: {
        ...process.env,
        ...environment,
        ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
        ...(isEverything ? { STORIES: process.env['STORIES'] ?? ALL_STORIES } : {}),
      },
      stdio: output === 'show' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output: text }));
  });
}
