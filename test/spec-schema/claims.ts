/**
 * Claims about specs: a real file, changed in some places, and the problem that must be found in it.
 *
 * The offending text is marked «like this» in the change. The marks are taken out before the file is read; where
 * they stood is the position, and what stood in them is the evidence.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Problem } from '../../spec-schema/problem.ts';
import { type ReadSpecOptions, type ReadSpecResult, readSpec } from '../../spec-schema/read-spec.ts';

const FILE = 'cluster.yaml';

/** Text to find (once) in the file, and what to put in its place. */
export type Changes = Readonly<Record<string, string>>;

/** Three shards on six machines. */
export function fleet(changes: Changes = {}): string {
  return change(readFileSync(new URL('./fleet.yaml', import.meta.url), 'utf8'), changes);
}

/** The example that users copy: a bridge network on one engine. */
export function example(changes: Changes = {}): string {
  return change(readFileSync(new URL('../../example-spec/cluster.yaml', import.meta.url), 'utf8'), changes);
}

function change(text: string, changes: Changes): string {
  let changed = text;
  for (const [from, to] of Object.entries(changes)) {
    expect(changed.split(from).length - 1, `"${from}" stands in the file once`).toBe(1);
    changed = changed.replace(from, () => to);
  }
  return changed;
}

/** Reads a text with marks, without them. */
export function read(marked: string, options?: ReadSpecOptions): ReadSpecResult {
  return readSpec(marked.replace(/[«»]/g, ''), FILE, options);
}

/** `code line:column evidence` of each problem, warnings with a question mark. */
export function told(problems: readonly Problem[]): string[] {
  return problems.map(({ severity, code, where, evidence }) =>
    `${code}${severity === 'warning' ? '?' : ''} ${where?.line}:${where?.column} ${evidence ?? ''}`.trim(),
  );
}

/**
 * Expects exactly these problems in the order of the file, each at a mark; `code?` for a warning, `code=text` where
 * the evidence is not the marked text.
 */
export function expectProblems(marked: string, ...expected: string[]): readonly Problem[] {
  return expectProblemsWith({}, marked, ...expected);
}

/** The same with options. */
export function expectProblemsWith(
  options: ReadSpecOptions,
  marked: string,
  ...expected: string[]
): readonly Problem[] {
  const marks = marksIn(marked);
  const { spec, problems } = read(marked, options);
  const wanted = expected.map((claim, index) => {
    const [, code, evidence] = /^([^=]+)(?:=(.*))?$/.exec(claim) ?? [];
    const mark = marks[index] ?? marks.at(-1);
    return `${code} ${mark?.line}:${mark?.column} ${evidence ?? mark?.text}`.trim();
  });
  expect(told(problems)).toEqual(wanted);
  expect(spec === undefined, 'a spec with errors is not given out').toBe(
    expected.some((claim) => !/^[^=]+\?/.test(claim)),
  );
  for (const problem of problems) {
    expect(problem.where?.file).toBe(FILE);
    expect(problem.hint, `hint of ${problem.code}`).toMatch(/\S/);
    expect(problem.summary).not.toMatch(/\n|undefined|\[object/);
    expect(problem.hint).not.toMatch(/\n|undefined|\[object/);
  }
  return problems;
}

/** Milliseconds of processor time that something takes: other than time on the wall, a busy machine does not change it. */
export function processorMs(action: () => void): number {
  const before = process.cpuUsage();
  action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function marksIn(marked: string): { line: number; column: number; text: string }[] {
  const marks = [];
  let text = '';
  for (const [index, part] of marked.split(/[«»]/).entries()) {
    const lines = text.split('\n');
    if (index % 2 === 1)
      marks.push({ line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, text: part });
    text += part;
  }
  return marks;
}
