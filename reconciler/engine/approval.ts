/**
 * What a commit approves: the destructive steps of the plan that was made when it came into force (law 8). Whatever
 * comes up later, between commits, is drift, and is never answered by destroying something.
 */
import { plan } from '../planner/plan.ts';
import { stepRisk } from '../steps/table.ts';
import { type Cluster, policyOf } from './cluster.ts';
import { observe } from './observe.ts';

interface Approval {
  readonly commit: string;
  readonly steps: readonly string[];
  /** False while something stood in the way: the plan did not reach its end, and is made anew at the next pass. */
  readonly complete: boolean;
}

function keyOf({ intent }: Cluster): string {
  return `clusters/${intent.spec.metadata.name}/approved.json`;
}

async function stored(cluster: Cluster): Promise<Approval | undefined> {
  const text = await cluster.ports.store.read(keyOf(cluster));
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Approval;
  } catch {
    return undefined;
  }
}

/** Ids of the destructive steps that the commit approves; worked out once and kept, so that a restart knows them. */
export async function approvedBy(cluster: Cluster, commit: string): Promise<ReadonlySet<string>> {
  const known = await stored(cluster);
  const before = known?.commit === commit ? known.steps : [];
  if (known?.commit === commit && known.complete) return new Set(before);
  const { live, facts } = await observe(cluster);
  const made = plan(cluster.intent, live, facts, policyOf(cluster));
  const destructive = made.waves.flat().filter(({ step }) => stepRisk(step) === 'destructive');
  const steps = [...new Set([...before, ...destructive.map(({ id }) => id)])].sort();
  const approval: Approval = { commit, steps, complete: made.status !== 'blocked' };
  if (JSON.stringify(approval) !== JSON.stringify(known))
    await cluster.ports.store.write(keyOf(cluster), JSON.stringify(approval));
  return new Set(steps);
}
