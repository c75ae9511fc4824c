/**
 * The book of acknowledged writes: which are lost, and whether an injected fault or RedisForge is to blame.
 *
 * What a fault destroys before any other copy has it is excused, and so is what the cluster's own election leaves
 * behind after a fault. Whatever else is missing at the owner of a slot in the end was lost by RedisForge.
 */
import type { NodeId } from '../../../reconciler/model/cluster-state.ts';
import type { SlotSet } from '../../../reconciler/model/slots.ts';
import type { KeyCounts } from './keys.ts';
import { settle } from './replication.ts';
import type { Cause, NodesConf, Server, World } from './world.ts';

export interface LostWrites {
  readonly slot: number;
  readonly by: 'redisforge' | 'fault';
  readonly acknowledged: number;
  /** Keys that are missing. */
  readonly lost: number;
  /** Server that owns the slot, '' when none does. */
  readonly owner: string;
  readonly why: string;
}

/** One copy of a node's state, in the memory of a process or only in its volume. */
export interface Copy {
  readonly name: string;
  readonly conf: NodesConf;
  readonly keys: KeyCounts;
  readonly running: boolean;
}

interface ForeignKeys {
  readonly volume: string;
  readonly index: number;
  readonly keys: number;
}

export class Ledger {
  readonly #world: World;
  readonly #acknowledged: KeyCounts;
  readonly #excused: KeyCounts;
  readonly #why = new Map<number, string>();
  readonly #ends = new Map<NodeId, { readonly at: number; readonly cause: Cause }>();
  readonly #foreign: ForeignKeys[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#acknowledged = world.keyed.none();
    this.#excused = world.keyed.none();
    world.onServerEnd.push((server, cause) => this.#ends.set(server.id, { at: world.now, cause }));
    world.onPromotion.push((server, former, by) => this.#promoted(server, former, by));
  }

  /** A client was told that its write has happened. */
  acknowledge(server: Server, index: number): void {
    this.#acknowledged[index] = (this.#acknowledged[index] as number) + 1;
    // Whoever has been replaced without knowing it takes writes that nobody will keep.
    if (server.superseded !== null && server.superseded !== 'redisforge')
      this.#excuse(index, 1, `${server.name} had been replaced during a fault`);
  }

  acknowledged(index: number): number {
    return this.#acknowledged[index] as number;
  }

  /** Keys that are nobody's business of ours: they must stay where they are. */
  addForeign(volume: string, index: number, keys: number): void {
    this.#foreign.push({ volume, index, keys });
  }

  /** A fault has just struck: what no copy anywhere holds any more is excused. */
  strike(what: string): void {
    const copies = copiesOf(this.#world);
    for (let index = 0; index < this.#acknowledged.length; index += 1) {
      const due = this.#due(index);
      if (due === 0) continue;
      let best = 0;
      for (const { keys } of copies) best = Math.max(best, keys[index] as number);
      if (best < due) this.#excuse(index, due - best, what);
    }
  }

  #promoted(server: Server, former: Server | undefined, by: Cause): void {
    const { primaryId, map } = server.conf;
    if (former !== undefined) former.superseded = by === 'redisforge' ? 'redisforge' : 'fault';
    if (!this.#excuses(server, former, by)) return;
    for (const index of this.#world.keyed.within(map.of(primaryId ?? ''))) {
      const gap = this.#due(index) - (server.keys[index] as number);
      if (gap > 0) this.#excuse(index, gap, `${server.name} was promoted with what it had received`);
    }
  }

  /**
   * Whether what a promoted replica lacks is nobody's fault. A primary that RedisForge itself stopped, and a
   * forced failover away from a living primary or to a replica that had long lost touch, are its own doing.
   */
  #excuses(server: Server, former: Server | undefined, by: Cause): boolean {
    const end = former === undefined ? this.#ends.get(server.conf.primaryId ?? '') : undefined;
    if (end?.cause === 'redisforge') return false;
    if (by !== 'redisforge') return true;
    if (end === undefined) return false;
    const { link } = server;
    return link !== null && (link.state === 'up' || link.downSince >= end.at - 1000);
  }

  #excuse(index: number, keys: number, why: string): void {
    this.#excused[index] = (this.#excused[index] as number) + keys;
    this.#why.set(index, why);
  }

  /** Keys that the owner of the slot must hold. */
  #due(index: number): number {
    return (this.#acknowledged[index] as number) - (this.#excused[index] as number);
  }

  lost(): LostWrites[] {
    const copies = copiesOf(this.#world);
    const owners = ownersByIndex(this.#world, copies);
    const found: LostWrites[] = [];
    for (let index = 0; index < this.#acknowledged.length; index += 1) {
      const due = this.#due(index);
      const owner = owners[index];
      // While the owner is down its copies count: somebody may still take over.
      const held =
        owner?.running === true
          ? (owner.keys[index] as number)
          : Math.max(0, ...copies.map(({ keys }) => keys[index] as number));
      const entry = {
        slot: this.#world.keyed.slots[index] as number,
        acknowledged: this.#acknowledged[index] as number,
        owner: owner?.name ?? '',
      };
      const excused = this.#excused[index] as number;
      if (excused > 0) found.push({ ...entry, by: 'fault', lost: excused, why: this.#why.get(index) ?? '' });
      if (held < due) {
        const why = `${held} of ${due} keys that no fault has destroyed are at the owner`;
        found.push({ ...entry, by: 'redisforge', lost: due - held, why });
      }
    }
    return [...found, ...this.#foreignLost(copies)];
  }

  #foreignLost(copies: readonly Copy[]): LostWrites[] {
    return this.#foreign.flatMap(({ volume, index, keys }) => {
      const held = copies.find(({ name }) => name === volume)?.keys[index] ?? 0;
      if (held >= keys) return [];
      return {
        slot: this.#world.keyed.slots[index] as number,
        by: 'redisforge' as const,
        acknowledged: keys,
        lost: keys - held,
        owner: volume,
        why: 'foreign keys in this volume were not left alone',
      };
    });
  }
}

/** Every copy that exists: of processes that run, and of volumes without one. */
export function copiesOf(world: World): Copy[] {
  const copies: Copy[] = [];
  const inUse = new Set<unknown>();
  for (const server of world.servers) {
    settle(server);
    inUse.add(server.volume);
    copies.push({ name: server.volume.name, conf: server.conf, keys: server.keys, running: true });
  }
  for (const machine of world.machines.values()) {
    for (const volume of machine.volumes.values()) {
      if (inUse.has(volume) || volume.conf === null) continue;
      const appends = /^\s*appendonly\s+"?yes/m.test(volume.files.get('redis.conf') ?? '');
      const keys = (appends ? volume.aof : volume.rdb) ?? world.keyed.none();
      copies.push({ name: volume.name, conf: volume.conf, keys, running: false });
    }
  }
  return copies;
}

/** For each keyed slot the copy that owns it by the highest epoch. */
function ownersByIndex(world: World, copies: readonly Copy[]): (Copy | undefined)[] {
  const owners: (Copy | undefined)[] = new Array(world.keyed.length).fill(undefined);
  for (const copy of copies) {
    if (copy.conf.role !== 'primary') continue;
    for (const index of world.keyed.within(ownSlots(copy))) {
      const rival = owners[index];
      if (rival === undefined || rival.conf.configEpoch < copy.conf.configEpoch) owners[index] = copy;
    }
  }
  return owners;
}

export function ownSlots(copy: Copy): SlotSet {
  return copy.conf.map.of(copy.conf.id);
}
