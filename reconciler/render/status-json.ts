/** The status of a cluster for machines: every quantity with its unit in its name. */
import type { Plan } from '../planner/plan.ts';
import { maskedPatch } from './masked-patch.ts';
import type { StatusView } from './status-view.ts';

/** @param plan for the patch; the view has the differences in words. */
export function statusJson(view: StatusView, plan: Plan): Record<string, unknown> {
  const { tone: _tone, differences, ...rest } = view;
  return { ...rest, differences: maskedPatch(plan.differences), differencesInWords: differences };
}
