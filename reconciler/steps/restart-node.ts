/** Restarts a node for directives that the server reads only when it starts. */
import type { HostName, NodeName } from '../model/cluster-state.ts';
import { nodeOf } from '../model/topology.ts';
import { returnOf } from './returning.ts';
import { type StepKind, setNode } from './step.ts';

export interface RestartNode {
  readonly kind: 'restart-node';
  readonly node: NodeName;
  readonly host: HostName;
  /** The directives that make the restart necessary, with their new values. */
  readonly changes: Readonly<Record<string, string>>;
  /** All directives in force after the restart. */
  readonly config: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, string>>;
}

/** Time that redis-server gets to write what it has to write before it is killed. */
export const STOP_GRACE_MS = 30_000;

export const restartNode: StepKind<RestartNode> = {
  id: (step) => `restart-node:${step.node}`,
  describe: (step) => {
    const changes = Object.entries(step.changes).map(([directive, value]) => `${directive} ${value}`);
    return `restart ${step.node} for ${changes.join(', ')}`;
  },
  risk: 'disruptive',
  locks: (step, state) => [
    `node:${step.node}`,
    `shard:${nodeOf(state, step.node).shard}`,
    `starts:${step.node}`,
  ],
  disturbs: (step) => [step.node],
  effect: (step, state) => [
    ...returnOf(state, step.node),
    ...setNode(step.node, { config: step.config, users: step.users }),
  ],
  deadlineMs: 120_000,
  sends: (step) => [
    `docker stop ${step.node}`,
    'docker cp redis.conf and users.acl into its volume',
    `docker start ${step.node}`,
  ],
  async execute(step, context) {
    const engine = context.engine(step.host);
    await engine.stopContainer(step.node, STOP_GRACE_MS);
    await engine.putFiles(step.node, context.material.files(step.node, step.config));
    await engine.startContainer(step.node);
  },
};
