/** Takes a surge replica away when the roll that it was there for is over: out of the cluster, container and volume. */
import type { HostName, NodeName } from '../model/cluster-state.ts';
import { NOTHING_THERE } from '../model/nothing-there.ts';
import { nodeOf } from '../model/topology.ts';
import { forgetNode } from './remove-node.ts';
import { STOP_GRACE_MS } from './restart-node.ts';
import { type StepKind, setNode } from './step.ts';

export interface RemoveSurge {
  readonly kind: 'remove-surge';
  readonly node: NodeName;
  readonly host: HostName;
}

export const removeSurge: StepKind<RemoveSurge> = {
  id: (step) => `remove-surge:${step.node}`,
  describe: (step) =>
    `take the surge replica ${step.node} out of the cluster, with its container and its volume`,
  // Not destructive: whatever it holds is a copy of what every lasting member of its shard has.
  risk: 'safe',
  locks: (step, state) => ['cluster', `node:${step.node}`, `shard:${nodeOf(state, step.node).shard}`],
  disturbs: () => [],
  effect: (step) => setNode(step.node, NOTHING_THERE),
  deadlineMs: 120_000,
  sends: (step) => [
    `docker stop ${step.node}`,
    `CLUSTER FORGET <id of ${step.node}> (to every member)`,
    `docker rm ${step.node}`,
    `docker volume rm (of ${step.node})`,
  ],
  async execute(step, context) {
    const engine = context.engine(step.host);
    const { container } = nodeOf(context.live, step.node);
    if (container !== 'absent') await engine.stopContainer(step.node, STOP_GRACE_MS);
    await forgetNode(step.node, context);
    await engine.removeContainer(step.node);
    await engine.removeVolume(context.material.volume(step.node));
  },
};
