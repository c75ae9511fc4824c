/** The one decision function: which steps may start now, or why none may. */
import type { ClusterState } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { oncePer } from '../model/once.ts';
import { nodeOf } from '../model/topology.ts';
import { HeldLocks } from '../steps/locks.ts';
import { describeStep, type Step, stepDisturbs, stepId, stepLocks, stepRisk } from '../steps/table.ts';
import { emptied, unitesWithEmptied } from './emptied.ts';
import { brakes, type Hold, halts, holdOf } from './holds.ts';
import { type Intent, leaversOf } from './intent.ts';
import type { Law } from './law.ts';
import { checkLaws, LAWS } from './laws.ts';
import { configurationRules, userRules } from './rules/configuration.ts';
import { containerRules } from './rules/containers.ts';
import { failoverRules } from './rules/failovers.ts';
import { foreignRules, isOccupied } from './rules/foreign.ts';
import { formationRules } from './rules/formation.ts';
import { ghostRules } from './rules/ghosts.ts';
import { hostRules } from './rules/hosts.ts';
import { leavingRules } from './rules/leaving.ts';
import { membershipRules } from './rules/membership.ts';
import { migrationRules } from './rules/migrations.ts';
import { quorumRules } from './rules/quorum.ts';
import { replicationRules } from './rules/replication.ts';
import { restartRules } from './rules/restarts.ts';
import { roleRules } from './rules/roles.ts';
import {
  type Block,
  block,
  isProposal,
  type Policy,
  type Proposal,
  type Rule,
  type RuleContext,
} from './rules/rule.ts';
import { slotRules } from './rules/slots.ts';
import { surgeRules } from './rules/surges.ts';
import { waitingRules } from './rules/waiting.ts';
import { intentNow } from './surge.ts';

/** Every topic, in the order in which their refusals are shown. */
export const RULES: Readonly<Record<string, Rule>> = {
  hosts: hostRules,
  ghosts: ghostRules,
  failovers: failoverRules,
  quorum: quorumRules,
  foreign: foreignRules,
  containers: containerRules,
  membership: membershipRules,
  slots: slotRules,
  replication: replicationRules,
  formation: formationRules,
  configuration: configurationRules,
  users: userRules,
  restarts: restartRules,
  roles: roleRules,
  migrations: migrationRules,
  leaving: leavingRules,
  surges: surgeRules,
  waiting: waitingRules,
};

/** A step of a wave, with its identity and the difference that it removes. */
export interface PlannedStep {
  readonly id: string;
  readonly step: Step;
  readonly because: string;
}

export interface Decision {
  /** The steps that may start now, in id order; no two share a lock. */
  readonly wave: readonly PlannedStep[];
  /** What is different but must not, or cannot, be changed now. */
  readonly blocks: readonly Block[];
}

/** The rules that propose and the laws that refuse; replaceable so that tests can show that each one matters. */
export interface Machinery {
  readonly rules: Readonly<Record<string, Rule>>;
  readonly laws: Readonly<Record<string, Law>>;
}

export const MACHINERY: Machinery = { rules: RULES, laws: LAWS };

const namesOf = oncePer(({ nodes }: Intent) => Object.keys(nodes).sort());

/**
 * Pure: no clock, no IO, and the answer depends on nothing that was said before, which only spares work.
 */
export function nextSteps(
  intent: Intent,
  desired: ClusterState,
  live: ClusterState,
  facts: Facts,
  policy: Policy,
  { rules, laws }: Machinery = MACHINERY,
): Decision {
  const present = intentNow(intent, live, facts);
  const context: RuleContext = {
    intent: present,
    desired,
    live,
    facts,
    policy,
    names: namesOf(present),
    leavers: leaversOf(present, live).filter((name) => !nodeOf(live, name).surge),
  };
  const proposals: Proposal[] = [];
  const blocks: Block[] = [];
  const pairs = emptied(live);
  for (const rule of Object.values(rules)) {
    for (const finding of rule(context)) {
      if (!isProposal(finding)) blocks.push(finding);
      else if (!unitesWithEmptied(finding.step, pairs)) proposals.push(finding);
    }
  }
  return { ...largestWave(context, isOccupied(context) ? [] : proposals, laws, blocks), blocks };
}

/** Law 8: what cannot be undone runs only from a plan that somebody has approved. */
function isApproved(id: string, { approved }: Policy): boolean {
  return approved === 'all' || approved.has(id);
}

/** The largest set of candidates, in id order, in which no two share a lock and no law is broken. */
function largestWave(
  context: RuleContext,
  proposals: readonly Proposal[],
  laws: Readonly<Record<string, Law>>,
  blocks: Block[],
): { wave: PlannedStep[] } {
  const { live, policy } = context;
  const candidates = proposals
    .map(({ step, because }) => ({ id: stepId(step), step, because }))
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const wave: PlannedStep[] = [];
  const disturbing: Step[] = [];
  const taken = new HeldLocks(policy.held);
  const refusals: Block[] = [];
  const unapproved: PlannedStep[] = [];
  const held = new Map<string, { readonly hold: Hold; readonly steps: readonly PlannedStep[] }>();
  for (const candidate of candidates) {
    const hold =
      halts(context.facts.halt, candidate.step) ??
      (policy.holds === 'kept'
        ? (brakes(policy.brake, candidate.step) ??
          holdOf(context.intent.spec, candidate.step, context.facts.now))
        : undefined);
    if (hold !== undefined) {
      held.set(hold.summary, { hold, steps: [...(held.get(hold.summary)?.steps ?? []), candidate] });
      continue;
    }
    if (stepRisk(candidate.step) === 'destructive' && !isApproved(candidate.id, policy)) {
      unapproved.push(candidate);
      continue;
    }
    const locks = stepLocks(candidate.step, live);
    if (locks.some((lock) => taken.holderAgainst(lock) !== undefined)) continue;
    if (stepDisturbs(candidate.step, live).length > 0) {
      // Only steps that disturb can break a law together with others; each is weighed against those chosen before.
      const violations = checkLaws(
        { before: live, steps: [...disturbing, candidate.step], after: live },
        { ...policy, held: new Set() },
        laws,
      );
      const first = violations[0];
      if (first !== undefined) {
        if (disturbing.length === 0)
          refusals.push(
            block(
              `law-${first.law}`,
              candidate.id,
              `${candidate.id} may not start: ${first.summary}`,
              candidate.because,
              'nothing is done until that has changed',
            ),
          );
        continue;
      }
      disturbing.push(candidate.step);
    }
    for (const lock of locks) taken.add(lock, candidate.id);
    wave.push(candidate);
  }
  if (wave.length === 0) blocks.push(...refusals);
  for (const { hold, steps } of held.values()) {
    const waiting = steps.map(({ step }) => describeStep(step));
    const more = waiting.length > 3 ? ` and ${waiting.length - 3} more` : '';
    blocks.push(
      block(hold.code, 'cluster', hold.summary, `${waiting.slice(0, 3).join('; ')}${more}`, hold.hint),
    );
  }
  for (const { id, step, because } of unapproved) {
    blocks.push(
      block(
        'needs-approval',
        id,
        `${describeStep(step)}: this cannot be undone, and no approved plan contains it`,
        because,
        'approve a plan that contains it: merge a commit whose plan shows it, or run redisforge apply',
      ),
    );
  }
  return { wave };
}
