/** CLUSTER MIGRATION STATUS: atomic slot migrations that a node takes or took part in. */
import type { MigrationTask } from '../model/readings.ts';
import { parseSlots, type SlotSet } from '../model/slots.ts';
import { pairsOf } from './pairs.ts';
import { WireError } from './wire-error.ts';

/**
 * Reads the reply of `STATUS ALL` or `STATUS ID …`: an array of records, each a flat array (RESP2), an object or a Map.
 *
 * Both ends keep a record of the same task; `failed` is final for the source, while the target tries again. The
 * records are in memory only, the last 32 of them, and gone after a restart.
 * @throws WireError `migration-status`
 */
export function parseMigrationStatus(reply: unknown): MigrationTask[] {
  if (!Array.isArray(reply)) throw new WireError('migration-status', 'no array', String(typeof reply));
  return reply.map(parseTask);
}

function parseTask(record: unknown): MigrationTask {
  const fields = new Map(pairsOf(record, 'migration-status'));
  const text = (name: string, pattern: RegExp): string => {
    const value = fields.get(name);
    if (typeof value !== 'string' || !pattern.test(value)) {
      throw new WireError(
        'migration-status',
        `no ${name}`,
        typeof value === 'string' ? value : String(typeof value),
      );
    }
    return value;
  };
  const integer = (name: string): number => {
    const value = fields.get(name);
    const number = typeof value === 'number' ? value : Number(text(name, /^-?\d+$/));
    if (!Number.isSafeInteger(number))
      throw new WireError('migration-status', `no number for ${name}`, String(number));
    return number;
  };
  return {
    id: text('id', /^[0-9a-f]{40}$/),
    slots: slotsOf(text('slots', /\d/)),
    source: text('source', /^[0-9a-f]{40}$/),
    target: text('dest', /^[0-9a-f]{40}$/),
    operation: text('operation', /^(?:import|migrate)$/) === 'import' ? 'import' : 'migrate',
    state: text('state', /^[a-z-]+$/),
    lastError: text('last_error', /^/),
    retries: integer('retries'),
    createdAt: integer('create_time'),
    startedAt: integer('start_time'),
    endedAt: integer('end_time'),
    writePauseMs: integer('write_pause_ms'),
  };
}

function slotsOf(text: string): SlotSet {
  try {
    return parseSlots(text);
  } catch {
    throw new WireError('migration-status', 'no slots', text);
  }
}
