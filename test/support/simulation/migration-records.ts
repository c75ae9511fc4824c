/** The records of slot migrations that a server keeps in memory. */
import type { MigrationRecord, Server } from './world.ts';

/** Only these two are final for an importing node; a migrating one is also done when it `failed`. */
export function isActive(record: MigrationRecord): boolean {
  if (record.state === 'completed' || record.state === 'canceled') return false;
  return record.operation === 'import' || record.state !== 'failed';
}

/** Whether the node takes part in a migration: it can take part in one at a time only. */
export function isMigrating(server: Server): boolean {
  return server.migrations.some(isActive);
}

/** Ends what is under way at this node. */
export function endMigrations(server: Server, state: 'canceled' | 'failed', why: string): void {
  for (const record of server.migrations) if (isActive(record)) endMigration(server, record, state, why);
}

export function endMigration(
  server: Server,
  record: MigrationRecord,
  state: 'canceled' | 'failed' | 'completed',
  why: string,
): void {
  record.state = state;
  record.lastError = why;
  record.endedAt = server.world.now;
  record.attempt += 1;
}

/** Only the last records are kept, as `cluster-slot-migration-max-archived-tasks` says. */
export function addRecord(server: Server, record: MigrationRecord): void {
  server.migrations.push(record);
  if (server.migrations.length > 32) server.migrations.shift();
}
