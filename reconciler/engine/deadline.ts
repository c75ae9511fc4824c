/** A limit on how long a call to the outside may take, in the time of the clock that tests own. */
import { type Clock, PortError } from '../ports.ts';

/**
 * The answer of a call, or a {@link PortError} `timeout` when it is not there in time, also from a port that never
 * answers and does not heed its signal.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  what: string,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const over = new AbortController();
  const limit = clock.sleep(ms, AbortSignal.any([over.signal, signal])).then((): never => {
    late.abort('late');
    throw signal.aborted
      ? new PortError('aborted', `${what}: given up`)
      : new PortError('timeout', `${what}: no answer within ${ms / 1000} s`);
  });
  // It is only waited for in the race: when the call wins, nobody wants to hear of it.
  limit.catch(() => undefined);
  try {
    return await Promise.race([call(AbortSignal.any([late.signal, signal])), limit]);
  } finally {
    over.abort('answered');
  }
}
