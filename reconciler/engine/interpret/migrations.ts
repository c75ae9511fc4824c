/** Atomic slot migrations under way, as their targets tell. */
import type { NodeState } from '../../model/cluster-state.ts';
import type { MigrationTask, NodeReading } from '../../model/readings.ts';
import { formatSlots } from '../../model/slots.ts';
import type { Identities } from './identity.ts';

/** A failed import is tried again by Redis for ever; only these states are the end of one. */
const FINAL: ReadonlySet<string> = new Set(['completed', 'canceled']);

/** The import that a node is busy with; a node takes part in one migration at a time. */
export function activeImport(reading: NodeReading | undefined): MigrationTask | undefined {
  return reading?.migrations.find((task) => task.operation === 'import' && !FINAL.has(task.state));
}

export function migrationsOf(
  reading: NodeReading | undefined,
  identities: Identities,
): Pick<NodeState, 'imports' | 'importsFrom'> {
  const task = activeImport(reading);
  if (task === undefined) return { imports: '', importsFrom: '' };
  return { imports: formatSlots(task.slots), importsFrom: identities.nameOf.get(task.source) ?? task.source };
}
