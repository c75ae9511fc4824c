/** Laws about what is taken away for good; see `laws.ts`. */
import { followersOf, isMember, isSyncedReplica, nodeOf, ownsSlots, peersOf } from '../model/topology.ts';
import { describeStep, stepId, stepRisk } from '../steps/table.ts';
import type { Law, Violation } from './law.ts';

/** Law 8: what cannot be undone runs only when an approved plan contains it, and never while something depends on it. */
export const destructionIsApproved: Law = function* ({ before, steps }, policy) {
  for (const step of steps) {
    if (stepRisk(step) !== 'destructive') continue;
    const id = stepId(step);
    if (policy.approved !== 'all' && !policy.approved.has(id)) {
      yield { law: 8, summary: `${describeStep(step)}: no approved plan contains it`, steps: [id] };
    }
    if (step.kind !== 'remove-node') continue;
    const node = nodeOf(before, step.node);
    if (ownsSlots(node) || followersOf(before, step.node).length > 0) {
      yield { law: 8, summary: `${describeStep(step)}: it owns slots or others replicate it`, steps: [id] };
    }
  }
};

/** Law 2: a volume goes only with a surge replica, whose data every lasting member of its shard has too. */
export const surgeIsSpare: Law = function* ({ before, steps }) {
  for (const step of steps) {
    if (step.kind !== 'remove-surge') continue;
    const node = nodeOf(before, step.node);
    const violation = (why: string): Violation => ({
      law: 2,
      summary: `${describeStep(step)}: ${why}`,
      steps: [stepId(step)],
    });
    const peers = peersOf(before, step.node).filter((peer) => !nodeOf(before, peer).surge);
    const lacking = peers.filter((peer) => {
      const other = nodeOf(before, peer);
      return !(isMember(other) && (ownsSlots(other) || isSyncedReplica(other)));
    });
    const followers = Object.values(before.nodes).filter(({ replicaOf }) => replicaOf === step.node);
    if (!node.surge) yield violation('it is none');
    if (ownsSlots(node) || followers.length > 0) yield violation('it owns slots or others replicate it');
    // One that is in sync is part of the redundancy until all others are.
    if (isSyncedReplica(node) && (lacking.length > 0 || peers.length === 0))
      yield violation(`${lacking.join(', ')} of the same shard is not in sync`);
  }
};
