/** Stops and removes a container that is to be made anew; its volume, and so the node's identity and data, stay. */
import type { HostName, NodeName } from '../model/cluster-state.ts';
import { nodeOf } from '../model/topology.ts';
import { STOP_GRACE_MS } from './restart-node.ts';
import { type StepKind, setNode } from './step.ts';
import { stopOf } from './stopping.ts';

export interface RemoveContainer {
  readonly kind: 'remove-container';
  readonly node: NodeName;
  readonly host: HostName;
  /** What of it cannot be changed in place, for example `image redis:8.4.2 -> redis:8.6.3`. */
  readonly because: string;
}

export const removeContainer: StepKind<RemoveContainer> = {
  id: (step) => `remove-container:${step.node}`,
  describe: (step) => `replace the container of ${step.node}, keeping its volume (${step.because})`,
  // Not destructive: the volume with data and identity stays, and the next wave starts the node on it again.
  risk: 'disruptive',
  locks: (step, state) => [`node:${step.node}`, `shard:${nodeOf(state, step.node).shard}`],
  disturbs: (step, state) => (nodeOf(state, step.node).container === 'running' ? [step.node] : []),
  effect: (step, state) => [
    ...stopOf(state, step.node),
    ...setNode(step.node, { container: 'absent', launch: null }),
  ],
  deadlineMs: 120_000,
  sends: (step) => [`docker stop ${step.node}`, `docker rm ${step.node}`],
  async execute(step, context) {
    const engine = context.engine(step.host);
    await engine.stopContainer(step.node, STOP_GRACE_MS);
    await engine.removeContainer(step.node);
  },
};
