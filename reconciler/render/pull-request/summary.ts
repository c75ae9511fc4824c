/** What a plan amounts to: in one sentence for the headline, in one line of signs and numbers, in 140 characters. */
import type { ClusterState, NodeName } from '../../model/cluster-state.ts';
import type { Plan } from '../../planner/plan.ts';
import type { Sides } from '../../planner/preview/preview.ts';
import type { Step } from '../../steps/table.ts';
import { isWait, stepRisk } from '../../steps/table.ts';
import { escaped } from '../markdown.ts';
import { keysInWords } from '../outlook.ts';
import { counted, listed } from '../quantities.ts';
import { stepInWords } from '../step-words.ts';
import { shortLine } from '../visible.ts';
import { totalTime } from './step-rows.ts';

/** A plan in numbers. */
export interface Tally {
  /** Nodes that exist afterwards and do not now. */
  readonly added: number;
  readonly removed: number;
  /** Nodes of which directives or limits change without a restart. */
  readonly configured: number;
  /** Nodes whose server or container is started anew. */
  readonly restarted: number;
  /** Shards whose primary changes. */
  readonly switched: number;
  /** Nodes of which access rules change. */
  readonly secured: number;
  readonly slots: number;
  readonly destructive: number;
}

export function tallyOf(plan: Plan, { live, after }: Sides): Tally {
  const steps = plan.waves.flat().map(({ step }) => step);
  const made = (state: ClusterState): NodeName[] =>
    Object.keys(state.nodes).filter((name) => exists(state, name));
  const added = new Set(made(after).filter((name) => !exists(live, name)));
  // What is set on a node that is new belongs to its making.
  const nodesOf = (...kinds: readonly Step['kind'][]): number =>
    new Set(
      steps.flatMap((step) =>
        kinds.includes(step.kind) && 'node' in step && !added.has(step.node) ? [step.node] : [],
      ),
    ).size;
  return {
    added: added.size,
    removed: made(live).filter((name) => !exists(after, name)).length,
    configured: nodesOf('configure', 'update-limits'),
    restarted: nodesOf('restart-node', 'remove-container'),
    switched: new Set(steps.flatMap((step) => ('shard' in step ? [step.shard] : []))).size,
    secured: nodesOf('set-users'),
    slots: plan.estimate.migrated.slots,
    destructive: steps.filter((step) => stepRisk(step) === 'destructive').length,
  };
}

/** Whether there is anything of that node: a container, or a membership without one. */
function exists(state: ClusterState, name: NodeName): boolean {
  const node = state.nodes[name];
  return node !== undefined && (node.container !== 'absent' || node.membership !== 'none');
}

/** How words are marked: a comment is Markdown, a status and a message are not. */
export interface Markup {
  strong(text: string): string;
  /** Words of other people. */
  foreign(text: string): string;
}

export const MARKDOWN: Markup = { strong: (text) => `**${text}**`, foreign: escaped };
export const UNMARKED: Markup = { strong: (text) => text, foreign: (text) => shortLine(text, 300) };

/** `adds 2 nodes and moves 4,096 slots; every slot stays served; about 22 min`. */
export function changesInWords(plan: Plan, sides: Sides, markup: Markup): string {
  const tally = tallyOf(plan, sides);
  const born = plan.outlook.before.length === 0 && tally.added > 0;
  const deeds = [
    tally.added > 0
      ? born
        ? `makes the cluster with ${counted(tally.added, 'node')}`
        : `adds ${counted(tally.added, 'node')}`
      : '',
    tally.removed > 0 ? markup.strong(`removes ${counted(tally.removed, 'node')}`) : '',
    tally.slots > 0 ? `moves ${counted(tally.slots, 'slot')}` : '',
    tally.restarted > 0 ? `restarts ${counted(tally.restarted, 'node')}` : '',
    tally.switched > 0 ? `changes the primary of ${counted(tally.switched, 'shard')}` : '',
    tally.configured > 0 ? `changes settings of ${counted(tally.configured, 'node')}` : '',
    tally.secured > 0 ? `changes access to ${counted(tally.secured, 'node')}` : '',
  ].filter((deed) => deed !== '');
  const what = deeds.length === 0 ? stepsInWords(plan, markup) : listed(deeds);
  return [what, ...serviceInWords(plan, born, markup), totalTime(plan.estimate)].join('; ');
}

/** Few steps that have no sign of their own: their own words say it best. */
function stepsInWords({ waves }: Plan, markup: Markup): string {
  const steps = waves.flat().map(({ step }) => step);
  const doing = steps.filter((step) => !isWait(step));
  const [first] = doing.length === 0 ? steps : doing;
  const others = Math.max(doing.length, 1) - 1;
  if (first === undefined) return 'takes no step';
  return `${markup.foreign(stepInWords(first))}${others === 0 ? '' : ` and ${counted(others, 'step')} more`}`;
}

function serviceInWords({ estimate }: Plan, born: boolean, markup: Markup): string[] {
  if (born) return [];
  if (estimate.outages.length === 0) return ['every slot stays served'];
  const certain = estimate.outages.some(({ slots }) => slots !== 'unknown');
  return [
    certain
      ? markup.strong('some slots are not served for a time')
      : 'whether every slot stays served cannot be told',
  ];
}

interface Sign {
  readonly sign: string;
  readonly meaning: string;
  readonly amount: string;
}

function signsOf(plan: Plan, sides: Sides): Sign[] {
  const tally = tallyOf(plan, sides);
  const { migrated } = plan.estimate;
  const signs: readonly (readonly [count: number, sign: string, meaning: string, amount: string])[] = [
    [tally.added, '➕', 'nodes added', `${tally.added}`],
    [tally.removed, '➖', 'nodes removed', `${tally.removed}`],
    [tally.configured, '✏️', 'nodes with new settings', `${tally.configured}`],
    [tally.slots, '🔀', 'slots moved', `${counted(tally.slots, 'slot')}, ${keysInWords(migrated)}`],
    [tally.restarted, '🔄', 'nodes restarted', `${tally.restarted}`],
    [tally.switched, '⚡', 'shards whose primary changes', `${tally.switched}`],
    [tally.secured, '🔒', 'nodes with new access rules', `${tally.secured}`],
    [tally.destructive, '🛑', 'steps that cannot be undone', `${tally.destructive}`],
  ];
  return signs.flatMap(([count, sign, meaning, amount]) => (count > 0 ? [{ sign, meaning, amount }] : []));
}

/** One line of signs and numbers, and the line that explains those signs. */
export function summaryLines(plan: Plan, sides: Sides): string {
  const signs = signsOf(plan, sides);
  const waves = `${counted(plan.waves.flat().length, 'step')} in ${counted(plan.waves.length, 'wave')}`;
  const line = [
    ...signs.map(({ sign, amount }) => `${sign} ${amount}`),
    `⏱️ ${totalTime(plan.estimate)}`,
    waves,
  ];
  const legend = signs.map(({ sign, meaning }) => `${sign} ${meaning}`);
  const explained = legend.length === 0 ? '' : `<br><sub>${legend.join(' · ')}</sub>`;
  return `${line.join(' · ')}${explained}`;
}
