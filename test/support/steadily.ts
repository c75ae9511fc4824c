/** Waits for what must not only come, but stay. */
import { eventually } from './lab-containers.ts';

/** Waits until a condition has held without interruption for a while. What the probe throws counts as "not yet". */
export async function steadily(
  what: string,
  probe: () => Promise<boolean>,
  { forMs = 500, deadlineMs = 20_000 } = {},
): Promise<void> {
  let since: number | undefined;
  await eventually(
    `${what}, for ${forMs} ms`,
    async () => {
      const holds = await probe().catch(() => false);
      if (!holds) since = undefined;
      else since ??= performance.now();
      return since !== undefined && performance.now() - since >= forMs;
    },
    deadlineMs,
  );
}
