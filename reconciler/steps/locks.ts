/** What steps hold while they run, and what keeps another one from starting beside them. */
import type { Lock } from './step.ts';

/** The part before the name: `node` of `node:n1a`, `starts` of both `starts` and `starts:n1a`. */
function familyOf(lock: Lock): string {
  return lock.split(':', 1)[0] as string;
}

/** Locks with whoever holds them. A lock without a name is in conflict with every one of its family. */
export class HeldLocks {
  readonly #holders = new Map<string, string>();
  /** Of each family with a name, somebody who holds one. */
  readonly #families = new Map<string, string>();

  constructor(locks: Iterable<Lock> = [], holder = 'a step under way') {
    for (const lock of locks) this.add(lock, holder);
  }

  add(lock: Lock, holder: string): void {
    this.#holders.set(lock, holder);
    this.#families.set(familyOf(lock), holder);
  }

  /** Who is in the way of a lock; undefined when it can be had. */
  holderAgainst(lock: Lock): string | undefined {
    const family = familyOf(lock);
    return (
      this.#holders.get(lock) ?? (lock === family ? this.#families.get(family) : this.#holders.get(family))
    );
  }
}
