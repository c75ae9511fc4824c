/** What the policy of the base branch demands of one plan, and how much of it is there. */
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import type { ApprovalPolicy, ApprovalRule } from '../../../spec-schema/policy/policy.ts';
import type { Step } from '../../steps/table.ts';
import { stepRisk } from '../../steps/table.ts';
import type { Plan } from '../plan.ts';
import type { Requirement } from '../preview/preview.ts';
import { isOpen, nextOpening } from '../windows.ts';

/** One person's approval of exactly this plan: a review of its head commit, or a command that names it. */
export interface GivenApproval {
  readonly author: string;
  readonly by: 'review' | 'command';
  readonly mayWrite: boolean;
  /** Those of the teams of the policy that they are members of. */
  readonly teams: readonly string[];
}

export interface Weighed {
  readonly plan: Plan;
  /** Who opened the pull request; undefined for a change that came without one. */
  readonly author: string | undefined;
  readonly approvals: readonly GivenApproval[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

type RiskClass = ApprovalRule['risks'][number];

/** In the order in which people want to read them: what forbids it, what somebody has to do, what only takes time. */
export function requirementsOf(policy: ApprovalPolicy, weighed: Weighed): Requirement[] {
  return [
    ...limitsOf(policy, weighed.plan),
    ...approvalsOf(policy, weighed),
    ...confirmationOf(policy, weighed),
    ...windowsOf(policy, weighed),
  ];
}

/** What a pull request may not do to a spec, whoever approves it. */
export function shrinkageOf(
  { limits }: ApprovalPolicy,
  base: ClusterSpec,
  head: ClusterSpec | undefined,
): Requirement[] {
  if (head === undefined) {
    return limits.release === 'allowed'
      ? []
      : [
          refused(
            `the spec of ${base.metadata.name} is taken away; the policy has to say \`limits.release: allowed\` first`,
          ),
        ];
  }
  const count = (spec: ClusterSpec): number => new Set(spec.nodes.map(({ shard }) => shard)).size;
  const measured: readonly [string, number, number][] = [
    ['nodes', base.nodes.length, head.nodes.length],
    ['shards', count(base), count(head)],
  ];
  return measured.flatMap(([what, before, after]) =>
    before - after > (before * limits.shrinkPercent) / 100
      ? [
          refused(
            `the spec shrinks from ${before} ${what} to ${after}, by more than ${limits.shrinkPercent} %: do it in several pull requests, or raise \`limits.shrinkPercent\` in the policy first`,
          ),
        ]
      : [],
  );
}

/** Whether nothing stands in the way any more. */
export function allMet(requirements: readonly Requirement[]): boolean {
  return requirements.every(({ state }) => state === 'met');
}

/** Teams whose members the policy asks for, each once. */
export function teamsOf({ approvals }: ApprovalPolicy): string[] {
  return [...new Set(approvals.flatMap(({ teams }) => teams))];
}

/** What a step takes from data for good: no replica and no volume has it afterwards. */
export function losesData({ kind }: Step): boolean {
  return kind === 'remove-volume' || kind === 'takeover';
}

function classesOf({ waves }: Plan): Set<RiskClass> {
  const risks = new Set(waves.flat().map(({ step }) => stepRisk(step)));
  return new Set([...risks].filter((risk) => risk !== 'none'));
}

function limitsOf({ limits }: ApprovalPolicy, plan: Plan): Requirement[] {
  const { slots } = plan.estimate.migrated;
  const nodes = new Set(plan.waves.flat().flatMap(({ step }) => handledNode(step) ?? [])).size;
  const over = (what: string, count: number, limit: number | undefined): Requirement[] =>
    limit === undefined
      ? []
      : count > limit
        ? [
            refused(
              `the plan ${what} ${count}, and the policy allows ${limit}: do it in several pull requests`,
            ),
          ]
        : [{ kind: 'limit', state: 'met', text: `the plan ${what} ${count} of at most ${limit}` }];
  return [
    ...over('moves slots:', slots, limits.slots),
    ...over('deploys, restarts or removes nodes:', nodes, limits.nodes),
  ];
}

function handledNode(step: Step): string | undefined {
  return step.kind === 'deploy-node' || step.kind === 'restart-node' || step.kind === 'remove-node'
    ? step.node
    : undefined;
}

function approvalsOf(policy: ApprovalPolicy, { plan, author, approvals }: Weighed): Requirement[] {
  const classes = classesOf(plan);
  return policy.approvals
    .filter(({ risks }) => risks.some((risk) => classes.has(risk)))
    .map((rule) => {
      const counted = [
        ...new Set(approvals.filter((given) => counts(rule, given, author)).map((given) => given.author)),
      ].sort();
      const from = [...rule.logins, ...rule.teams];
      const who = from.length === 0 ? 'anybody who may write' : from.join(', ');
      const names = counted.length === 0 ? '' : ` (${counted.join(', ')})`;
      const shown = rule.risks.filter((risk) => classes.has(risk)).join(' and ');
      return {
        kind: 'approval',
        state: counted.length >= rule.count ? 'met' : 'open',
        text: `approval of ${shown} steps by ${who}: ${counted.length} of ${rule.count}${names}`,
      };
    });
}

/** Names of people are compared as forges do, without regard to case. */
function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function counts(rule: ApprovalRule, given: GivenApproval, author: string | undefined): boolean {
  if (!given.mayWrite) return false;
  if (rule.count > 1 && author !== undefined && same(given.author, author)) return false;
  if (rule.logins.length === 0 && rule.teams.length === 0) return true;
  return (
    rule.logins.some((login) => same(login, given.author)) ||
    rule.teams.some((team) => given.teams.some((each) => same(each, team)))
  );
}

function confirmationOf({ confirm }: ApprovalPolicy, { plan, approvals }: Weighed): Requirement[] {
  const steps = plan.waves.flat().map(({ step }) => step);
  const grave =
    confirm === 'never'
      ? []
      : steps.filter((step) =>
          confirm === 'data-loss' ? losesData(step) : stepRisk(step) === 'destructive',
        );
  if (grave.length === 0) return [];
  const by = approvals.find((given) => given.by === 'command' && given.mayWrite);
  const what = confirm === 'data-loss' ? 'can lose data' : 'cannot be undone';
  return [
    {
      kind: 'confirmation',
      state: by === undefined ? 'open' : 'met',
      text:
        by === undefined
          ? `${grave.length} of the steps ${what}: somebody has to approve this very plan by its id`
          : `${grave.length} of the steps ${what}: confirmed by ${by.author}`,
    },
  ];
}

function windowsOf({ windows, timezone }: ApprovalPolicy, { plan, now }: Weighed): Requirement[] {
  if (windows.length === 0) return [];
  const classes = classesOf(plan);
  return (['disruptive', 'destructive'] as const)
    .filter((risk) => classes.has(risk))
    .map((risk) => {
      const fitting = windows.filter(({ risks }) => risks.includes(risk));
      if (fitting.some((window) => isOpen(window, timezone, now)))
        return { kind: 'window', state: 'met', text: `a window for ${risk} steps is open` };
      const opens = nextOpening(fitting, timezone, now);
      const text =
        opens === undefined
          ? `the policy has no window for ${risk} steps`
          : `the next window for ${risk} steps opens at ${new Date(opens).toISOString()}`;
      return { kind: 'window', state: 'open', text };
    });
}

function refused(text: string): Requirement {
  return { kind: 'limit', state: 'refused', text };
}
