/** Nodes that the spec no longer names: taken out once nothing depends on them, fenced when they come back. */
import type { NodeName } from '../../model/cluster-state.ts';
import {
  followersOf,
  isMember,
  isSyncedReplica,
  nodeOf,
  ownsSlots,
  shardMembers,
} from '../../model/topology.ts';
import { type Block, block, type Proposal, type Rule, type RuleContext } from './rule.ts';

/**
 * Nodes that leave and whose links are broken although they are part of the cluster still: they own slots, or replicate
 * one that does. They are no strangers that came back: they have to be found again, or their slots could never leave.
 */
export function cutOffLeavers(context: RuleContext): NodeName[] {
  const { live, leavers: names } = context;
  return names.filter((name) => {
    const { membership, slots, replicaOf } = nodeOf(live, name);
    const copied = replicaOf !== null && names.includes(replicaOf) ? live.nodes[replicaOf] : undefined;
    return membership === 'parted' && (slots !== '' || (copied !== undefined && ownsSlots(copied)));
  });
}

/** What still depends on the node, in words; '' when nothing does. Redundancy must not drop below what it was. */
function neededFor(context: RuleContext, name: NodeName): string {
  const { live, intent } = context;
  const node = nodeOf(live, name);
  if (ownsSlots(node)) return `it owns slots ${node.slots}`;
  const followers = followersOf(live, name);
  if (followers.length > 0) return `${followers.join(', ')} replicates it`;
  const staying = intent.members.get(node.shard);
  if (staying === undefined) {
    const members = shardMembers(live).get(node.shard) ?? [];
    const undrained = members.filter(
      (other) => intent.nodes[other] === undefined && ownsSlots(nodeOf(live, other)),
    );
    return undrained.length > 0 ? `shard ${node.shard} still has slots on ${undrained.join(', ')}` : '';
  }
  const missing = staying.filter((other) => {
    const member = live.nodes[other];
    return member === undefined || !isMember(member) || !(ownsSlots(member) || isSyncedReplica(member));
  });
  return missing.length > 0 ? `${missing.join(', ')} of the same shard is not in sync yet` : '';
}

function* leave(
  context: RuleContext,
  name: NodeName,
  cutOff: readonly NodeName[],
): Generator<Proposal | Block> {
  const { live } = context;
  const node = nodeOf(live, name);
  if (live.hosts[node.host]?.engine !== 'yes' || node.container === 'foreign') return;
  if (cutOff.includes(name)) return;
  const stranger =
    node.membership === 'parted' ||
    node.membership === 'alone' ||
    node.membership === 'elsewhere' ||
    node.membership === 'none';
  if (node.container === 'running' && stranger && Object.values(live.nodes).some(isMember)) {
    yield {
      step: { kind: 'fence-node', node: name, host: node.host },
      because: `the spec does not name it and it is ${node.membership}`,
    };
    return;
  }
  if (live.agreement !== 'yes' || live.serving !== 'yes' || neededFor(context, name) !== '') return;
  yield {
    step: { kind: 'remove-node', node: name, host: node.host },
    because: 'the spec no longer names it, and nothing depends on it',
  };
}

export const leavingRules: Rule = function* (context) {
  const { live, intent, leavers } = context;
  if (intent.shards.length < 3) {
    yield block(
      'too-few-shards',
      'cluster',
      `the spec leaves ${intent.shards.length} shards, and a Redis Cluster needs three`,
      '',
      'keep at least three shards',
    );
    return;
  }
  const cutOff = cutOffLeavers(context);
  for (const name of leavers) yield* leave(context, name, cutOff);
  for (const volume of Object.keys(live.retired).sort()) {
    if (live.retired[volume] !== 'due') continue;
    yield {
      step: { kind: 'remove-volume', volume },
      because: `its node left the spec more than ${intent.spec.policies.retireAfter} days ago`,
    };
  }
};
