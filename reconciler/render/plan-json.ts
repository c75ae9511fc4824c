/** A plan for machines: everything, nothing summarised, the differences as the JSON Patch that they are. */
import type { ClusterState } from '../model/cluster-state.ts';
import type { Plan } from '../planner/plan.ts';
import { isWait, stepRisk } from '../steps/table.ts';
import { differencesInWords } from './differences.ts';
import { maskedPatch } from './masked-patch.ts';
import { commandsOf, stepInWords } from './step-words.ts';

export function planJson(plan: Plan, live: ClusterState): Record<string, unknown> {
  return {
    cluster: plan.cluster,
    status: plan.status,
    digest: plan.digest,
    differences: maskedPatch(plan.differences),
    differencesInWords: differencesInWords(plan.differences, live),
    waves: plan.waves.map((wave, number) =>
      wave.map(({ id, step, because }, index) => ({
        id,
        kind: step.kind,
        description: stepInWords(step),
        because,
        risk: stepRisk(step),
        waits: isWait(step),
        sends: commandsOf(step),
        estimate: plan.estimate.waves[number]?.steps[index],
      })),
    ),
    // The times of the steps stand beside them.
    estimate: {
      ...plan.estimate,
      waves: plan.estimate.waves.map(({ ms, atLeastMs }) => ({ ms, atLeastMs })),
    },
    outlook: plan.outlook,
    balance: plan.balance,
    blocks: plan.blocks,
    warnings: plan.warnings,
  };
}
