/** Moves a shard's primary role to a replica: planned (both alive) or because the engine says the primary is dead. */
import type { Operation } from 'fast-json-patch';
import type { ClusterState, NodeId, NodeName, ShardName } from '../model/cluster-state.ts';
import { isMember, nodeOf, peersOf, slotOwners } from '../model/topology.ts';
import { PortError } from '../ports.ts';
import { pointer, type StepContext, type StepKind, setNode } from './step.ts';

/** Planned: nothing is lost, clients are redirected once (measured gap 14-16 ms). */
export interface Switchover {
  readonly kind: 'switchover';
  readonly shard: ShardName;
  readonly from: NodeName;
  readonly to: NodeName;
}

/**
 * Unplanned: the primary's process is dead by the engine's own word. `FORCE` skips the hand-shake with it, but
 * still needs the votes of the majority of primaries, so it can never split a shard.
 */
export interface Failover {
  readonly kind: 'failover';
  readonly shard: ShardName;
  readonly from: NodeName;
  readonly to: NodeName;
}

/**
 * Without a vote, because the majority of primaries is gone for good and a person has said so in the spec: what the
 * lost primary had and the replica had not is given up (law 8).
 */
export interface Takeover {
  readonly kind: 'takeover';
  readonly shard: ShardName;
  readonly from: NodeName;
  readonly to: NodeName;
}

/**
 * A primary votes once per epoch, and two replicas that ask at the same time ask with the same epoch: one of them loses
 * (measured: in two of four pairs), says nothing, and may not ask again for four times the node timeout.
 */
const VOTED = 'election';

/**
 * The new primary takes the slots; the shard's other replicas follow it and have to catch up.
 * @param from a node of ours, or the id of a member that only the others still know.
 */
function promotion(state: ClusterState, from: NodeName | NodeId, to: NodeName): Operation[] {
  const followers = peersOf(state, to).filter(
    (peer) => peer !== from && nodeOf(state, peer).replicaOf === from,
  );
  return [
    ...setNode(to, {
      role: 'primary',
      replicaOf: null,
      slots: (state.nodes[from] ?? state.ghosts[from])?.slots ?? '',
      link: 'none',
      synced: true,
      copy: 'whole',
    }),
    ...followers.flatMap((peer) => setNode(peer, { replicaOf: to, link: 'syncing', synced: false })),
  ];
}

export const switchover: StepKind<Switchover> = {
  id: (step) => `switchover:${step.shard}:${step.from}>${step.to}`,
  describe: (step) => `switch shard ${step.shard} over from ${step.from} to ${step.to}`,
  risk: 'disruptive',
  locks: (step) => [VOTED, 'starts', `shard:${step.shard}`, `node:${step.from}`, `node:${step.to}`],
  disturbs: (step) => [step.from],
  effect: (step, state) => [
    ...promotion(state, step.from, step.to),
    ...setNode(step.from, { role: 'replica', replicaOf: step.to, slots: '', link: 'syncing', synced: false }),
  ],
  deadlineMs: 50_000,
  sends: (step) => [`CLUSTER LINKS, then CLUSTER FAILOVER (to ${step.to})`],
  async execute(step, context) {
    await untilElectable(step, context);
    await untilHeard(step.to, context);
    await context.redis(step.to).failover('graceful');
  },
};

/**
 * When Redis will hold a true election, in milliseconds since the epoch.
 *
 * For four node timeouts after an election a replica still counts the votes of then: asked again it takes itself for
 * elected at once, is deposed some milliseconds later, and what was written to it meanwhile is gone (measured on 8.6.3:
 * 288 acknowledged writes in one attempt), while the primary takes no writes for five seconds. A restart makes it forget
 * the votes. And for two node timeouts nobody votes again on the same primary.
 */
function electableAt({ from, to }: Switchover | Failover, { live, facts }: StepContext): number {
  const timeoutMs = Math.max(1000, Number(nodeOf(live, to).config['cluster-node-timeout'] ?? 15_000));
  const { elected, reading } = facts.nodes[to] ?? {};
  // Uptime is told in whole seconds.
  const startedAt = facts.now - (reading?.uptimeMs ?? 0) - 1000;
  const again = elected === undefined || startedAt > elected.at ? 0 : elected.at + 4 * timeoutMs;
  const votes = Object.values(facts.nodes).map((node) =>
    node.elected?.from === from ? node.elected.at + 2 * timeoutMs : 0,
  );
  return Math.max(again, ...votes);
}

/** @throws PortError `conflict` when that takes longer than the step may. */
async function untilElectable(step: Switchover | Failover, context: StepContext): Promise<void> {
  const { clock, signal } = context;
  const at = electableAt(step, context);
  if (at > clock.now()) await clock.sleep(at - clock.now(), signal);
  if (at > clock.now())
    throw new PortError(
      'conflict',
      `${step.to} was elected a moment ago, or ${step.from} deposed: asked before ${new Date(at).toISOString()}, Redis would hold no true election`,
      { retry: 'soon' },
    );
}

/** Members reconnect to a node that was restarted within a second, or a few when their first attempt was lost. */
const HEARD_MS = 10_000;
const LOOK_AGAIN_MS = 25;

/**
 * Votes come over connections that the voters made themselves. When those to a replica that has just been restarted
 * do not stand yet, votes wait or are lost, and all that time the primary accepts no writes (measured: 190 to 550 ms
 * right after a restart, 22 to 32 ms once the connections stood).
 * @throws PortError `conflict` when most voters have no connection to it after a while.
 */
async function untilHeard(replica: NodeName, context: StepContext): Promise<void> {
  const { live, facts, clock, signal } = context;
  const voters = slotOwners(live)
    .filter((name) => isMember(nodeOf(live, name)))
    .map((name) => facts.nodes[name]?.nodeId)
    .filter((id) => id !== undefined);
  const redis = context.redis(replica);
  const until = clock.now() + HEARD_MS;
  for (;;) {
    const linked = await redis.linkedFrom();
    const heard = voters.filter((id) => linked.has(id)).length;
    if (heard === voters.length) return;
    if (clock.now() > until && heard * 2 > slotOwners(live).length) return;
    if (clock.now() > until || signal.aborted)
      throw new PortError(
        'conflict',
        `only ${heard} of ${voters.length} primaries have a connection to ${replica}, which would not get their votes`,
        { retry: 'soon' },
      );
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}

export const failover: StepKind<Failover> = {
  id: (step) => `failover:${step.shard}:${step.from}>${step.to}`,
  describe: (step) => `fail shard ${step.shard} over from ${step.from}, which is dead, to ${step.to}`,
  risk: 'disruptive',
  // Not its shard's lock, nor the dead node's: it must be possible in the middle of a migration that holds them.
  locks: (step) => [VOTED, `node:${step.to}`],
  disturbs: () => [],
  effect: (step, state) => [
    ...promotion(state, step.from, step.to),
    // The members list the dead node as a primary without slots until it comes back and follows the new one.
    ...setNode(step.from, { slots: '' }),
  ],
  deadlineMs: 50_000,
  sends: (step) => [`CLUSTER FAILOVER FORCE (to ${step.to})`],
  async execute(step, context) {
    await untilElectable(step, context);
    await context.redis(step.to).failover('force');
  },
};

export const takeover: StepKind<Takeover> = {
  id: (step) => `takeover:${step.shard}:${step.from}>${step.to}`,
  describe: (step) =>
    `let ${step.to} take shard ${step.shard} over from ${step.from} without a vote, giving up what it had not received`,
  risk: 'destructive',
  locks: (step) => [`shard:${step.shard}`, `node:${step.from}`, `node:${step.to}`],
  disturbs: () => [],
  effect: (step, state) => [
    ...promotion(state, step.from, step.to),
    ...(state.nodes[step.from] === undefined
      ? [
          { op: 'replace' as const, path: pointer('ghosts', step.from, 'slots'), value: '' },
          { op: 'replace' as const, path: pointer('ghosts', step.from, 'replicas'), value: '' },
        ]
      : setNode(step.from, { slots: '' })),
  ],
  deadlineMs: 15_000,
  sends: (step) => [`CLUSTER FAILOVER TAKEOVER (to ${step.to})`],
  async execute(step, context) {
    await context.redis(step.to).failover('takeover');
  },
};
