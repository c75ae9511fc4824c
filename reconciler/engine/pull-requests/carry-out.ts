/** What a command comes to, given who wrote it and how things are. Pure: the caller writes down and says what is returned. */
import type { Problem } from '../../../spec-schema/problem.ts';
import type { Command } from '../../planner/approval/commands.ts';
import type { Plan } from '../../planner/plan.ts';
import { stateAfter } from '../../planner/plan.ts';
import type { Preview } from '../../planner/preview/preview.ts';
import type { Permission, PullRequest, Reaction, Remark } from '../../ports/forge.ts';
import type { Answer } from '../../render/pull-request/answers.ts';
import type { Brake, CommandEffect, CommandState } from './command-book.ts';
import type { RolloutRecord } from './desk.ts';

export interface CommandContext {
  readonly permission: Permission;
  /** The pull request that it was written under; undefined under an issue. */
  readonly pullRequest: PullRequest | undefined;
  /** What is shown under that pull request. */
  readonly previews: readonly Preview[];
  readonly rollouts: readonly RolloutRecord[];
  readonly state: CommandState;
}

export interface CarriedOut {
  readonly effect: CommandEffect;
  readonly reaction: Reaction;
  readonly answer: Answer | undefined;
  /** The pull request is to be planned anew. */
  readonly replan?: boolean;
  /** Clusters whose keepers are to look again. */
  readonly wake?: readonly string[];
}

/** These only say something. */
const HARMLESS: ReadonlySet<Command['verb']> = new Set(['help', 'explain', 'unclear']);

export function carryOut(command: Command, remark: Remark, context: CommandContext): CarriedOut {
  const { permission } = context;
  if (permission === 'none') return { effect: {}, reaction: 'refused', answer: undefined };
  if (!HARMLESS.has(command.verb) && permission !== 'write' && permission !== 'admin')
    return refused(remark, {
      code: 'no-permission',
      subject: remark.author,
      summary: `${remark.author} may not write to this repository`,
      hint: 'ask somebody who may',
    });
  switch (command.verb) {
    case 'help':
      return said({ kind: 'help' });
    case 'unclear':
      return refused(remark, {
        code: 'no-such-command',
        subject: 'command',
        summary: command.why,
        hint: '`/redisforge help` shows all commands',
      });
    case 'plan':
      return planAgain(command.commit, remark, context);
    case 'approve':
      return approve(command.plan, remark, context);
    case 'explain':
      return explain(command.step, remark, context);
    case 'pause':
    case 'stop':
      return brake(command, remark, context);
    case 'resume':
    case 'unlock':
      return release(command, remark, context);
  }
}

function planAgain(
  commit: string | undefined,
  remark: Remark,
  { pullRequest, state }: CommandContext,
): CarriedOut {
  if (pullRequest === undefined || pullRequest.state !== 'open')
    return refused(remark, {
      code: 'not-open',
      subject: 'pull request',
      summary: 'only an open pull request is planned',
      hint: 'open one; what is merged is looked at by itself',
    });
  const head = pullRequest.head.commit;
  if (commit !== undefined && commit !== head)
    return refused(remark, {
      code: 'head-moved',
      subject: 'commit',
      summary: `the head of this pull request is ${head}, not ${commit}`,
      hint: 'look at what is new, and ask for that commit',
    });
  if (pullRequest.fork && commit === undefined)
    return refused(remark, {
      code: 'fork',
      subject: 'pull request',
      summary:
        'it comes from a fork: the live cluster is looked at only for a commit that somebody has named in full',
      hint: `read what it changes, then write \`/redisforge plan ${head}\``,
    });
  const granted = pullRequest.fork ? { granted: { ...state.granted, [pullRequest.id]: head } } : {};
  return { effect: granted, reaction: 'done', answer: { kind: 'planning', commit: head }, replan: true };
}

function approve(plan: string, remark: Remark, { previews, rollouts, state }: CommandContext): CarriedOut {
  // What was shown before the merge is no plan any more once the plan of now is another one.
  const past = new Set(
    rollouts.flatMap(({ rollout: { state: how, cluster }, change }) =>
      how === 'held' && change?.verdict === 'other' ? [cluster] : [],
    ),
  );
  const preview = previews.find(({ id, cluster }) => id === plan && !past.has(cluster));
  const rollout = rollouts.find((record) => record.rollout.state === 'held' && record.rollout.plan === plan);
  if (preview === undefined && rollout === undefined) {
    const now = [
      ...previews.flatMap(({ id, cluster }) => (past.has(cluster) ? [] : (id ?? []))),
      ...rollouts.flatMap(({ rollout: { state: how, plan: id } }) => (how === 'held' ? (id ?? []) : [])),
    ];
    return refused(remark, {
      code: 'no-such-plan',
      subject: plan,
      summary: `there is no plan ${plan} here, or it has become another one`,
      hint: now.length === 0 ? 'nothing waits for an approval' : `the plans of now: ${now.join(', ')}`,
    });
  }
  const approval = { plan, author: remark.author, at: remark.at };
  return {
    effect: { approvals: [...state.approvals, approval] },
    reaction: 'done',
    answer: undefined,
    wake: [preview?.cluster ?? rollout?.rollout.cluster ?? ''],
  };
}

function explain(step: string | undefined, remark: Remark, { previews }: CommandContext): CarriedOut {
  const plans = previews.flatMap(({ outcome }) =>
    'plan' in outcome ? [{ plan: outcome.plan, live: outcome.sides.live }] : [],
  );
  if (step === undefined)
    return refused(remark, {
      code: 'step-missing',
      subject: 'step',
      summary: 'which step is to be explained was not said',
      hint: `for example \`/redisforge explain ${plans[0]?.plan.waves[0]?.[0]?.id ?? '<step id>'}\``,
    });
  for (const { plan, live } of plans) {
    const index = plan.waves.findIndex((wave) => wave.some(({ id }) => id === step));
    const planned = plan.waves[index]?.find(({ id }) => id === step);
    if (planned === undefined) continue;
    const before = stateAfter(live, plan.waves.slice(0, index));
    return said({ kind: 'explained', planned, before, wave: { number: index + 1, of: plan.waves.length } });
  }
  return refused(remark, {
    code: 'no-such-step',
    subject: step,
    summary: `no plan here has a step ${step}`,
    hint: stepHint(plans.map(({ plan }) => plan)),
  });
}

function stepHint(plans: readonly Plan[]): string {
  const ids = plans.flatMap(({ waves }) => waves.flat().map(({ id }) => id));
  return ids.length === 0
    ? 'there is no plan with steps'
    : `its steps begin with ${ids.slice(0, 3).join(', ')}`;
}

function brake(
  command: Extract<Command, { verb: 'pause' | 'stop' }>,
  remark: Remark,
  context: CommandContext,
): CarriedOut {
  const clusters = targets(command.cluster, context);
  if (clusters.length === 0) return unnamed(remark);
  const until =
    command.verb === 'pause' && command.forMs !== undefined ? remark.at + command.forMs : undefined;
  const kind = command.verb === 'pause' ? 'paused' : 'stopped';
  const put: Brake = { kind, by: remark.author, reason: command.reason, at: remark.at, until };
  const brakes = {
    ...context.state.brakes,
    ...Object.fromEntries(clusters.map((cluster) => [cluster, put])),
  };
  const by = remark.author;
  const reason = command.reason === '' ? 'no reason was given' : command.reason;
  const answer: Answer = kind === 'paused' ? { kind, clusters, by, reason, until } : { kind, clusters, by };
  return { effect: { brakes }, reaction: 'done', answer, wake: clusters };
}

function release(
  command: Extract<Command, { verb: 'resume' | 'unlock' }>,
  remark: Remark,
  context: CommandContext,
): CarriedOut {
  const clusters = targets(command.cluster, context);
  if (clusters.length === 0) return unnamed(remark);
  const { brakes } = context.state;
  const braked = clusters.filter((cluster) => brakes[cluster] !== undefined);
  const kept = Object.fromEntries(Object.entries(brakes).filter(([cluster]) => !braked.includes(cluster)));
  const by = remark.author;
  if (command.verb === 'unlock')
    return {
      effect: { brakes: kept },
      reaction: 'done',
      answer: { kind: 'unlocked', clusters, by },
      wake: clusters,
    };
  if (braked.length === 0)
    return refused(remark, {
      code: 'not-paused',
      subject: clusters.join(', '),
      summary: 'nothing of it is paused or stopped',
      hint: 'the comment of the plan says what it waits for',
    });
  return {
    effect: { brakes: kept },
    reaction: 'done',
    answer: { kind: 'resumed', clusters: braked, by },
    wake: braked,
  };
}

/** The cluster that was named, or all that are shown here. */
function targets(named: string | undefined, { previews, rollouts }: CommandContext): string[] {
  if (named !== undefined) return [named];
  return [
    ...new Set([
      ...previews.map(({ cluster }) => cluster),
      ...rollouts.map(({ rollout }) => rollout.cluster),
    ]),
  ].sort();
}

function unnamed(remark: Remark): CarriedOut {
  return refused(remark, {
    code: 'cluster-missing',
    subject: 'cluster',
    summary: 'nothing here says which cluster is meant',
    hint: 'name the cluster after the command',
  });
}

function said(answer: Answer): CarriedOut {
  return { effect: {}, reaction: 'done', answer };
}

function refused(remark: Remark, why: Omit<Problem, 'severity'>): CarriedOut {
  const command = remark.body.split(/\r\n|\r|\n/, 1)[0] ?? '';
  return {
    effect: {},
    reaction: 'refused',
    answer: { kind: 'refused', command, problems: [{ severity: 'error', ...why }] },
  };
}
