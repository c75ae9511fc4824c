/** Between two looks at everything: cheap questions, so that the end of something long is noticed at once. */
import { PortError } from '../ports.ts';
import type { StepContext } from '../steps/step.ts';
import { hasEnded, type Step } from '../steps/table.ts';

const FIRST_PAUSE_MS = 10;
/** What has taken long may be noticed a little later: after this part of what it has taken. */
const PAUSE_GROWTH = 0.03;

export interface Watched {
  readonly step: Step;
  /** When it was started, in milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Resolves when the work of one of the steps has ended, and not before `context.signal` is aborted when it does not, or
 * cannot be asked about: then the next look at everything says why.
 */
export async function untilOneEnds(steps: readonly Watched[], context: StepContext): Promise<void> {
  await Promise.race(steps.map((watched) => untilEnded(watched, context)));
}

async function untilEnded({ step, at }: Watched, context: StepContext): Promise<void> {
  const { clock, signal } = context;
  try {
    while (!(await hasEnded(step, context)) && !signal.aborted)
      await clock.sleep(Math.max(FIRST_PAUSE_MS, (clock.now() - at) * PAUSE_GROWTH), signal);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
