/** Creates the cluster's own Docker network, once per engine. */
import type { HostName } from '../model/cluster-state.ts';
import { pointer, type StepKind } from './step.ts';

export interface CreateNetwork {
  readonly kind: 'create-network';
  /** All hosts behind the one engine that it is created on. */
  readonly hosts: readonly HostName[];
  readonly network: string;
  /** CIDR, '' to let the engine choose. */
  readonly subnet: string;
}

export const createNetwork: StepKind<CreateNetwork> = {
  id: (step) => `create-network:${step.hosts[0]}:${step.network}`,
  describe: (step) =>
    `create network ${step.network}${step.subnet === '' ? '' : ` (${step.subnet})`} on ${step.hosts.join(', ')}`,
  risk: 'safe',
  locks: (step) => step.hosts.map((host) => `host:${host}` as const),
  disturbs: () => [],
  effect: (step) =>
    step.hosts.map((host) => ({ op: 'replace', path: pointer('hosts', host, 'network'), value: 'ready' })),
  deadlineMs: 30_000,
  sends: (step) => [
    `docker network create ${step.subnet === '' ? '' : `--subnet ${step.subnet} `}${step.network}`,
  ],
  async execute(step, context) {
    const { name, subnet } = context.material.network();
    await context
      .engine(step.hosts[0] as HostName)
      .createNetwork(name, subnet, context.material.labels(undefined));
  },
};
