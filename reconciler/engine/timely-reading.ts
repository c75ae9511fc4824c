/** One answer within its time, as a value: one silent host must not hold up the others. */
import { type Clock, PortError } from '../ports.ts';
import type { Reading } from './interpret/evidence.ts';

/** A reading within the deadline, or the failure as a value. Errors that are no port's are bugs and go on. */
export async function withDeadline<T>(
  clock: Clock,
  deadlineMs: number,
  subject: string,
  read: (signal: AbortSignal) => Promise<T>,
): Promise<Reading<T>> {
  const over = new AbortController();
  const deadline = new AbortController();
  const timeout = clock.sleep(deadlineMs, over.signal).then((): Reading<T> => {
    deadline.abort();
    return {
      ok: false,
      failure: { code: 'timeout', message: `${subject} did not answer within ${deadlineMs / 1000} s` },
    };
  });
  try {
    const answer = read(deadline.signal).then(
      (value): Reading<T> => ({ ok: true, value }),
      (error: unknown): Reading<T> => {
        if (error instanceof PortError)
          return { ok: false, failure: { code: error.code, message: error.message } };
        throw error;
      },
    );
    return await Promise.race([answer, timeout]);
  } finally {
    // With a reason of its own the signal makes no exception with a stack, for every reading of every pass.
    over.abort('read');
  }
}
