/** Gives slots that nobody owns to a primary. */
import type { NodeName } from '../model/cluster-state.ts';
import { formatSlots, parseSlots, slotCount, subtractSlots, unionSlots } from '../model/slots.ts';
import { nodeOf } from '../model/topology.ts';
import { type StepKind, setNode } from './step.ts';

export interface AssignSlots {
  readonly kind: 'assign-slots';
  readonly node: NodeName;
  /** In the form of `formatSlots`. */
  readonly slots: string;
}

export const assignSlots: StepKind<AssignSlots> = {
  id: (step) => `assign-slots:${step.node}:${step.slots.replaceAll(' ', ',')}`,
  describe: (step) => `assign ${slotCount(parseSlots(step.slots))} slots to ${step.node} (${step.slots})`,
  risk: 'safe',
  locks: (step) => [`node:${step.node}`],
  disturbs: () => [],
  effect: (step, state) => {
    const node = nodeOf(state, step.node);
    const assigned = parseSlots(step.slots);
    return setNode(step.node, {
      slots: formatSlots(unionSlots(parseSlots(node.slots), assigned)),
      strandedKeys: formatSlots(subtractSlots(parseSlots(node.strandedKeys), assigned)),
    });
  },
  deadlineMs: 10_000,
  sends: (step) => [`CLUSTER ADDSLOTSRANGE ${step.slots.replaceAll('-', ' ')}`],
  async execute(step, context) {
    await context.redis(step.node).addSlots(parseSlots(step.slots));
  },
};
