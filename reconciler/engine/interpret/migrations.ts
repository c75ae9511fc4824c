/** Atomic slot migrations under way, as their targets tell. */
import type { NodeState } from '../../model/cluster-state.ts';
import { activeImport, type NodeReading } from '../../model/readings.ts';
import { formatSlots } from '../../model/slots.ts';
import type { Identities } from './identity.ts';

export function migrationsOf(
  reading: NodeReading | undefined,
  identities: Identities,
): Pick<NodeState, 'imports' | 'importsFrom'> {
  const task = activeImport(reading?.migrations ?? []);
  if (task === undefined) return { imports: '', importsFrom: '' };
  return { imports: formatSlots(task.slots), importsFrom: identities.nameOf.get(task.source) ?? task.source };
}
