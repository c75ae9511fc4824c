/** What every topic of rules has in common: it looks at the two documents and says what may start, or why not. */
import type { Problem } from '../../../spec-schema/problem.ts';
import { type Answers, rollOf } from '../../model/census.ts';
import type { ClusterState, NodeName, NodeState } from '../../model/cluster-state.ts';
import type { Facts } from '../../model/facts.ts';
import type { Lock } from '../../steps/step.ts';
import type { Step } from '../../steps/table.ts';
import type { Hold } from '../holds.ts';
import type { Intent } from '../intent.ts';
import { ofEachPair } from '../pairs.ts';

/** How far RedisForge may go; from the spec's `policies` and from what is under way. */
export interface Policy {
  /** At most so many shards are disturbed in one wave. */
  readonly parallelShards: number;
  /** Whether a primary without a replica may be restarted. */
  readonly allowDowntime: boolean;
  /** Locks of steps that were started and whose effect does not show yet. */
  readonly held: ReadonlySet<Lock>;
  /** Ids of the destructive steps that an approved plan contains; `all` for a plan that is only to be shown. */
  readonly approved: 'all' | ReadonlySet<string>;
  /** Whether pauses, freezes and maintenance windows are kept; a plan that is only to be shown looks past them. */
  readonly holds: 'kept' | 'ignored';
  /** What somebody has asked for beside the spec; kept as the holds are. */
  readonly brake?: Hold | undefined;
}

export interface RuleContext {
  readonly intent: Intent;
  readonly desired: ClusterState;
  readonly live: ClusterState;
  readonly facts: Facts;
  readonly policy: Policy;
  /** Nodes of the spec, in alphabetical order. */
  readonly names: readonly NodeName[];
  /** Nodes that are there but no longer in the spec, in alphabetical order. */
  readonly leavers: readonly NodeName[];
}

const ofNodes = ofEachPair<NodeState>();

/**
 * A question to every node of the spec, as it is and as it should be, in alphabetical order; undefined is nothing to say.
 * It looks at nothing else, so that in the next wave only nodes that changed are asked again. Declared once, not in a rule.
 */
export function ofEachSpecNode<Answer>(
  question: (is: NodeState, want: NodeState) => Answer | undefined,
): (context: Pick<RuleContext, 'intent' | 'live' | 'desired'>) => Answers<Answer> {
  const ask = ofNodes(question);
  return ({ intent, live, desired }) => {
    const answers = ask(live.nodes, desired.nodes);
    // Of surge replicas that are not needed now other rules have to say something.
    const isAll = rollOf(intent.nodes).names.length === rollOf(desired.nodes).names.length;
    return isAll ? answers : answers.filter(([name]) => intent.nodes[name] !== undefined);
  };
}

/** A step that may start now, with the difference that it removes, in words. */
export interface Proposal {
  readonly step: Step;
  readonly because: string;
}

/** Something that is different and must not, or cannot, be changed now: law 11 says what such a refusal contains. */
export type Block = Problem;

/** A topic of rules: pure, looks at nothing but its argument. */
export type Rule = (context: RuleContext) => Iterable<Proposal | Block>;

export function isProposal(finding: Proposal | Block): finding is Proposal {
  return 'step' in finding;
}

/** A refusal, with all that law 11 asks for. */
export function block(code: string, subject: string, summary: string, evidence: string, hint: string): Block {
  return { severity: 'error', code, subject, summary, ...(evidence === '' ? {} : { evidence }), hint };
}
