/** Creates the volume in which a node keeps its data, its configuration and its identity. */

import type { NodeName } from '../model/cluster-state.ts';
import { nodeOf } from '../model/topology.ts';
import { type StepKind, setNode } from './step.ts';

export interface PrepareVolume {
  readonly kind: 'prepare-volume';
  readonly node: NodeName;
}

export const prepareVolume: StepKind<PrepareVolume> = {
  id: (step) => `prepare-volume:${step.node}`,
  describe: (step) => `create the volume of ${step.node}`,
  risk: 'safe',
  locks: (step) => [`node:${step.node}`],
  disturbs: () => [],
  effect: (step) => setNode(step.node, { volume: 'ready' }),
  deadlineMs: 30_000,
  sends: (step) => [`docker volume create (for ${step.node})`],
  async execute(step, context) {
    const { host } = nodeOf(context.live, step.node);
    await context
      .engine(host)
      .createVolume(context.material.volume(step.node), context.material.labels(step.node));
  },
};
