/** Who takes over from whom: candidates for a failover, and the safe order of restarts. */
import type { ClusterState, NodeName, NodeState, ZoneName } from '../model/cluster-state.ts';
import {
  isExporting,
  isMember,
  isSyncedReplica,
  majorityReachable,
  nodeOf,
  ownsSlots,
  peersOf,
} from '../model/topology.ts';
import { ofEachSpecNode, type RuleContext } from './rules/rule.ts';

/** Whether Docker itself says that the node's process is gone. A host that does not answer proves nothing. */
export function isDead(context: RuleContext, name: NodeName): boolean {
  const node = nodeOf(context.live, name);
  return (node.container === 'stopped' || node.container === 'absent') && node.reachable === 'no';
}

function others(context: RuleContext, name: NodeName): readonly NodeName[] {
  const { shard } = nodeOf(context.live, name);
  return (context.intent.members.get(shard) ?? []).filter(
    (peer) => peer !== name && context.live.nodes[peer] !== undefined,
  );
}

/**
 * The replica that should take over from a dead primary: complete, reachable, the one that got furthest; undefined
 * when there is none, or when no majority of primaries could vote for it.
 */
export function successorOf(context: RuleContext, dead: NodeName): NodeName | undefined {
  const { live, facts } = context;
  if (!ownsSlots(nodeOf(live, dead)) || !isDead(context, dead)) return undefined;
  if (!majorityReachable(live, new Set([dead]))) return undefined;
  const offset = (name: NodeName): number => facts.nodes[name]?.reading?.offset ?? 0;
  // Also one that is about to leave: until then its shard is served.
  return peersOf(live, dead)
    .filter((peer) => {
      const node = nodeOf(live, peer);
      return isMember(node) && node.role === 'replica' && node.replicaOf === dead && node.copy === 'whole';
    })
    .sort((a, b) => offset(b) - offset(a) || lastingFirst(live, a, b) || (a < b ? -1 : 1))[0];
}

/** Of two that are alike the one that stays: a surge replica would have to hand over once more. */
function lastingFirst(live: ClusterState, a: NodeName, b: NodeName): number {
  return Number(nodeOf(live, a).surge) - Number(nodeOf(live, b).surge);
}

/** Members of the shard that may hold keys which the dead node does not have on disk. */
export function heirsInDoubt(context: RuleContext, dead: NodeName): NodeName[] {
  return peersOf(context.live, dead).filter((peer) => {
    const node = nodeOf(context.live, peer);
    return node.replicaOf === dead && node.copy !== 'partial';
  });
}

/**
 * Zones are disturbed one after the other: what was restarted in another zone has to be back and in sync first, or
 * two zones would be weak at the same time although no single wave touched both (law 4).
 */
function otherZonesWhole(context: RuleContext, zone: ZoneName): boolean {
  return ailingZone(context).every(([, other]) => other === zone);
}

/** The zone of a member that is missing or not in sync. A surge replica weakens nothing: its zone was no better without. */
const ailingZone = ofEachSpecNode<ZoneName>((node) =>
  node.membership === 'joined' && !node.surge && !(isMember(node) && node.synced) ? node.zone : undefined,
);

export type Disturbance =
  | { readonly verdict: 'allowed' }
  | { readonly verdict: 'switchover'; readonly to: NodeName }
  /** Something that is under way, or that another rule proposes, has to be done first. */
  | { readonly verdict: 'later' }
  | { readonly verdict: 'refused'; readonly why: string; readonly hint: string };

function loneMember(context: RuleContext, { shard, zone }: NodeState): Disturbance {
  if (!context.policy.allowDowntime) {
    return {
      verdict: 'refused',
      why: `it is the only member of shard ${shard}: its slots would not be served while it restarts`,
      hint: `add a replica to shard ${shard}, or set policies.allowDowntime: true`,
    };
  }
  return otherZonesWhole(context, zone) ? { verdict: 'allowed' } : { verdict: 'later' };
}

/**
 * Whether a node's process may be stopped now, and what has to happen before (laws 2, 3 and 5).
 *
 * Replicas first, then a switchover to one of them that needs no restart itself, then the former primary.
 * @param pending nodes that are to be restarted too.
 */
export function mayDisturb(
  context: RuleContext,
  name: NodeName,
  pending: ReadonlyMap<NodeName, unknown>,
): Disturbance {
  const { live } = context;
  const node = nodeOf(live, name);
  const peers = others(context, name);
  if (node.membership !== 'joined' && !ownsSlots(node)) {
    return node.contents === 'keys'
      ? {
          verdict: 'refused',
          why: 'it is no member of the cluster but holds keys',
          hint: 'look at its data first',
        }
      : { verdict: 'allowed' };
  }
  const migrating = node.imports !== '' || isExporting(live, name);
  if (live.agreement !== 'yes' || migrating) return { verdict: 'later' };
  if (ownsSlots(node)) {
    if (peers.length === 0) return loneMember(context, node);
    if (peers.some((peer) => pending.has(peer))) return { verdict: 'later' };
    const follows = (peer: NodeName): boolean =>
      isSyncedReplica(nodeOf(live, peer)) && nodeOf(live, peer).replicaOf === name;
    if (peers.some((peer) => nodeOf(live, peer).surge && !follows(peer))) return { verdict: 'later' };
    const lasting = peers.filter((peer) => !nodeOf(live, peer).surge);
    // A surge replica takes over only where there is nobody else.
    const ready = (lasting.length > 0 ? lasting : peers).filter(follows);
    return ready[0] === undefined ? { verdict: 'later' } : { verdict: 'switchover', to: ready[0] };
  }
  if (!otherZonesWhole(context, node.zone)) return { verdict: 'later' };
  // A replica: every other member has to be whole, so that at most one is missing at any time.
  const whole = peers.every((peer) => {
    const other = nodeOf(live, peer);
    return isMember(other) && (ownsSlots(other) || isSyncedReplica(other));
  });
  return whole && live.serving === 'yes' ? { verdict: 'allowed' } : { verdict: 'later' };
}
