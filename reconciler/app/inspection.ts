/** One look at a cluster and the plan for it: what `plan`, `status`, `apply` and `explain` begin with. */
import { createHash } from 'node:crypto';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import { type Cluster, openCluster, type Ports, policyOf } from '../engine/cluster.ts';
import { observe } from '../engine/observe.ts';
import type { ClusterState } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { type Plan, PlanningError, plan } from '../planner/plan.ts';
import { Refusal } from './exit-codes.ts';

export interface Inspection {
  readonly cluster: Cluster;
  readonly live: ClusterState;
  readonly facts: Facts;
  readonly plan: Plan;
}

/** @returns the inspection, or the problems that forbid it: secrets that cannot be read. */
export async function inspect(
  spec: ClusterSpec,
  ports: Ports,
): Promise<{ readonly inspection?: Inspection; readonly problems: readonly Problem[] }> {
  const { cluster, problems } = await openCluster(spec, ports);
  if (cluster === undefined) return { problems };
  const { live, facts } = await observe(cluster);
  try {
    return {
      inspection: { cluster, live, facts, plan: plan(cluster.intent, live, facts, policyOf(cluster)) },
      problems,
    };
  } catch (error) {
    if (!(error instanceof PlanningError)) throw error;
    throw await defectReport(error, spec.metadata.name, ports);
  }
}

/** A plan that cannot be right is a bug of ours: what is needed to find it is kept, with both states. */
async function defectReport(error: PlanningError, cluster: string, ports: Ports): Promise<Refusal> {
  const { message, violations, before, after } = error;
  const report = JSON.stringify({ message, violations, before, after }, null, 1);
  const key = `defects/${cluster}-${createHash('sha256').update(report).digest('hex').slice(0, 12)}.json`;
  await ports.store.write(key, report);
  return new Refusal(
    `${cluster}: no plan could be made, which is a defect of RedisForge: ${message}\nNothing was changed. Please report it with ${key} from the state folder.`,
  );
}
