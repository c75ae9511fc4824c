/** What nodes hold, in keys and bytes: as it was read, and as the steps of a plan move it about on paper. */
import type { ClusterState, NodeName } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { parseSlots, type SlotSet, slotCount } from '../model/slots.ts';
import { nodeOf, peersOf } from '../model/topology.ts';
import type { AwaitMigration, MigrateSlots } from '../steps/migrate-slots.ts';
import type { Step } from '../steps/table.ts';
import { type SlotWeights, weightOf } from './balance-by-weight.ts';
import type { Guess } from './guess.ts';

/** What a node or a part of its slots holds. The bytes are those of `used_memory`, which counts buffers too. */
export interface Load {
  readonly keys: number;
  readonly bytes: number;
}

export type LoadGuess = Load | 'unknown';

const NOTHING: Load = { keys: 0, bytes: 0 };

export class Loads {
  readonly #facts: Facts;
  readonly #slotBytes: SlotWeights | undefined;
  /** What changed on paper; of all other nodes the readings hold. */
  readonly #moved = new Map<NodeName, LoadGuess>();

  /** @param slotBytes what each slot weighs in bytes, where that was asked for. */
  constructor(facts: Facts, slotBytes?: SlotWeights) {
    this.#facts = facts;
    this.#slotBytes = slotBytes;
  }

  /** What the node holds in a state; what was read of another member of its shard says it as well. */
  of(state: ClusterState, name: NodeName): LoadGuess {
    const moved = this.#moved.get(name);
    if (moved !== undefined) return moved;
    const node = state.nodes[name];
    if (node === undefined) return 'unknown';
    if (node.contents === 'empty') return NOTHING;
    const own = this.#read(name);
    if (own !== undefined) return own;
    for (const peer of peersOf(state, name)) {
      const related = node.replicaOf === peer || nodeOf(state, peer).replicaOf === name;
      const read = related ? this.#read(peer) : undefined;
      if (read !== undefined) return read;
    }
    return 'unknown';
  }

  /** A server that reads its data set does not tell yet how much it is. */
  #read(name: NodeName): Load | undefined {
    const reading = this.#facts.nodes[name]?.reading;
    if (reading === undefined || reading.loading) return undefined;
    return reading.keys === 0 ? NOTHING : { keys: reading.keys, bytes: reading.usedMemoryBytes };
  }

  /** What a migration carries: the source's load, shared by slots, or by their bytes where those are known. */
  carried(state: ClusterState, { from, slots }: MigrateSlots | AwaitMigration): LoadGuess {
    const load = this.of(state, from);
    const owned = this.#weight(parseSlots(state.nodes[from]?.slots ?? ''));
    if (load === 'unknown' || owned === 0) return 'unknown';
    const share = Math.min(1, this.#weight(parseSlots(slots)) / owned);
    return { keys: load.keys * share, bytes: load.bytes * share };
  }

  #weight(slots: SlotSet): number {
    const bytes = this.#slotBytes === undefined ? 0 : weightOf(slots, this.#slotBytes);
    return bytes > 0 ? bytes : slotCount(slots);
  }

  /** Takes note of what a step moves, starting from the state before it. */
  take(step: Step, before: ClusterState): void {
    if (step.kind === 'migrate-slots' || step.kind === 'await-migration') {
      const carried = this.carried(before, step);
      this.#moved.set(step.to, sum(this.of(before, step.to), carried, 1));
      this.#moved.set(step.from, sum(this.of(before, step.from), carried, -1));
    } else if (step.kind === 'switchover' || step.kind === 'failover' || step.kind === 'takeover') {
      this.#moved.set(step.to, this.of(before, step.from));
    } else if (step.kind === 'await-sync') {
      const primary = nodeOf(before, step.node).replicaOf;
      if (primary !== null) this.#moved.set(step.node, this.of(before, primary));
    }
  }
}

function sum(a: LoadGuess, b: LoadGuess, sign: 1 | -1): LoadGuess {
  if (a === 'unknown' || b === 'unknown') return 'unknown';
  return { keys: a.keys + sign * b.keys, bytes: a.bytes + sign * b.bytes };
}

export function keysOf(load: LoadGuess): Guess {
  return load === 'unknown' ? load : load.keys;
}

export function bytesOf(load: LoadGuess): Guess {
  return load === 'unknown' ? load : load.bytes;
}
