/** The results for people, as a table, and for machines, as JSON. */
import { columns } from '../../reconciler/render/columns.ts';
import type { Style } from '../../reconciler/render/style.ts';
import type { Result } from './benchmark.ts';
import { isKept, type Measure, ratio, spread, type Unit } from './measure.ts';

/** Where and how the numbers were taken. */
export interface Circumstances {
  readonly runs: number;
  readonly cores: number;
  /** Average number of running processes over the last minute, before the first benchmark and after the last. */
  readonly load: readonly [before: number, after: number];
  readonly node: string;
}

/** Whether everything that was asked for has numbers, and every bound is kept. */
export function allKept(results: readonly Result[]): boolean {
  return results.every(
    ({ measures, failure }) =>
      failure === undefined && measures.every((measure) => isKept(measure) !== false),
  );
}

export function reportText(results: readonly Result[], circumstances: Circumstances, style: Style): string {
  const rows = results.flatMap(({ name, measures }) =>
    measures.map((measure, index) => [index === 0 ? name : '', ...cells(measure, style)]),
  );
  const failures = results.flatMap(({ name, failure }) =>
    failure === undefined ? [] : [style.red(`${name} has no numbers: ${failure}`)],
  );
  const { runs, cores, load, node } = circumstances;
  const times = runs === 1 ? '1 run' : `${runs} runs`;
  const where = `${times} on ${cores} cores, Node.js ${node}, load ${load.map((value) => value.toFixed(1)).join(' to ')}.`;
  return [...(rows.length === 0 ? [] : columns(HEADS, rows, style.bold)), ...failures, style.dim(where)].join(
    '\n',
  );
}

const HEADS = [
  { title: 'benchmark' },
  { title: 'measured' },
  { title: 'min', align: 'right' },
  { title: 'median', align: 'right' },
  { title: 'max', align: 'right' },
  { title: 'ratio', align: 'right' },
  { title: 'bound' },
  { title: '' },
] as const;

function cells(measure: Measure, style: Style): string[] {
  const { what, unit, samples, bound } = measure;
  const { min, median, max } = spread(samples);
  const multiple = ratio(measure);
  const kept = isKept(measure);
  return [
    what,
    quantity(min, unit),
    quantity(median, unit),
    quantity(max, unit),
    multiple === undefined ? '' : multipleText(multiple),
    bound === undefined ? '' : `at most ${bound.said}`,
    kept === undefined ? '' : kept ? style.green('kept') : style.red('BROKEN'),
  ];
}

/** `1/10.3` for less than the peer, `1.4x` for more. */
export function multipleText(multiple: number): string {
  return multiple < 1 ? `1/${(1 / multiple).toFixed(1)}` : `${multiple.toFixed(2)}x`;
}

export function quantity(value: number, unit: Unit): string {
  if (unit === 'count') return String(value);
  if (unit === 'exponent') return value.toFixed(2);
  if (unit === 'MB') return `${Math.round(value)} MB`;
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

export function reportJson(results: readonly Result[], circumstances: Circumstances): string {
  const document = {
    kept: allKept(results),
    ...circumstances,
    results: results.map(({ name, measures, failure }) => ({
      name,
      ...(failure === undefined ? {} : { failure }),
      measures: measures.map(measureJson),
    })),
  };
  return JSON.stringify(document, null, 2);
}

function measureJson(measure: Measure): object {
  const { what, unit, samples, bound } = measure;
  return {
    what,
    unit,
    samples,
    ...spread(samples),
    ...(bound === undefined
      ? {}
      : {
          ratio: ratio(measure),
          bound: { atMost: bound.atMost, said: bound.said, of: bound.of?.what },
          kept: isKept(measure),
        }),
  };
}
