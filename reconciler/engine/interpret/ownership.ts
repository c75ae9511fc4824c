/** Who owns which slots, who replicates whom, and whether all members say the same. */
import type { ClusterState, NodeId, NodeName } from '../../model/cluster-state.ts';
import type { MemberView, NodeReading } from '../../model/readings.ts';
import {
  formatSlots,
  type SlotSet,
  slotCount,
  slotSet,
  subtractSlots,
  unionSlots,
} from '../../model/slots.ts';

export interface Ownership {
  readonly slots: ReadonlyMap<NodeId, SlotSet>;
  readonly role: ReadonlyMap<NodeId, 'primary' | 'replica' | 'unknown'>;
  readonly primaryOf: ReadonlyMap<NodeId, NodeId | null>;
  readonly agreement: ClusterState['agreement'];
  readonly openSlots: SlotSet;
  readonly remarks: ReadonlyMap<NodeName, readonly string[]>;
}

interface Claim {
  readonly id: NodeId;
  readonly epoch: number;
  readonly slots: SlotSet;
}

/**
 * A node that answers is asked about itself; for the others the members' word counts, the most common one. Where
 * two claim a slot the higher configuration epoch has it, as in Redis itself.
 * @param readings of the nodes that answer.
 * @param joined those of them whose agreement counts.
 */
export function ownership(
  readings: ReadonlyMap<NodeName, NodeReading>,
  joined: readonly NodeName[],
  members: ReadonlyMap<NodeId, readonly MemberView[]>,
): Ownership {
  const role = new Map<NodeId, 'primary' | 'replica' | 'unknown'>();
  const primaryOf = new Map<NodeId, NodeId | null>();
  const claims: Claim[] = [];
  const self = new Map<NodeId, MemberView>();
  for (const reading of readings.values()) {
    const me = reading.members.find((member) => member.myself);
    if (me !== undefined) self.set(me.id, me);
  }
  for (const [id, views] of members) {
    const word = self.get(id) ?? mostCommon(views);
    role.set(id, word.role);
    primaryOf.set(id, word.role === 'replica' ? word.primaryId : null);
    if (word.role === 'primary' && word.slots.length > 0)
      claims.push({ id, epoch: word.configEpoch, slots: word.slots });
  }
  const slots = new Map<NodeId, SlotSet>();
  let taken: SlotSet = [];
  for (const claim of claims.sort((a, b) => b.epoch - a.epoch || (a.id < b.id ? -1 : 1))) {
    slots.set(claim.id, subtractSlots(claim.slots, taken));
    taken = unionSlots(taken, claim.slots);
  }

  const open = [...readings].flatMap(([name, reading]) =>
    reading.members.flatMap((member) =>
      [...member.migrating, ...member.importing].map(({ slot }) => ({ name, slot })),
    ),
  );
  const remarks = new Map<NodeName, string[]>();
  for (const { name, slot } of open)
    remarks.set(name, [...(remarks.get(name) ?? []), `slot ${slot} is open on ${name}`]);
  return {
    slots,
    role,
    primaryOf,
    agreement: agreementOf(readings, joined, remarks),
    openSlots: slotSet(open.map(({ slot }) => [slot, slot])),
    remarks,
  };
}

function mostCommon(views: readonly MemberView[]): MemberView {
  const votes = new Map<string, { view: MemberView; count: number }>();
  for (const view of views) {
    const key = `${view.role} ${view.primaryId ?? ''} ${formatSlots(view.slots)}`;
    const vote = votes.get(key);
    if (vote === undefined) votes.set(key, { view, count: 1 });
    else vote.count += 1;
  }
  return [...votes.values()].reduce((a, b) =>
    b.count > a.count || (b.count === a.count && b.view.configEpoch > a.view.configEpoch) ? b : a,
  ).view;
}

/** The slot map as one node tells it, in one text. */
function signature(reading: NodeReading): string {
  return reading.members
    .filter((member) => slotCount(member.slots) > 0)
    .map((member) => `${member.id} ${formatSlots(member.slots)}`)
    .sort()
    .join('\n');
}

function agreementOf(
  readings: ReadonlyMap<NodeName, NodeReading>,
  joined: readonly NodeName[],
  remarks: Map<NodeName, string[]>,
): ClusterState['agreement'] {
  if (readings.size === 0) return 'unknown';
  if (joined.length === 0) return 'no';
  const camps = new Map<string, NodeName[]>();
  for (const name of joined) {
    const map = signature(readings.get(name) as NodeReading);
    camps.set(map, [...(camps.get(map) ?? []), name]);
  }
  const [largest, ...minorities] = [...camps.values()].sort((a, b) => b.length - a.length);
  for (const names of minorities) {
    for (const name of names)
      remarks.set(name, [
        ...(remarks.get(name) ?? []),
        `its slot map differs from that of ${(largest ?? []).join(', ')}`,
      ]);
  }
  return camps.size === 1 ? 'yes' : 'no';
}
