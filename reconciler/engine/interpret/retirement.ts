/** Volumes of nodes that left the spec: kept, labelled as they are, until their time is over. */
import type { ClusterState } from '../../model/cluster-state.ts';
import type { Intent } from '../../planner/intent.ts';
import { type Evidence, valueIn } from './evidence.ts';
import { CLUSTER_LABEL } from './labels.ts';
import type { Subject } from './subjects.ts';

const DAY_MS = 86_400_000;

/** Every volume with the cluster's label that no node uses, neither of the spec nor one that is still leaving. */
export function unusedVolumes(
  intent: Intent,
  { engines }: Pick<Evidence, 'engines'>,
  observed: readonly Subject[],
): string[] {
  const used = new Set(observed.map(({ entry }) => entry.volume));
  const unused = new Set<string>();
  for (const reading of engines.values()) {
    for (const { name, labels } of valueIn(reading)?.volumes ?? []) {
      if (labels[CLUSTER_LABEL] === intent.spec.metadata.name && !used.has(name)) unused.add(name);
    }
  }
  return [...unused].sort();
}

export function retiredVolumes(
  intent: Intent,
  evidence: Evidence,
  observed: readonly Subject[],
): ClusterState['retired'] {
  const days = intent.spec.policies.retireAfter;
  return Object.fromEntries(
    unusedVolumes(intent, evidence, observed).map((name) => {
      const since = evidence.retiredSince[name] ?? evidence.now;
      const due = days !== undefined && evidence.now - since >= days * DAY_MS;
      return [name, due ? 'due' : 'kept'];
    }),
  );
}
