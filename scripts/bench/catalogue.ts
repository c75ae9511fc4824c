/**
 * Every benchmark, in the order in which they run. A new one is a file beside this one and a row here.
 */
import type { Benchmark } from './benchmark.ts';
import { crash } from './crash.ts';
import { forgeCalls } from './forge-calls.ts';
import { form } from './form.ts';
import { fromNothing } from './from-nothing.ts';
import { idleMemory } from './idle-memory.ts';
import { idlePass } from './idle-pass.ts';
import { planning } from './planning.ts';
import { pullRequests } from './pull-requests.ts';
import { pushToComment } from './push-to-comment.ts';
import { rolling } from './rolling.ts';
import { scaleMillion, scaleMillions } from './scale.ts';
import { scaleUnderLoad } from './scale-under-load.ts';
import { switchover } from './switchover.ts';

export const BENCHMARKS: readonly Benchmark[] = [
  planning,
  pullRequests,
  forgeCalls,
  pushToComment,
  form,
  fromNothing,
  idlePass,
  idleMemory,
  scaleMillion,
  scaleMillions,
  scaleUnderLoad,
  switchover,
  crash,
  rolling,
];

/** The benchmarks of these names, in the order of the catalogue; without names all. @throws RangeError */
export function chosen(names: readonly string[]): readonly Benchmark[] {
  const unknown = names.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    const known = BENCHMARKS.map(({ name }) => name).join(', ');
    throw new RangeError(`no benchmark ${unknown.join(', ')}; there are ${known}`);
  }
  return names.length === 0 ? BENCHMARKS : BENCHMARKS.filter(({ name }) => names.includes(name));
}
