/** What may not run now although nothing else is in its way: a pause, a freeze, the windows of the maintenance. */
import { Cron } from 'croner';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import { type Step, stepRisk } from '../steps/table.ts';

/** Why a step waits. */
export interface Hold {
  readonly code: 'paused' | 'frozen' | 'outside-window';
  readonly summary: string;
  readonly hint: string;
}

/** A dead primary is not left dead until Saturday night: these never wait for a window. */
const REPAIRS: ReadonlySet<Step['kind']> = new Set([
  'failover',
  'fence-node',
  'cancel-migration',
  'takeover',
]);

/**
 * What holds a step back at that time; undefined when nothing does.
 * @param now milliseconds since the epoch.
 */
export function holdOf(spec: ClusterSpec, step: Step, now: number): Hold | undefined {
  const risk = stepRisk(step);
  if (risk === 'none') return undefined;
  if (spec.paused !== undefined) {
    return {
      code: 'paused',
      summary: `the spec pauses all changes: ${spec.paused.reason}`,
      hint: 'take `paused` out of the spec',
    };
  }
  const { maintenance } = spec;
  if (
    maintenance === undefined ||
    REPAIRS.has(step.kind) ||
    (risk !== 'disruptive' && risk !== 'destructive')
  )
    return undefined;
  const { freeze } = maintenance;
  if (freeze !== undefined && (freeze.until === undefined || now < Date.parse(freeze.until))) {
    const until = freeze.until === undefined ? '' : ` until ${freeze.until}`;
    return {
      code: 'frozen',
      summary: `${risk} steps are frozen${until}: ${freeze.reason}`,
      hint: 'take `maintenance.freeze` out of the spec',
    };
  }
  const windows = maintenance.windows.filter(({ risks }) => risks.includes(risk));
  if (maintenance.windows.length === 0 || windows.some((window) => isOpen(window, maintenance.timezone, now)))
    return undefined;
  const opens = windows
    .map(({ cron }) => schedule(cron, maintenance.timezone).nextRun(new Date(now))?.getTime())
    .filter((time) => time !== undefined)
    .sort((a, b) => a - b)[0];
  return {
    code: 'outside-window',
    summary:
      opens === undefined
        ? `no maintenance window is for ${risk} steps`
        : `${risk} steps wait for the maintenance window that opens at ${new Date(opens).toISOString()}`,
    hint: 'wait, or change `maintenance.windows`',
  };
}

const schedules = new Map<string, Cron>();

function schedule(cron: string, timezone: string): Cron {
  const key = `${timezone} ${cron}`;
  const known = schedules.get(key) ?? new Cron(cron, { timezone, paused: true });
  schedules.set(key, known);
  return known;
}

function isOpen(
  { cron, minutes }: { readonly cron: string; readonly minutes: number },
  timezone: string,
  now: number,
): boolean {
  // One millisecond on: a window is open from the very moment at which it opens.
  const [opened] = schedule(cron, timezone).previousRuns(1, new Date(now + 1));
  return opened !== undefined && now - opened.getTime() < minutes * 60_000;
}
