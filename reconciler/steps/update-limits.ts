/** Changes a running container's memory and CPU limits and restart policy, which needs no restart. */
import type { HostName, NodeName } from '../model/cluster-state.ts';
import type { ContainerLimits } from '../ports.ts';
import { pointer, type StepKind } from './step.ts';

export interface UpdateLimits {
  readonly kind: 'update-limits';
  readonly node: NodeName;
  readonly host: HostName;
  readonly limits: ContainerLimits;
}

export const updateLimits: StepKind<UpdateLimits> = {
  id: (step) =>
    `update-limits:${step.node}:${step.limits.memoryBytes}:${step.limits.cpus}:${step.limits.restart}`,
  describe: (step) => {
    const { memoryBytes, cpus, restart } = step.limits;
    const memory = memoryBytes === 0 ? 'no memory limit' : `memory ${memoryBytes} bytes`;
    return `set limits of ${step.node}: ${memory}, ${cpus === 0 ? 'no cpu limit' : `${cpus} cpus`}, restart ${restart}`;
  },
  risk: 'safe',
  locks: (step) => [`node:${step.node}`],
  disturbs: () => [],
  effect: (step) =>
    Object.entries(step.limits).map(([field, value]) => ({
      op: 'replace',
      path: pointer('nodes', step.node, 'launch', field),
      value,
    })),
  deadlineMs: 30_000,
  sends: (step) => [`docker update ${step.node}`],
  async execute(step, context) {
    await context.engine(step.host).updateContainer(step.node, step.limits);
  },
};
