/** Makes all members forget a lost one that owns nothing and that nobody replicates. */
import type { NodeId } from '../model/cluster-state.ts';
import { isMember, nodeOf } from '../model/topology.ts';
import { pointer, type StepKind } from './step.ts';

export interface ForgetGhost {
  readonly kind: 'forget-ghost';
  readonly id: NodeId;
  /** Its last address, for people. */
  readonly address: string;
}

export const forgetGhost: StepKind<ForgetGhost> = {
  id: (step) => `forget-ghost:${step.id}`,
  describe: (step) =>
    `forget the lost member ${step.id.slice(0, 8)} (${step.address === '' ? 'no address' : step.address})`,
  // Safe, not destructive: what is forgotten has failed, owns no slot and has no replicas; there is nothing to lose.
  risk: 'safe',
  locks: () => ['cluster'],
  disturbs: () => [],
  effect: (step) => [{ op: 'remove', path: pointer('ghosts', step.id) }],
  deadlineMs: 30_000,
  sends: (step) => [`CLUSTER FORGET ${step.id} (to every member)`],
  async execute(step, context) {
    // To every member within the 60 seconds of the ban; gossip would do it too (0.6 s), but need not be waited for.
    const knowing = Object.keys(context.live.nodes).filter(
      (name) =>
        isMember(nodeOf(context.live, name)) &&
        context.facts.nodes[name]?.reading?.members.some((member) => member.id === step.id) === true,
    );
    await Promise.all(knowing.map((name) => context.redis(name).forget(step.id)));
  },
};
