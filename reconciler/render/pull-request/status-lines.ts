/** Commit statuses: a state and one line of at most 140 characters, what matters most first. */
import type { Preview, Rollout } from '../../planner/preview/preview.ts';
import type { CommitStatus } from '../../ports/forge.ts';
import { counted, duration, listed } from '../quantities.ts';
import { stepInWords } from '../step-words.ts';
import { shortLine } from '../visible.ts';
import { changesInWords, tallyOf, UNMARKED } from './summary.ts';

export type StatusLine = Pick<CommitStatus, 'state' | 'description'>;

const LONGEST = 140;

/** While a plan is being made. */
export const PLANNING: StatusLine = { state: 'pending', description: 'Planning…' };

/** For `redisforge/plan: <cluster>`. Success means that merging would start the plan. */
export function planStatus(preview: Preview): StatusLine {
  const { outcome, requirements } = preview;
  const refused = requirements.find(({ state }) => state === 'refused');
  if (outcome.kind === 'failed')
    return line('error', `No plan: ${outcome.problems[0]?.summary ?? 'nobody said why'}`);
  if (outcome.kind === 'invalid') {
    const [first] = outcome.problems;
    const count = outcome.problems.filter(({ severity }) => severity === 'error').length;
    return line(
      'failure',
      `Invalid spec: ${counted(count, 'error')}${first === undefined ? '' : `; ${first.summary}`}`,
    );
  }
  if (refused !== undefined) return line('failure', `Refused: ${refused.text}`);
  if (outcome.kind === 'blocked')
    return line('failure', `Blocked: ${outcome.plan.blocks[0]?.summary ?? 'something stands in the way'}`);
  if (outcome.kind === 'offline') return line('pending', `Not planned: ${outcome.reason}`);
  const open = requirements.filter(({ state }) => state === 'open');
  const what = outcomeText(preview);
  if (open.length > 0)
    return line(
      'failure',
      `Needs ${listed(
        open.map(({ text }) => text),
        1,
      )}; ${what}`,
    );
  return line('success', capitalised(what));
}

function outcomeText({ outcome }: Preview): string {
  if (outcome.kind === 'no-op') return 'Nothing to do on the live cluster (proved)';
  if (outcome.kind === 'released') return 'The cluster is released: left as it is, no longer looked after';
  if (outcome.kind !== 'changes') return '';
  const { destructive } = tallyOf(outcome.plan, outcome.sides);
  const warning = destructive === 0 ? '' : `${counted(destructive, 'step')} cannot be undone; `;
  return `${warning}${changesInWords(outcome.plan, outcome.sides, UNMARKED)}`;
}

/** For `redisforge/plan`: the worst of all clusters of a pull request. */
export function planStatusOf(previews: readonly Preview[]): StatusLine {
  if (previews.length === 0) return { state: 'success', description: 'No cluster is touched' };
  return together(previews.map((preview) => [preview.cluster, planStatus(preview)]));
}

/** For `redisforge/apply: <cluster>` on the merge commit. */
export function applyStatus({ state, problems, steps, begunAt, endedAt }: Rollout): StatusLine {
  const done = steps.filter((step) => step.state === 'done').length;
  const running = steps.filter((step) => step.state === 'running').length;
  if (state === 'held')
    return line('pending', `Held: ${problems[0]?.summary ?? 'somebody has to approve the plan'}`);
  if (state === 'failed') return line('failure', `Failed: ${failureOf({ problems, steps })}`);
  if (state === 'superseded') return line('success', 'Superseded by a later merge');
  if (state === 'running')
    return line(
      'pending',
      `${done} of ${counted(steps.length, 'step')} done${running > 0 ? `, ${running} running` : ''}`,
    );
  const took = begunAt === undefined || endedAt === undefined ? '' : ` in ${duration(endedAt - begunAt)}`;
  return line(
    'success',
    steps.length === 0 ? 'Nothing was to be done' : `${counted(steps.length, 'step')} done${took}`,
  );
}

function failureOf({ problems, steps }: Pick<Rollout, 'problems' | 'steps'>): string {
  const failed = steps.find((step) => step.state === 'failed');
  if (failed === undefined) return problems[0]?.summary ?? 'nobody said why';
  const reason = failed.reason ?? problems[0]?.summary;
  return `${stepInWords(failed.planned.step)}${reason === undefined ? '' : `: ${reason}`}`;
}

/** For `redisforge/apply`. */
export function applyStatusOf(rollouts: readonly Rollout[]): StatusLine {
  if (rollouts.length === 0) return { state: 'success', description: 'No cluster is touched' };
  return together(rollouts.map((rollout) => [rollout.cluster, applyStatus(rollout)]));
}

const WORST_FIRST = ['error', 'failure', 'pending', 'success'] as const;

function together(all: readonly (readonly [cluster: string, line: StatusLine])[]): StatusLine {
  const [only] = all;
  if (all.length === 1 && only !== undefined)
    return line(only[1].state, `${only[0]}: ${only[1].description}`);
  const state = WORST_FIRST.find((candidate) => all.some(([, one]) => one.state === candidate)) ?? 'success';
  const worst = all.filter(([, one]) => one.state === state);
  const [first] = worst;
  const share =
    worst.length === all.length ? `all ${all.length} clusters` : `${worst.length} of ${all.length} clusters`;
  return line(state, `${share}: ${first?.[0]}: ${first?.[1].description}`);
}

/** Plain text: a status is no Markdown. */
function line(state: StatusLine['state'], description: string): StatusLine {
  return { state, description: shortLine(description, LONGEST) };
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
