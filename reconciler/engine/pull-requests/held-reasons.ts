/** Why a change is held: each reason with what helps. */
import type { ApprovalPolicy } from '../../../spec-schema/policy/policy.ts';
import type { Problem } from '../../../spec-schema/problem.ts';
import type { Plan } from '../../planner/plan.ts';
import type { PlanChange, Requirement } from '../../planner/preview/preview.ts';
import type { ShownPreview } from './desk.ts';
import type { Origin } from './origin.ts';

/** Why what would run is not simply what was shown; undefined when it is. */
export function whyHeld({
  origin,
  shown,
  shownPlan,
  change,
  plan,
  rewound,
  policy,
  branch,
}: {
  readonly origin: Origin;
  readonly shown: ShownPreview | undefined;
  readonly shownPlan: Plan | undefined;
  readonly change: PlanChange | undefined;
  readonly plan: Plan;
  readonly rewound: boolean;
  readonly policy: ApprovalPolicy;
  readonly branch: string;
}): Problem | undefined {
  const cluster = plan.cluster;
  if (rewound)
    return problem(
      'branch-rewound',
      cluster,
      `${branch} was rewound or force-pushed: the spec that is in force is not behind its head any more`,
      'approve the plan of now, or push a branch that contains what was there',
    );
  if (origin.kind === 'unknown')
    return problem(
      'origin-unknown',
      cluster,
      origin.why,
      'it is asked again at the next poll; nothing is to be done',
    );
  if (origin.kind === 'direct')
    return policy.onDirectPush === 'apply'
      ? undefined
      : problem(
          'direct-push',
          cluster,
          `the change came onto ${branch} without a pull request`,
          'approve the plan of now, revert the commit, or let the policy say `onDirectPush: apply`',
        );
  if (shown === undefined || shownPlan === undefined)
    return problem(
      'plan-not-shown',
      cluster,
      'it was merged before a plan was shown',
      'look at the plan of now, and approve it',
    );
  if (change?.verdict === 'other')
    return problem(
      'plan-changed',
      cluster,
      `the plan of now is not the one that was shown: ${change.added.length} ${change.added.length === 1 ? 'step' : 'steps'} more, ${change.gone.length} fewer`,
      'look at what is different, and approve the plan of now',
    );
  if (plan.status === 'blocked' && shownPlan.status !== 'blocked')
    return problem(
      'plan-blocked',
      cluster,
      `something stands in the way that did not when the plan was shown: ${plan.blocks[0]?.summary ?? ''}`,
      plan.blocks[0]?.hint ?? 'it is looked at again at the next poll',
    );
  return undefined;
}

/** What of the requirements is not there yet, or never will be. */
export function openOf(requirements: readonly Requirement[]): Problem[] {
  return requirements
    .filter(({ state }) => state !== 'met')
    .map(({ kind, state, text }) =>
      problem(
        state === 'refused' ? 'refused-by-policy' : `needs-${kind}`,
        kind,
        text,
        state === 'refused' ? 'revert it, or change the policy in a pull request of its own' : HINTS[kind],
      ),
    );
}

const HINTS: Readonly<Record<Requirement['kind'], string>> = {
  approval: 'approve the plan: a review, or `/redisforge approve` with its id',
  confirmation: 'write `/redisforge approve` with the id of the plan',
  window: 'wait; it goes on by itself',
  limit: 'do it in several pull requests',
  backup: 'make a backup',
  mergeable: 'settle the conflict',
};

function problem(code: string, subject: string, summary: string, hint: string): Problem {
  return { severity: 'error', code, subject, summary, hint };
}

/** For a plan that could not be made and says nothing about it. */
export function nothingSaid(cluster: string): Problem {
  return problem('held', cluster, 'no plan could be made', 'it is tried again at the next poll');
}
