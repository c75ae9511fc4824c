import { expect } from 'vitest';
import { PortError } from '../../../reconciler/ports.ts';

/** The error by which something failed, which must be one of a port. */
export async function failure(attempt: Promise<unknown>): Promise<PortError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PortError);
  return error as PortError;
}
