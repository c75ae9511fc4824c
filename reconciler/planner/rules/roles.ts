/** Switchovers for their own sake: asked for in the spec, for the spread over zones, or because the primary leaves. */
import type { NodeName } from '../../model/cluster-state.ts';
import { isExporting, isMember, isSyncedReplica, ownsSlots } from '../../model/topology.ts';
import type { NodeIntent } from '../intent.ts';
import { ofEachSpecNode, type Rule } from './rule.ts';

/** A replica in sync that should be the primary; the answer is whom it follows. */
const isHeir = ofEachSpecNode<NodeName>((is, want) =>
  want.role === 'primary' && isSyncedReplica(is) ? (is.replicaOf ?? undefined) : undefined,
);

export const roleRules: Rule = function* (context) {
  const { live, intent } = context;
  if (live.agreement !== 'yes' || live.serving !== 'yes') return;
  for (const [to, from] of isHeir(context)) {
    const owner = live.nodes[from];
    if (owner === undefined || !ownsSlots(owner) || !isMember(owner)) continue;
    if (owner.imports !== '' || isExporting(live, from)) continue;
    const { shard } = intent.nodes[to] as NodeIntent;
    const because =
      intent.nodes[from] === undefined
        ? `${from} leaves`
        : intent.requested.get(shard) === to
          ? `the spec names ${to} as primary now`
          : `zone ${owner.zone} has more primaries than it need have`;
    yield { step: { kind: 'switchover', shard, from, to }, because };
  }
};
