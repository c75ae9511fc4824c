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
    waves: plan.waves.map((wave) =>
      wave.map(({ id, step, because }) => ({
        id,
        kind: step.kind,
        description: stepInWords(step),
        because,
        risk: stepRisk(step),
        waits: isWait(step),
        sends: commandsOf(step),
      })),
    ),
    blocks: plan.blocks,
    warnings: plan.warnings,
  };
}
