/** Windows in time: whether one is open, and when the next one opens. */
import { Cron } from 'croner';

export interface Window {
  /** Five cron fields. */
  readonly cron: string;
  readonly minutes: number;
}

const schedules = new Map<string, Cron>();

function schedule(cron: string, timezone: string): Cron {
  const key = `${timezone} ${cron}`;
  const known = schedules.get(key) ?? new Cron(cron, { timezone, paused: true });
  schedules.set(key, known);
  return known;
}

/** @param now milliseconds since the epoch. */
export function isOpen({ cron, minutes }: Window, timezone: string, now: number): boolean {
  // One millisecond on: a window is open from the very moment at which it opens.
  const [opened] = schedule(cron, timezone).previousRuns(1, new Date(now + 1));
  return opened !== undefined && now - opened.getTime() < minutes * 60_000;
}

/** When the first of them opens next, in milliseconds since the epoch; undefined when none ever does. */
export function nextOpening(windows: readonly Window[], timezone: string, now: number): number | undefined {
  return windows
    .map(({ cron }) => schedule(cron, timezone).nextRun(new Date(now))?.getTime())
    .filter((time) => time !== undefined)
    .sort((a, b) => a - b)[0];
}
