/** Hastening a cluster that is yet to be formed, and putting the hastened directives back afterwards. */
import type { NodeName, NodeState } from '../../model/cluster-state.ts';
import { isUnformed, nodeOf } from '../../model/topology.ts';
import { HASTENED } from '../intent.ts';
import { ofEachSpecNode, type Rule, type RuleContext } from './rule.ts';

/** The directives to start a node with: hastened while no slot has an owner, so that nothing is ever at stake. */
export function startConfig({ desired, live }: RuleContext, name: NodeName): Record<string, string> {
  const { config } = nodeOf(desired, name);
  return isUnformed(live) ? { ...config, ...HASTENED } : { ...config };
}

/** What holds foreign data, or belongs to somebody else, is not waited for: it will not join. */
function isRefused({ membership, contents }: NodeState): boolean {
  return membership === 'elsewhere' || (membership === 'alone' && contents === 'keys');
}

/** Whether everything that can be reached serves and is in sync, so that nothing needs to be hastened any more. */
export function isSettled(context: RuleContext): boolean {
  return context.live.serving === 'yes' && isUnsettled(context).length === 0;
}

const isUnsettled = ofEachSpecNode<true>(
  (node) =>
    (node.reachable === 'yes' && !isRefused(node) && !(node.membership === 'joined' && node.synced)) ||
    undefined,
);

/** Whether a directive has its hastened value. */
export function isHastened(directive: string, value: string | undefined): boolean {
  return HASTENED[directive] !== undefined && HASTENED[directive] === value;
}

export const formationRules: Rule = function* (context) {
  const { live, names } = context;
  if (!isUnformed(live)) return;
  for (const name of names) {
    const node = nodeOf(live, name);
    if (node.reachable !== 'yes' || node.membership !== 'alone' || node.contents !== 'empty') continue;
    const slow = Object.entries(HASTENED).filter(([directive, value]) => node.config[directive] !== value);
    if (slow.length > 0)
      yield {
        step: { kind: 'configure', node: name, config: Object.fromEntries(slow) },
        because: 'hastens the formation; put back afterwards',
      };
  }
};
