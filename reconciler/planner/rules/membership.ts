/** Bringing nodes into the cluster: an epoch of their own, then an introduction. */
import type { NodeName } from '../../model/cluster-state.ts';
import { isUnformed, nodeOf, ownsSlots } from '../../model/topology.ts';
import { emptied } from '../emptied.ts';
import { cutOffLeavers } from './leaving.ts';
import { block, ofEachSpecNode, type Rule, type RuleContext } from './rule.ts';

/** Broken links right after a start mend themselves; a MEET would only add noise. */
const LINKS_MEND_MS = 3_000;

/** Whether a node outside may be let in: nothing in it that we do not know. */
function isWelcome(context: RuleContext, name: NodeName): boolean {
  const node = nodeOf(context.live, name);
  if (node.reachable !== 'yes') return false;
  if (node.membership === 'parted') return true;
  return node.membership === 'alone' && node.epoch === 'set' && node.contents === 'empty';
}

/** An unformed cluster meets when every slot-owner-to-be has its slots: claims made alone cannot collide. */
function readyToMeet({ live, desired, names }: RuleContext): boolean {
  return names.every((name) => !ownsSlots(nodeOf(desired, name)) || ownsSlots(nodeOf(live, name)));
}

function isFresh({ facts }: RuleContext, name: NodeName): boolean {
  return (facts.nodes[name]?.reading?.uptimeMs ?? Number.POSITIVE_INFINITY) < LINKS_MEND_MS;
}

/** A node that answers and that the others are not connected with. */
const isOutside = ofEachSpecNode<true>(
  ({ reachable, membership }) => (reachable === 'yes' && membership !== 'joined') || undefined,
);

export const membershipRules: Rule = function* (context) {
  const { live, facts, names } = context;
  const outsiders = isOutside(context).map(([name]) => name);
  for (const name of outsiders) {
    const node = nodeOf(live, name);
    if (node.membership === 'elsewhere') {
      yield block(
        'foreign-cluster',
        `node ${name}`,
        `${name} is a member of a cluster that none of our other nodes belong to`,
        (facts.nodes[name]?.remarks ?? []).join('; '),
        `give ${name} an empty volume, or find out who else uses it`,
      );
    }
    if (node.membership === 'alone' && node.contents === 'keys') {
      yield block(
        'foreign-data',
        `node ${name}`,
        `${name} holds keys but is no member of the cluster, so nobody knows whose they are; nothing is overwritten`,
        `${facts.nodes[name]?.reading?.keys ?? 'some'} keys`,
        `save what is in it, then give ${name} an empty volume`,
      );
    }
    if (node.membership === 'alone' && node.epoch === 'unset' && node.contents === 'empty') {
      yield {
        step: { kind: 'set-config-epoch', node: name },
        because: 'it has none, so that any gossip would beat its claims',
      };
    }
  }
  // Introduced to the others, a primary that came back empty would be found by the replica that has its keys.
  const threatening = new Set(emptied(live).flatMap(({ primary, replica }) => [primary, replica]));
  const outside = [...outsiders, ...cutOffLeavers(context)].filter(
    (name) => isWelcome(context, name) && !threatening.has(name),
  );
  const mending = outside.filter(
    (name) => nodeOf(live, name).membership === 'parted' && isFresh(context, name),
  );
  for (const name of mending)
    yield { step: { kind: 'await-links', node: name }, because: 'it started a moment ago' };
  const strangers = outside.filter((name) => !mending.includes(name));
  const parted = strangers.filter((name) => nodeOf(live, name).membership === 'parted');
  if (strangers.length === 0 || (isUnformed(live) && !readyToMeet(context))) return;
  if (strangers.length === 1 && !names.some((name) => nodeOf(live, name).membership === 'joined')) return;
  yield {
    step: { kind: 'meet', nodes: [...strangers].sort() },
    because:
      parted.length === strangers.length
        ? 'links between them and other members are broken though all run'
        : strangers.length === 1
          ? 'it knows nobody'
          : 'they know nobody yet',
  };
};
