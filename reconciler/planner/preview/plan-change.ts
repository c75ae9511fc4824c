/** Two plans for one cluster: whether what would run now is what was shown, less of it, or something else. */
import { isWait } from '../../steps/table.ts';
import type { PlannedStep } from '../next-steps.ts';
import type { PlanChange } from './preview.ts';

/**
 * Compared are the steps that do something, by their ids, as often as they come: which wave a step falls into depends
 * on what the others do, and waiting harms nobody.
 */
export function planChange(
  shown: readonly (readonly PlannedStep[])[],
  now: readonly (readonly PlannedStep[])[],
): PlanChange {
  const added = without(now, shown);
  const gone = without(shown, now);
  const verdict = added.length > 0 ? 'other' : gone.length > 0 ? 'less' : 'same';
  return { verdict, added, gone };
}

function without(
  these: readonly (readonly PlannedStep[])[],
  those: readonly (readonly PlannedStep[])[],
): PlannedStep[] {
  const left = new Map<string, number>();
  for (const { id } of those.flat()) left.set(id, (left.get(id) ?? 0) + 1);
  return these.flat().filter(({ id, step }) => {
    if (isWait(step)) return false;
    const count = left.get(id) ?? 0;
    left.set(id, count - 1);
    return count <= 0;
  });
}
