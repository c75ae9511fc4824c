/** The ports for what outlives RedisForge (documents, leases) and for secrets. */
import {
  type Lease,
  type Leases,
  PortError,
  Secret,
  type Secrets,
  type StateStore,
} from '../../../reconciler/ports.ts';
import type { SecretRef } from '../../../spec-schema/cluster-spec.ts';
import type { CallSite, Calls, Life } from './calls.ts';
import type { World } from './world.ts';

/** How long a lease outlives a holder that died. */
const LEASE_MS = 10_000;

interface HeldLease {
  readonly holder: string;
  readonly epoch: number;
  readonly life: Life;
  /** When the holder was first missed; Infinity while it lives. */
  missedAt: number;
  released: boolean;
  readonly abort: AbortController;
}

/** What is on the disk of the machine that RedisForge runs on. */
export class Disk {
  readonly documents = new Map<string, string>();
  readonly leases = new Map<string, HeldLease>();
  /** Secrets by reference, as JSON; a reference that is not here has a value made from its own text. */
  readonly secrets = new Map<string, string>();
}

export class SimulatedStore implements StateStore, Leases {
  readonly #world: World;
  readonly #calls: Calls;
  readonly #life: Life;
  readonly #disk: Disk;

  constructor(world: World, calls: Calls, life: Life, disk: Disk) {
    this.#world = world;
    this.#calls = calls;
    this.#life = life;
    this.#disk = disk;
  }

  read(key: string): Promise<string | undefined> {
    return this.#call('store.read', key, false, () => this.#disk.documents.get(key));
  }

  write(key: string, content: string): Promise<void> {
    return this.#call('store.write', key, true, () => {
      this.#disk.documents.set(key, content);
    });
  }

  append(key: string, line: string): Promise<void> {
    return this.#call('store.append', key, true, () => {
      const before = this.#disk.documents.get(key) ?? '';
      this.#disk.documents.set(key, `${before}${line}\n`);
    });
  }

  acquire(cluster: string, holder: string): Promise<Lease> {
    return this.#call('leases.acquire', cluster, true, () => {
      const held = this.#disk.leases.get(cluster);
      if (held !== undefined && !this.#isOver(held, holder))
        throw new PortError('conflict', `${cluster} is held by ${held.holder}`, { retry: 'soon' });
      held?.abort.abort();
      const mine: HeldLease = {
        holder,
        epoch: (held?.epoch ?? 0) + 1,
        life: this.#life,
        missedAt: Number.POSITIVE_INFINITY,
        released: false,
        abort: new AbortController(),
      };
      this.#disk.leases.set(cluster, mine);
      return { epoch: mine.epoch, lost: mine.abort.signal, release: () => this.#release(cluster, mine) };
    });
  }

  /** A holder that comes back under its own name takes its lease up again at once. */
  #isOver(held: HeldLease, holder: string): boolean {
    if (held.released) return true;
    if (held.life.alive) return held.life === this.#life && held.holder === holder;
    if (held.holder === holder) return true;
    held.missedAt = Math.min(held.missedAt, this.#world.now);
    return this.#world.now - held.missedAt >= LEASE_MS;
  }

  #release(cluster: string, lease: HeldLease): Promise<void> {
    return this.#call('leases.release', cluster, true, () => {
      lease.released = true;
    });
  }

  #call<T>(call: string, subject: string, mutating: boolean, run: () => T): Promise<T> {
    return this.#calls.perform(this.#life, siteOf(call, subject, mutating), [[0.2, run]]);
  }
}

export class SimulatedSecrets implements Secrets {
  readonly #calls: Calls;
  readonly #life: Life;
  readonly #disk: Disk;

  constructor(calls: Calls, life: Life, disk: Disk) {
    this.#calls = calls;
    this.#life = life;
    this.#disk = disk;
  }

  read(ref: SecretRef): Promise<Secret> {
    const name = JSON.stringify(ref);
    const look = () => {
      const value = this.#disk.secrets.get(name) ?? `secret of ${name}`;
      if (value === '') throw new PortError('secret', `${name} cannot be read or is empty`);
      return new Secret(value);
    };
    return this.#calls.perform(this.#life, siteOf('secrets.read', name, false), [[0.2, look]]);
  }
}

function siteOf(call: string, subject: string, mutating: boolean): CallSite {
  return { call, subject, mutating, deadlineMs: 5000, reach: () => 'answers' };
}
