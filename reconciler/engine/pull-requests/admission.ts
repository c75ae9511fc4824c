/**
 * Admission: whether a spec that came onto the followed branch may come into force. The cluster is looked at and planned
 * afresh; what would run must be what was shown and approved, or less.
 */
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import { type ApprovalPolicy, DEFAULT_POLICY } from '../../../spec-schema/policy/policy.ts';
import type { Problem } from '../../../spec-schema/problem.ts';
import {
  allMet,
  type GivenApproval,
  requirementsOf,
  shrinkageOf,
} from '../../planner/approval/requirements.ts';
import type { Plan } from '../../planner/plan.ts';
import { planId, understoodDigest } from '../../planner/preview/digests.ts';
import { planChange } from '../../planner/preview/plan-change.ts';
import type { PlanChange, Requirement } from '../../planner/preview/preview.ts';
import { PortError } from '../../ports.ts';
import { stepRisk } from '../../steps/table.ts';
import type { SpecInForce } from '../in-force.ts';
import { approvalsFor } from './approvals.ts';
import { type Desk, previewName, type RolloutRecord, type ShownPreview } from './desk.ts';
import { nothingSaid, openOf, whyHeld } from './held-reasons.ts';
import { type Origin, originOf } from './origin.ts';
import type { PolicySource } from './policy-source.ts';
import { lookAt, planFor } from './preview-making.ts';

/** A spec that differs from the one in force. */
export interface Candidate {
  readonly cluster: string;
  readonly path: string;
  readonly spec: ClusterSpec;
  /** Head of the branch from which it was read. */
  readonly commit: string;
  /** Author of that commit, as far as it is known. */
  readonly author: string | undefined;
  /** The head before it, as far as it is known. */
  readonly previous: string | undefined;
  readonly inForce: SpecInForce | undefined;
  /** What the keeper of the cluster follows now. */
  readonly followed: string | undefined;
}

export type Verdict =
  | { readonly verdict: 'admitted'; readonly approved: ReadonlySet<string> }
  | { readonly verdict: 'held'; readonly problem: Problem };

/** Whether a commit's spec may come into force; while it may not, the one in force stays, and nothing of it is begun. */
export interface Admission {
  admit(candidate: Candidate, signal: AbortSignal): Promise<Verdict>;
  /** Clusters whose change is in force and cannot go on, because no approved plan has what comes next. */
  stuck(): readonly string[];
  /**
   * Whether a cluster may be let go because its spec is gone.
   * @param previous head of the branch before, whose policy counts.
   * @throws PortError
   */
  mayRelease(previous: string | undefined): Promise<boolean>;
}

/** Everything that was found out about a candidate. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly record: RolloutRecord;
}

/** @throws PortError when the repository or the store fails. */
export async function judge(
  desk: Desk,
  policies: PolicySource,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<Judgement> {
  const { cluster, path, spec, commit, inForce } = candidate;
  const { repository, ports, books } = desk;
  const brought = (await repository.lastChange(commit, path)) ?? commit;
  const earlier = books.rollouts.get(cluster);
  const same = earlier !== undefined && earlier.spec === understoodDigest(spec) ? earlier : undefined;
  const seenAt = same?.seenAt ?? ports.clock.now();
  const previous = same?.previous ?? candidate.previous;
  // Asked once: a push does not become a pull request later.
  const pushed = same?.rollout.mergeCommit === brought && same.rollout.problems.some(isDirectPush);
  const origin: Origin = pushed
    ? { kind: 'direct' }
    : await originOf(desk, { commit: brought, cluster, inForce, seenAt }, signal);
  const pullRequest = origin.kind === 'pull-request' ? origin.pullRequest : undefined;
  // One that was opened and merged between two polls.
  if (pullRequest !== undefined && books.pullRequests.get(pullRequest.id) === undefined)
    await books.pullRequests.put(pullRequest.id, {
      pullRequest,
      clusters: [],
      plannedHead: undefined,
      unsaid: [],
    });
  const shown =
    pullRequest === undefined ? undefined : books.previews.get(previewName(pullRequest.id, cluster));
  const record: Omit<RolloutRecord, 'rollout' | 'change'> = {
    pullRequest: pullRequest?.id,
    author: pullRequest?.author ?? (brought === commit ? candidate.author : undefined),
    spec: understoodDigest(spec),
    seenAt,
    previous,
    before: candidate.followed,
  };
  const policy = shown?.policy ?? (previous === undefined ? DEFAULT_POLICY : await policies.at(previous));
  const sight = await lookAt(spec, ports);
  const attempt = planFor(sight);
  if (attempt.problems !== undefined) {
    const problem = attempt.problems[0] ?? nothingSaid(cluster);
    return held({ cluster, brought, plan: undefined, id: undefined }, record, undefined, [problem]);
  }
  const { plan } = attempt;
  const id = planId(cluster, brought, plan.digest);
  const shownPlan =
    shown !== undefined && 'plan' in shown.preview.outcome ? shown.preview.outcome.plan : undefined;
  const change = shownPlan === undefined ? undefined : planChange(shownPlan.waves, plan.waves);
  const rewound = inForce !== undefined && !(await repository.isAncestor(inForce.commit, commit));
  const reason = whyHeld({
    origin,
    shown,
    shownPlan,
    change,
    plan,
    rewound,
    policy,
    branch: desk.settings.branch,
  });
  const given = await givenFor(desk, { origin, shown, id, policy, asShown: reason === undefined }, signal);
  const requirements = [
    ...(inForce === undefined ? [] : shrinkageOf(policy, inForce.spec, spec)),
    ...requirementsOf(policy, {
      plan,
      author: pullRequest?.author,
      approvals: given,
      now: ports.clock.now(),
    }),
    ...brakeOf(desk, cluster),
  ];
  const named = given.some(({ by, mayWrite }) => by === 'command' && mayWrite);
  const subject = { cluster, brought, plan, id };
  if (reason !== undefined && !named) return held(subject, record, change, [reason, ...openOf(requirements)]);
  if (!allMet(requirements)) return held(subject, record, change, openOf(requirements));
  const approved =
    reason !== undefined ? destructiveIds(plan) : shownPlan === undefined ? [] : destructiveIds(shownPlan);
  return {
    verdict: { verdict: 'admitted', approved: new Set(approved) },
    record: {
      ...record,
      change,
      rollout: {
        cluster,
        mergeCommit: brought,
        plan: id,
        state: 'running',
        problems: [],
        steps: stepsOf(plan),
        begunAt: ports.clock.now(),
        endedAt: undefined,
        live: undefined,
      },
    },
  };
}

function isDirectPush({ code }: Problem): boolean {
  return code === 'direct-push';
}

interface Subject {
  readonly cluster: string;
  readonly brought: string;
  readonly plan: Plan | undefined;
  readonly id: string | undefined;
}

function held(
  { cluster, brought, plan, id }: Subject,
  record: Omit<RolloutRecord, 'rollout' | 'change'>,
  change: PlanChange | undefined,
  problems: readonly Problem[],
): Judgement {
  const problem = problems[0] ?? nothingSaid(cluster);
  return {
    verdict: { verdict: 'held', problem },
    record: {
      ...record,
      change: change?.verdict === 'other' ? change : undefined,
      rollout: {
        cluster,
        mergeCommit: brought,
        plan: id,
        state: 'held',
        problems,
        steps: plan === undefined ? [] : stepsOf(plan),
        begunAt: undefined,
        endedAt: undefined,
        live: undefined,
      },
    },
  };
}

function stepsOf(plan: Plan): RolloutRecord['rollout']['steps'] {
  return plan.waves
    .flat()
    .map((planned) => ({ planned, state: 'waiting', durationMs: undefined, reason: undefined }));
}

function destructiveIds({ waves }: Plan): string[] {
  return waves
    .flat()
    .filter(({ step }) => stepRisk(step) === 'destructive')
    .map(({ id }) => id);
}

function brakeOf({ books, ports }: Desk, cluster: string): Requirement[] {
  const brake = books.commands.brakeOn(cluster, ports.clock.now());
  return brake === undefined ? [] : [{ kind: 'window', state: 'open', text: brake.summary }];
}

/** Approvals of the shown plan hold while what would run is that plan or less of it; otherwise only those that name the new one. */
async function givenFor(
  desk: Desk,
  {
    origin,
    shown,
    id,
    policy,
    asShown,
  }: {
    readonly origin: Origin;
    readonly shown: ShownPreview | undefined;
    readonly id: string;
    readonly policy: ApprovalPolicy;
    readonly asShown: boolean;
  },
  signal: AbortSignal,
): Promise<readonly GivenApproval[]> {
  const shownId = asShown ? shown?.preview.id : undefined;
  const question = {
    pullRequest: asShown && origin.kind === 'pull-request' ? origin.pullRequest.id : undefined,
    head: shown?.preview.binding.head ?? '',
    plans: new Set([id, ...(shownId === undefined ? [] : [shownId])]),
  };
  try {
    return await approvalsFor(desk, question, policy, signal);
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    // The forge is away: what was known when the plan was shown still counts, what was said since then does not.
    return asShown ? (shown?.given ?? []) : [];
  }
}
