/** Starts a node's stopped container again, with its configuration files as the spec has them. */
import type { HostName, NodeName } from '../model/cluster-state.ts';
import { returnOf } from './returning.ts';
import { type StepKind, setNode } from './step.ts';

export interface StartNode {
  readonly kind: 'start-node';
  readonly node: NodeName;
  readonly host: HostName;
  readonly config: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, string>>;
}

export const startNode: StepKind<StartNode> = {
  id: (step) => `start-node:${step.node}`,
  describe: (step) => `start ${step.node} again on ${step.host}`,
  risk: 'safe',
  locks: (step) => [`node:${step.node}`, `starts:${step.node}`],
  disturbs: () => [],
  effect: (step, state) => [
    ...returnOf(state, step.node),
    ...setNode(step.node, { config: step.config, users: step.users }),
  ],
  deadlineMs: 60_000,
  sends: (step) => ['docker cp redis.conf and users.acl into its volume', `docker start ${step.node}`],
  async execute(step, context) {
    const engine = context.engine(step.host);
    // A stopped server cannot be asked for its configuration: writing the files makes it known.
    await engine.putFiles(step.node, context.material.files(step.node, step.config));
    await engine.startContainer(step.node);
  },
};
