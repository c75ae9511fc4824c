/** Makes an image available on an engine before anything is disturbed for its sake. */
import type { HostName } from '../model/cluster-state.ts';
import { PortError } from '../ports.ts';
import { pointer, type StepKind } from './step.ts';

export interface PullImage {
  readonly kind: 'pull-image';
  /** All hosts behind the one engine that pulls. */
  readonly hosts: readonly HostName[];
  readonly image: string;
}

export const pullImage: StepKind<PullImage> = {
  id: (step) => `pull-image:${step.hosts[0]}:${step.image}`,
  describe: (step) => `pull ${step.image} on ${step.hosts.join(', ')}`,
  risk: 'safe',
  locks: (step) => step.hosts.map((host) => `host:${host}` as const),
  disturbs: () => [],
  effect: (step) =>
    step.hosts.map((host) => ({
      op: 'replace',
      path: pointer('hosts', host, 'images', step.image),
      value: 'present',
    })),
  deadlineMs: 600_000,
  sends: (step) => [`docker pull ${step.image}`],
  async execute(step, context) {
    try {
      await context.engine(step.hosts[0] as HostName).pullImage(step.image, context.signal);
    } catch (error) {
      // A registry that does not answer is the engine's own word, not an unknown outcome; and a pull that broke off can
      // simply be made again. Waiting for its effect would only take up the time of the next attempt.
      if (error instanceof PortError)
        throw new PortError('refused', error.message, { retry: 'later', cause: error });
      throw error;
    }
  },
};
