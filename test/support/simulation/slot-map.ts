/**
 * One member's view of who owns which slots, as a value that members share.
 *
 * Members that have heard the same claims in the same order hold the very same object, and a claim is worked into
 * it once for all of them: this is what keeps a simulated fleet of dozens of members fast.
 */
import type { NodeId } from '../../../reconciler/model/cluster-state.ts';
import {
  intersectSlots,
  type SlotSet,
  slotCount,
  subtractSlots,
  unionSlots,
} from '../../../reconciler/model/slots.ts';

/** What a member says of itself in the header of every packet. Never changed: a new one replaces it. */
export interface Claim {
  readonly id: NodeId;
  readonly role: 'primary' | 'replica';
  readonly primaryId: NodeId | null;
  readonly configEpoch: number;
  readonly slots: SlotSet;
  readonly ip: string;
  readonly port: number;
  readonly busPort: number;
  readonly hostname: string;
}

export interface Ownership {
  readonly slots: SlotSet;
  /** Configuration epoch with which they were claimed: the higher one wins. */
  readonly epoch: number;
}

const NO_SLOTS: SlotSet = [];

export class SlotMap {
  readonly owners: ReadonlyMap<NodeId, Ownership>;
  /** How many slots have an owner. */
  readonly assigned: number;
  readonly #next = new Map<Claim | string, SlotMap>();

  private constructor(owners: ReadonlyMap<NodeId, Ownership>) {
    this.owners = owners;
    let assigned = 0;
    for (const { slots } of owners.values()) assigned += slotCount(slots);
    this.assigned = assigned;
  }

  /** A fresh empty map, so that what is remembered for one simulation ends with it. */
  static empty(): SlotMap {
    return new SlotMap(new Map());
  }

  of(id: NodeId): SlotSet {
    return this.owners.get(id)?.slots ?? NO_SLOTS;
  }

  ownerOf(slot: number): NodeId | undefined {
    for (const [id, { slots }] of this.owners) {
      if (slots.some(([first, last]) => first <= slot && slot <= last)) return id;
    }
    return undefined;
  }

  /** Works in what a member says of itself: it gets the slots whose owner has a lower epoch, or that have none. */
  hear(claim: Claim): SlotMap {
    const known = this.#next.get(claim);
    if (known !== undefined) return known;
    const result = this.#hear(claim);
    this.#next.set(claim, result);
    return result;
  }

  #hear(claim: Claim): SlotMap {
    const before = this.owners.get(claim.id);
    if (claim.role === 'replica') return before === undefined ? this : this.without(claim.id);
    if (before !== undefined && before.epoch === claim.configEpoch && before.slots === claim.slots)
      return this;
    if (before === undefined && claim.slots.length === 0) return this;
    const owners = new Map(this.owners);
    let gained = before === undefined ? claim.slots : subtractSlots(claim.slots, before.slots);
    if (gained.length > 0) {
      for (const [id, owner] of this.owners) {
        if (id === claim.id) continue;
        const contested = intersectSlots(owner.slots, gained);
        if (contested.length === 0) continue;
        if (owner.epoch < claim.configEpoch)
          put(owners, id, subtractSlots(owner.slots, contested), owner.epoch);
        else gained = subtractSlots(gained, contested);
      }
    }
    if (gained.length === 0 && (before === undefined || before.epoch === claim.configEpoch)) return this;
    // Slots that it no longer claims stay its own until somebody else claims them, as in Redis.
    const slots =
      before === undefined ? gained : gained.length === 0 ? before.slots : unionSlots(before.slots, gained);
    // Where both are equal the claim's own object is kept, so that comparing identities suffices later.
    put(owners, claim.id, sameSlots(slots, claim.slots) ? claim.slots : slots, claim.configEpoch);
    return new SlotMap(owners);
  }

  /** Forgets an owner: its slots have none. */
  without(id: NodeId): SlotMap {
    if (!this.owners.has(id)) return this;
    const key = `-${id}`;
    let result = this.#next.get(key);
    if (result === undefined) {
      const owners = new Map(this.owners);
      owners.delete(id);
      result = new SlotMap(owners);
      this.#next.set(key, result);
    }
    return result;
  }

  /** Takes slots for a member whatever the epochs say: what a server does for itself. */
  take(id: NodeId, slots: SlotSet, epoch: number): SlotMap {
    const owners = new Map(this.owners);
    for (const [other, owner] of this.owners) {
      if (other !== id) put(owners, other, subtractSlots(owner.slots, slots), owner.epoch);
    }
    put(owners, id, unionSlots(this.of(id), slots), epoch);
    return new SlotMap(owners);
  }
}

function put(owners: Map<NodeId, Ownership>, id: NodeId, slots: SlotSet, epoch: number): void {
  if (slots.length === 0) owners.delete(id);
  else owners.set(id, { slots, epoch });
}

export function sameSlots(a: SlotSet, b: SlotSet): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every(([first, last], index) => first === b[index]?.[0] && last === b[index]?.[1]);
}
