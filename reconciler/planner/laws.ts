/**
 * The laws of the design (section 2), as pure predicates on a wave: the state before it, its steps, the state after.
 *
 * They are checked on every state that a plan passes through and again on the live state before each wave, and they
 * share no code with the rules: a rule that is wrong is caught here.
 */
import type { NodeName } from '../model/cluster-state.ts';
import { parseSlots, slotCount, subtractSlots } from '../model/slots.ts';
import {
  claimedSlotCount,
  coveredSlots,
  isMember,
  isSyncedReplica,
  nodeOf,
  ownsSlots,
  peersOf,
  reachableOwners,
  slotOwners,
} from '../model/topology.ts';
import { HeldLocks } from '../steps/locks.ts';
import { describeStep, type Step, stepDisturbs, stepId, stepLocks } from '../steps/table.ts';
import { emptied, unitesWithEmptied } from './emptied.ts';
import type { Law, Violation, Wave } from './law.ts';
import { destructionIsApproved, surgeIsSpare } from './laws-of-removal.ts';
import type { Policy } from './rules/rule.ts';

function stops(wave: Wave, policy: Policy): { step: Step; node: NodeName }[] {
  void policy;
  return wave.steps
    .filter((step) => step.kind === 'restart-node' || step.kind === 'remove-container')
    .flatMap((step) => stepDisturbs(step, wave.before).map((node) => ({ step, node })));
}

/** Law 1: a slot that is served stays served; it always has exactly one owner. */
export const servedSlotsStayServed: Law = function* ({ before, steps, after }) {
  const lost = subtractSlots(coveredSlots(before), coveredSlots(after));
  if (slotCount(lost) > 0)
    yield { law: 1, summary: `${slotCount(lost)} slots would lose their owner`, steps: steps.map(stepId) };
  if (claimedSlotCount(after) !== slotCount(coveredSlots(after)))
    yield { law: 1, summary: 'a slot would have two owners', steps: steps.map(stepId) };
};

/** Law 2: nothing that owns slots, or is the last in-sync copy of its shard, is stopped; no data is overwritten. */
export const dataStaysSafe: Law = function* (wave, policy) {
  const { before, steps } = wave;
  for (const { step, node: name } of stops(wave, policy)) {
    const node = nodeOf(before, name);
    if (ownsSlots(node) && !(policy.allowDowntime && peersOf(before, name).length === 0)) {
      yield {
        law: 2,
        summary: `${describeStep(step)}: ${name} owns slots ${node.slots}`,
        steps: [stepId(step)],
      };
    }
    const copies = peersOf(before, name).filter(
      (peer) =>
        isSyncedReplica(nodeOf(before, peer)) ||
        (isMember(nodeOf(before, peer)) && ownsSlots(nodeOf(before, peer))),
    );
    if (node.role === 'replica' && copies.length === 0) {
      yield {
        law: 2,
        summary: `${describeStep(step)}: no other member of shard ${node.shard} has its data`,
        steps: [stepId(step)],
      };
    }
  }
  for (const step of steps) {
    if (step.kind !== 'deploy-node' || nodeOf(before, step.node).membership !== 'none') continue;
    const former = Object.values(before.ghosts).find((ghost) => ghost.formerly === step.node);
    if (former !== undefined && (former.slots !== '' || former.replicas !== '')) {
      yield {
        law: 2,
        summary: `${describeStep(step)}: it would be empty at the address of a member that the cluster counts on`,
        steps: [stepId(step)],
      };
    }
  }
  const pairs = emptied(before);
  for (const step of steps) {
    if (unitesWithEmptied(step, pairs))
      yield {
        law: 2,
        summary: `${describeStep(step)}: a replica that still has the keys would copy an empty primary`,
        steps: [stepId(step)],
      };
  }
  for (const step of steps) {
    if (step.kind !== 'replicate') continue;
    const node = nodeOf(before, step.node);
    if (ownsSlots(node) || (node.role === 'primary' && node.contents !== 'empty')) {
      yield {
        law: 2,
        summary: `${describeStep(step)}: what ${step.node} holds would be overwritten`,
        steps: [stepId(step)],
      };
    }
    const { replicaOf } = node;
    const former =
      replicaOf === null || replicaOf === step.primary
        ? undefined
        : (before.ghosts[replicaOf] ?? before.nodes[replicaOf]);
    const lost = former !== undefined && !('membership' in former && isMember(former));
    if (lost && former.slots !== '' && node.copy !== 'partial') {
      yield {
        law: 2,
        summary: `${describeStep(step)}: its primary is lost, and its copy of slots ${former.slots} may be the only one`,
        steps: [stepId(step)],
      };
    }
  }
};

/** Law 3: at most one member per shard is disturbed; a majority of primaries stays reachable. */
export const oneMemberPerShard: Law = function* ({ before, steps }, policy) {
  const shards = new Map<string, string[]>();
  const disturbed = new Set<NodeName>();
  for (const step of steps) {
    for (const name of stepDisturbs(step, before)) {
      const node = nodeOf(before, name);
      if (node.membership !== 'joined') continue;
      disturbed.add(name);
      shards.set(node.shard, [...(shards.get(node.shard) ?? []), stepId(step)]);
      const ailing = peersOf(before, name).filter((peer) => {
        const other = nodeOf(before, peer);
        return step.kind === 'restart-node' || step.kind === 'remove-container' ? !isMember(other) : false;
      });
      if (ailing.length > 0)
        yield {
          law: 3,
          summary: `${describeStep(step)} while ${ailing.join(', ')} of the same shard is missing`,
          steps: [stepId(step)],
        };
    }
  }
  for (const [shard, ids] of shards) {
    if (ids.length > 1)
      yield {
        law: 3,
        summary: `${ids.length} members of shard ${shard} would be disturbed at once`,
        steps: ids,
      };
  }
  if (shards.size > policy.parallelShards) {
    yield {
      law: 3,
      summary: `${shards.size} shards would be disturbed at once, the policy allows ${policy.parallelShards}`,
      steps: [...shards.values()].flat(),
    };
  }
  const stopped = steps
    .filter((step) => step.kind === 'restart-node' || step.kind === 'remove-container')
    .flatMap((step) => stepDisturbs(step, before));
  const owners = slotOwners(before).length;
  const left = reachableOwners(before).filter((name) => !stopped.includes(name)).length;
  if (stopped.length > 0 && owners > 1 && left * 2 <= owners) {
    yield {
      law: 3,
      summary: `only ${left} of ${owners} primaries would stay reachable`,
      steps: steps.map(stepId),
    };
  }
};

/** Law 4: no wave restarts nodes in two zones. */
export const oneZoneAtATime: Law = function* (wave, policy) {
  const zones = new Map<string, string[]>();
  for (const { step, node } of stops(wave, policy)) {
    const { zone, membership } = nodeOf(wave.before, node);
    if (membership === 'joined') zones.set(zone, [...(zones.get(zone) ?? []), stepId(step)]);
  }
  if (zones.size > 1)
    yield {
      law: 4,
      summary: `nodes in ${[...zones.keys()].sort().join(' and ')} would restart together`,
      steps: [...zones.values()].flat(),
    };
};

/** Law 5: a primary hands over only to a replica that is in sync, or whose copy is complete when the primary is dead. */
export const handOverInSync: Law = function* ({ before, steps }) {
  for (const step of steps) {
    if (step.kind !== 'switchover' && step.kind !== 'failover') continue;
    const to = nodeOf(before, step.to);
    const follows = to.role === 'replica' && to.replicaOf === step.from;
    const ready = step.kind === 'switchover' ? isSyncedReplica(to) : isMember(to) && to.copy === 'whole';
    if (!follows || !ready)
      yield {
        law: 5,
        summary: `${describeStep(step)}: ${step.to} is not in sync with ${step.from}`,
        steps: [stepId(step)],
      };
    if (step.kind === 'failover' && nodeOf(before, step.from).reachable !== 'no') {
      yield {
        law: 5,
        summary: `${describeStep(step)}: ${step.from} is not known to be dead`,
        steps: [stepId(step)],
      };
    }
  }
};

/** Law 7: what was not read is unknown, not absent; nothing is done to a node that could not be looked at. */
export const unknownIsNotAbsent: Law = function* ({ before, steps }) {
  for (const step of steps) {
    if (!('node' in step)) continue;
    const node = nodeOf(before, step.node);
    const engineSteps = [
      'prepare-volume',
      'deploy-node',
      'start-node',
      'restart-node',
      'remove-container',
      'update-limits',
      // Stopped or running, what is done to it is done through its engine and to the other members.
      'remove-node',
      'remove-surge',
      'fence-node',
    ];
    const blind = engineSteps.includes(step.kind)
      ? before.hosts[node.host]?.engine !== 'yes' || node.container === 'unknown'
      : !step.kind.startsWith('await-') && node.reachable !== 'yes';
    if (blind)
      yield {
        law: 7,
        summary: `${describeStep(step)}: ${step.node} could not be read`,
        steps: [stepId(step)],
      };
  }
};

/** Law 9: only what carries our labels, or is empty, is touched. */
export const onlyOurs: Law = function* ({ before, steps }) {
  for (const step of steps) {
    if (!('node' in step)) continue;
    const node = nodeOf(before, step.node);
    if (node.container === 'foreign' || node.volume === 'foreign') {
      yield {
        law: 9,
        summary: `${describeStep(step)}: its container or volume is not ours`,
        steps: [stepId(step)],
      };
    }
    if (
      (step.kind === 'set-config-epoch' || step.kind === 'assign-slots') &&
      node.membership === 'alone' &&
      node.contents !== 'empty'
    ) {
      yield {
        law: 9,
        summary: `${describeStep(step)}: it holds keys of unknown origin`,
        steps: [stepId(step)],
      };
    }
  }
  for (const step of steps) {
    if (step.kind !== 'meet') continue;
    const dirty = step.nodes.filter(
      (name) => nodeOf(before, name).membership === 'alone' && nodeOf(before, name).contents !== 'empty',
    );
    if (dirty.length > 0)
      yield {
        law: 9,
        summary: `${dirty.join(', ')} would join with keys of unknown origin`,
        steps: [stepId(step)],
      };
  }
  for (const step of steps) {
    if (step.kind !== 'forget-ghost') continue;
    const ghost = before.ghosts[step.id];
    if (ghost === undefined || ghost.state !== 'lost' || ghost.slots !== '' || ghost.replicas !== '') {
      yield {
        law: 9,
        summary: `${describeStep(step)}: it is alive, owns slots or has replicas`,
        steps: [stepId(step)],
      };
    }
  }
};

/** Law 6: slots are imported only by a primary that can accept writes and that has the copies that it should have. */
export const importsNeedReplicas: Law = function* ({ before, steps }) {
  for (const step of steps) {
    if (step.kind !== 'migrate-slots') continue;
    const to = nodeOf(before, step.to);
    const synced = peersOf(before, step.to).filter((peer) => {
      const other = nodeOf(before, peer);
      return other.replicaOf === step.to && isSyncedReplica(other);
    });
    const wanted = Number(to.config['min-replicas-to-write'] ?? 0);
    const unsynced = peersOf(before, step.to).filter((peer) => {
      const other = nodeOf(before, peer);
      return other.replicaOf === step.to && !isSyncedReplica(other);
    });
    if (
      to.role !== 'primary' ||
      !isMember(to) ||
      synced.length < wanted ||
      (synced.length === 0 && unsynced.length > 0)
    ) {
      yield {
        law: 6,
        summary: `${describeStep(step)}: ${step.to} has ${synced.length} replicas in sync, ${wanted} are needed to write`,
        steps: [stepId(step)],
      };
    }
    const owned = parseSlots(before.nodes[step.from]?.slots ?? '');
    if (slotCount(subtractSlots(parseSlots(step.slots), owned)) > 0) {
      yield {
        law: 6,
        summary: `${describeStep(step)}: ${step.from} does not own them`,
        steps: [stepId(step)],
      };
    }
  }
};

/** No two steps of one wave share a lock. */
export const locksAreExclusive: Law = function* ({ before, steps }, policy) {
  const held = new HeldLocks(policy.held);
  for (const step of steps) {
    const locks = stepLocks(step, before);
    for (const lock of locks) {
      const holder = held.holderAgainst(lock);
      if (holder !== undefined)
        yield { law: 3, summary: `${stepId(step)} and ${holder} both need ${lock}`, steps: [stepId(step)] };
    }
    for (const lock of locks) held.add(lock, stepId(step));
  }
};

export const LAWS: Readonly<Record<string, Law>> = {
  servedSlotsStayServed,
  dataStaysSafe,
  oneMemberPerShard,
  oneZoneAtATime,
  handOverInSync,
  unknownIsNotAbsent,
  onlyOurs,
  importsNeedReplicas,
  destructionIsApproved,
  surgeIsSpare,
  locksAreExclusive,
};

/** Every law that the wave would break. */
export function checkLaws(
  wave: Wave,
  policy: Policy,
  laws: Readonly<Record<string, Law>> = LAWS,
): Violation[] {
  return Object.values(laws).flatMap((law) => [...law(wave, policy)]);
}
