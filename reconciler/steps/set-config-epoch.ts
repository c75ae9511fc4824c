/** Gives a new node a configuration epoch of its own before it meets anybody. */
import type { NodeName } from '../model/cluster-state.ts';
import { type StepContext, type StepKind, setNode } from './step.ts';

export interface SetConfigEpoch {
  readonly kind: 'set-config-epoch';
  readonly node: NodeName;
}

/**
 * A number above every epoch that was seen, and different for every node of one wave.
 *
 * With epoch 0 any gossip about a dead node would beat the newcomer's claim on its slots
 * (valkey-io/valkey-operator PR 197). Which number it is, is no part of what a reviewer approves.
 */
function freshEpoch(node: NodeName, { facts, live }: StepContext): number {
  const seen = Object.values(facts.nodes).map(({ reading }) => reading?.currentEpoch ?? 0);
  return Math.max(0, ...seen) + Object.keys(live.nodes).sort().indexOf(node) + 1;
}

export const setConfigEpoch: StepKind<SetConfigEpoch> = {
  id: (step) => `set-config-epoch:${step.node}`,
  describe: (step) => `give ${step.node} a configuration epoch`,
  risk: 'safe',
  locks: (step) => [`node:${step.node}`],
  disturbs: () => [],
  effect: (step) => setNode(step.node, { epoch: 'set' }),
  deadlineMs: 10_000,
  sends: () => ['CLUSTER SET-CONFIG-EPOCH <above all seen>'],
  async execute(step, context) {
    await context.redis(step.node).setConfigEpoch(freshEpoch(step.node, context));
  },
};
