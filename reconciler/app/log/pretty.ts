/** One log record as one readable line. */
import type { Style } from '../../render/style.ts';
import { visibleLine } from '../../render/visible.ts';

type Record = Readonly<{ [field: string]: unknown }>;

const OWN_FIELDS: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'err']);

/** On a terminal the beginning of a commit id is enough. */
function shown(value: unknown): string {
  const text = visibleLine(typeof value === 'string' ? value : JSON.stringify(value));
  return /^[0-9a-f]{40}$/.test(text) ? text.slice(0, 8) : text;
}

/** `12:00:01 INFO  step done  cluster=orders step=meet:… durationMs=12`, and below it the stack of an error. */
export function prettyLine(record: Record, style: Style): string {
  const level = String(record['level']);
  const label = level.toUpperCase().padEnd(5);
  const paint =
    level === 'error' || level === 'fatal' ? style.red : level === 'warn' ? style.yellow : style.cyan;
  const fields = Object.entries(record)
    .filter(([name]) => !OWN_FIELDS.has(name))
    .map(([name, value]) => `${name}=${shown(value)}`);
  const time = String(record['time']).slice(11, 19);
  const line = `${style.dim(time)} ${paint(label)} ${visibleLine(String(record['msg'] ?? ''))}  ${style.dim(fields.join(' '))}`;
  const stack = (record['err'] as { stack?: string } | undefined)?.stack;
  return stack === undefined ? line.trimEnd() : `${line.trimEnd()}\n${style.dim(stack)}`;
}
