/** Makes a node's container on its volume and starts it. */
import type { HostName, LaunchState, NodeName } from '../model/cluster-state.ts';
import { returnOf } from './returning.ts';
import { type StepKind, setNode } from './step.ts';

export interface DeployNode {
  readonly kind: 'deploy-node';
  readonly node: NodeName;
  readonly host: HostName;
  readonly launch: LaunchState;
  readonly config: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, string>>;
}

export const deployNode: StepKind<DeployNode> = {
  id: (step) => `deploy-node:${step.node}`,
  describe: (step) => `start ${step.node} on ${step.host} from ${step.launch.image}`,
  risk: 'safe',
  locks: (step) => [`node:${step.node}`, `starts:${step.node}`],
  disturbs: () => [],
  effect: (step, state) => [
    ...returnOf(state, step.node),
    ...setNode(step.node, { launch: step.launch, config: step.config, users: step.users }),
  ],
  deadlineMs: 60_000,
  sends: (step) => [
    `docker create ${step.launch.image} redis-server (name ${step.node})`,
    'docker cp redis.conf and users.acl into its volume',
    `docker start ${step.node}`,
  ],
  async execute(step, context) {
    await context.engine(step.host).runContainer(context.material.containerPlan(step.node, step.config));
  },
};
