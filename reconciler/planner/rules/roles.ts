/** Switchovers for their own sake: asked for in the spec, for the spread over zones, or because the primary leaves. */
import { isMember, isSyncedReplica, nodeOf, ownsSlots } from '../../model/topology.ts';
import type { Rule } from './rule.ts';

export const roleRules: Rule = function* (context) {
  const { live, desired, intent } = context;
  if (live.agreement !== 'yes' || live.serving !== 'yes') return;
  for (const shard of intent.shards) {
    const to = (intent.members.get(shard) ?? []).find((name) => nodeOf(desired, name).role === 'primary');
    const candidate = to === undefined ? undefined : live.nodes[to];
    if (to === undefined || candidate === undefined || !isSyncedReplica(candidate)) continue;
    const from = candidate.replicaOf;
    const owner = from === null ? undefined : live.nodes[from];
    if (from === null || owner === undefined || !ownsSlots(owner) || !isMember(owner)) continue;
    if (owner.imports !== '' || Object.values(live.nodes).some(({ importsFrom }) => importsFrom === from))
      continue;
    const because =
      intent.nodes[from] === undefined
        ? `${from} leaves`
        : intent.requested.get(shard) === to
          ? `the spec names ${to} as primary now`
          : `zone ${owner.zone} has more primaries than it need have`;
    yield { step: { kind: 'switchover', shard, from, to }, because };
  }
};
