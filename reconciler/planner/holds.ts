/** What may not run now although nothing else is in its way: a pause, a freeze, the windows of the maintenance. */
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { Halt } from '../model/facts.ts';
import { type Step, stepRisk } from '../steps/table.ts';
import { isOpen, nextOpening } from './windows.ts';

/** Why a step waits. */
export interface Hold {
  readonly code: 'keys-missing' | 'paused' | 'stopped' | 'frozen' | 'outside-window';
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

/** Whether missing keys hold a step back: nothing that could hide or worsen the loss is done before a person has looked. */
export function halts(halt: Halt | undefined, step: Step): Hold | undefined {
  if (halt === undefined || stepRisk(step) === 'none' || REPAIRS.has(step.kind)) return undefined;
  return haltInWords(halt);
}

export function haltInWords({ step, reason, at }: Halt): Hold {
  return {
    code: 'keys-missing',
    summary: `everything is stopped since ${new Date(at).toISOString()}: after ${step} keys were missing. ${reason}`,
    hint: 'find out what became of them (a backup; or clients that removed many); then let RedisForge go on by any change of the spec, for example of metadata.description',
  };
}

/** Whether what people have asked for beside the spec, a pause or a stop, holds a step back. */
export function brakes(brake: Hold | undefined, step: Step): Hold | undefined {
  if (brake === undefined || stepRisk(step) === 'none') return undefined;
  // Whoever stops a change did not ask for a dead primary to stay dead.
  return brake.code === 'stopped' && REPAIRS.has(step.kind) ? undefined : brake;
}

/**
 * What holds a step back at that time; undefined when nothing does.
 * @param now milliseconds since the epoch.
 */
export function holdOf(spec: ClusterSpec, step: Step, now: number): Hold | undefined {
  const risk = beginsRoll(spec, step) ? 'disruptive' : stepRisk(step);
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
  const opens = nextOpening(windows, maintenance.timezone, now);
  return {
    code: 'outside-window',
    summary:
      opens === undefined
        ? `no maintenance window is for ${risk} steps`
        : `${risk} steps wait for the maintenance window that opens at ${new Date(opens).toISOString()}`,
    hint: 'wait, or change `maintenance.windows`',
  };
}

/** A surge replica is the beginning of a roll: made before its window opens, it would only wait for it. */
function beginsRoll({ nodes }: ClusterSpec, step: Step): boolean {
  if (step.kind !== 'prepare-volume' && step.kind !== 'deploy-node') return false;
  return nodes.find(({ name }) => name === step.node)?.role === 'surge';
}
