/** For tests that share one cluster: what the first try of a test left behind is put right before the second one. */
import { beforeEach } from 'vitest';

/** @param settle brings what is shared back to where every test may begin. */
export function settleBeforeSecondTry(settle: () => Promise<unknown>): void {
  beforeEach(async ({ task }) => {
    if ((task.result?.retryCount ?? 0) > 0) await settle();
  });
}
