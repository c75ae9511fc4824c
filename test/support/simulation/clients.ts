/** Clients that write all the time, as cluster clients do: they remember who owned a slot, and ask when refused. */
import type { Ledger } from './ledger.ts';
import { usedMemory } from './migration.ts';
import { lacksReplicas, write } from './replication.ts';
import type { Server, World } from './world.ts';

/** A time in which writes to a slot that had been served before were refused. */
export interface Outage {
  readonly slot: number;
  readonly from: number;
  /** Infinity while it lasts. */
  to: number;
}

export class Clients {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #routes: (Server | undefined)[];
  readonly #open = new Map<number, Outage>();
  readonly outages: Outage[] = [];
  #paused = false;

  constructor(world: World, ledger: Ledger) {
    this.#world = world;
    this.#ledger = ledger;
    this.#routes = new Array(world.keyed.length).fill(undefined);
    const { writeEveryMs, writesPerBurst } = world.settings;
    if (writeEveryMs <= 0) return;
    const burst = () => {
      for (let count = 0; count < writesPerBurst && !this.#paused; count += 1) {
        this.write(world.clientChance.int(0, world.keyed.length - 1));
      }
      world.scheduler.later(writeEveryMs, burst);
    };
    world.scheduler.later(writeEveryMs, burst);
  }

  /** No more writes of their own accord, so that replicas can be compared with their primaries. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /** Writes one key. @returns whether it was acknowledged. */
  write(index: number): boolean {
    const slot = this.#world.keyed.slots[index] as number;
    const server = this.#route(index, slot);
    if (server === undefined) {
      if (this.#ledger.acknowledged(index) > 0 && !this.#open.has(slot)) {
        const outage = { slot, from: this.#world.now, to: Number.POSITIVE_INFINITY };
        this.#open.set(slot, outage);
        this.outages.push(outage);
      }
      return false;
    }
    // During a hand-over writes wait: the client is answered a moment later.
    if (server.writesPausedUntil > this.#world.now) return false;
    write(server, index);
    this.#ledger.acknowledge(server, index);
    const outage = this.#open.get(slot);
    if (outage !== undefined) {
      outage.to = this.#world.now;
      this.#open.delete(slot);
    }
    return true;
  }

  #route(index: number, slot: number): Server | undefined {
    const known = this.#routes[index];
    if (known !== undefined && takes(known, slot)) return known;
    let best: Server | undefined;
    for (const server of this.#world.servers) {
      if (takes(server, slot) && (best === undefined || server.conf.configEpoch > best.conf.configEpoch))
        best = server;
    }
    this.#routes[index] = best;
    return best;
  }
}

/** Whether the server would acknowledge a write to the slot. */
function takes(server: Server, slot: number): boolean {
  if (server.state !== 'ready' || !server.isPrimary || !server.clusterOk) return false;
  if (!server.slots.some(([first, last]) => first <= slot && slot <= last)) return false;
  if (lacksReplicas(server)) return false;
  const limit = server.config.number('maxmemory');
  const full =
    limit > 0 && server.config.get('maxmemory-policy') === 'noeviction' && usedMemory(server) > limit;
  return !full;
}
