/** From what a pull request changes, and what is live, to the preview that is shown. Nothing outside is changed. */
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import type { ApprovalPolicy } from '../../../spec-schema/policy/policy.ts';
import type { Problem } from '../../../spec-schema/problem.ts';
import { diff } from '../../planner/diff.ts';
import { type Plan, PlanningError, plan, stateAfter } from '../../planner/plan.ts';
import { liveDigest, planId, understoodDigest } from '../../planner/preview/digests.ts';
import type { Binding, Outcome, Preview } from '../../planner/preview/preview.ts';
import { specEdits } from '../../planner/preview/spec-edits.ts';
import { resolve } from '../../planner/resolve.ts';
import { type Cluster, openCluster, type Ports, policyOf } from '../cluster.ts';
import { readOnly } from '../documents.ts';
import type { Observation } from '../interpret/interpret.ts';
import { observe } from '../observe.ts';
import type { ProposedChange } from './proposal.ts';

/** A cluster as it is, looked at through the eyes of one spec. */
export type Sight =
  | { readonly problems: readonly Problem[] }
  | {
      readonly problems?: undefined;
      readonly cluster: Cluster;
      readonly observation: Observation;
      /** {@link liveDigest} of what was seen. */
      readonly digest: string;
    };

/** Looks without leaving a trace: what a proposed spec makes of a cluster must not be remembered. @throws PortError */
export async function lookAt(spec: ClusterSpec, ports: Ports): Promise<Sight> {
  const { cluster, problems } = await openCluster(spec, { ...ports, store: readOnly(ports.store) });
  if (cluster === undefined) return { problems };
  const observation = await observe(cluster);
  return { cluster, observation, digest: liveDigest(observation.live) };
}

export type PlanAttempt =
  | { readonly problems: readonly Problem[] }
  | { readonly problems?: undefined; readonly plan: Plan; readonly outcome: Outcome };

/** The plan as it would be made now, destructive steps, pauses and windows notwithstanding. */
export function planFor(sight: Sight): PlanAttempt {
  if (sight.problems !== undefined) return { problems: sight.problems };
  const { cluster, observation } = sight;
  const { live, facts } = observation;
  try {
    const made = plan(cluster.intent, live, facts, policyOf(cluster));
    const kind = made.status === 'converged' ? 'no-op' : made.status;
    return {
      plan: made,
      outcome: { kind, plan: made, sides: { live, after: stateAfter(live, made.waves) } },
    };
  } catch (error) {
    if (!(error instanceof PlanningError)) throw error;
    return {
      problems: [
        {
          severity: 'error',
          code: 'planning-defect',
          subject: cluster.intent.spec.metadata.name,
          summary: `no plan could be made, which is a defect of RedisForge: ${error.message}`,
          hint: 'report it, with the spec; nothing is changed meanwhile',
        },
      ],
    };
  }
}

export interface PreviewRequest {
  readonly change: ProposedChange;
  /** Commit ids. */
  readonly head: string;
  readonly base: string;
  readonly policy: ApprovalPolicy;
  /** Version of RedisForge. */
  readonly engine: string;
  /** Why nothing live may be looked at; undefined when it may. */
  readonly offline: string | undefined;
}

/** @param sight undefined when nothing live was to be looked at. @throws PortError */
export async function makePreview(
  { change, head, base, policy, engine, offline }: PreviewRequest,
  sight: Sight | undefined,
  ports: Ports,
): Promise<Preview> {
  const binding: Binding = {
    head,
    base,
    spec: change.head === undefined ? '' : understoodDigest(change.head),
    policy: understoodDigest(policy),
    live: sight === undefined || sight.problems !== undefined ? '' : sight.digest,
    engine,
  };
  const preview = {
    cluster: change.cluster,
    path: change.path,
    binding,
    edits: change.head === undefined ? [] : specEdits(change.base, change.head),
    requirements: [],
    plannedAt: ports.clock.now(),
    earlier: [],
  };
  const nothing = { id: undefined, drift: [] };
  if (change.state === 'gone') return { ...preview, ...nothing, outcome: { kind: 'released' } };
  if (change.head === undefined) {
    const kind = change.state === 'conflict' ? 'failed' : 'invalid';
    return { ...preview, ...nothing, outcome: { kind, problems: change.problems } };
  }
  if (sight === undefined)
    return { ...preview, ...nothing, outcome: { kind: 'offline', reason: offline ?? 'nothing was asked' } };
  const attempt = planFor(sight);
  if (attempt.problems !== undefined)
    return { ...preview, ...nothing, outcome: { kind: 'failed', problems: attempt.problems } };
  return {
    ...preview,
    id: planId(change.cluster, head, attempt.plan.digest),
    outcome: attempt.outcome,
    drift: change.base === undefined ? [] : await driftFrom(change.base, ports),
  };
}

/** What is already different on the live cluster, measured against the spec of the base branch. @throws PortError */
async function driftFrom(base: ClusterSpec, ports: Ports): Promise<Preview['drift']> {
  const sight = await lookAt(base, ports);
  if (sight.problems !== undefined) return [];
  const { live, facts } = sight.observation;
  return diff(live, resolve(sight.cluster.intent, live, facts));
}
