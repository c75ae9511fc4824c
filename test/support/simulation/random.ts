/** Seeded pseudo-random numbers: the same seed gives the same simulated history, on every machine. */

/** A stream of pseudo-random numbers (sfc32). Not for secrets. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  /** @param label keeps the streams of one seed apart, so that a new user of one does not shift the others. */
  constructor(seed: number, label = '') {
    let hash = 0x811c9dc5 ^ seed;
    for (let index = 0; index < label.length; index += 1) {
      hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
    }
    this.#a = seed | 0;
    this.#b = hash | 0;
    this.#c = (seed / 0x100000000) | 0;
    for (let round = 0; round < 15; round += 1) this.next();
  }

  /** At least 0, below 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + sum) | 0;
    return (sum >>> 0) / 0x100000000;
  }

  /** A whole number, both bounds included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** @throws RangeError on an empty list. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from');
    return list[Math.floor(this.next() * list.length)] as T;
  }

  shuffle<T>(list: readonly T[]): T[] {
    const mixed = [...list];
    for (let index = mixed.length - 1; index > 0; index -= 1) {
      const other = this.int(0, index);
      [mixed[index], mixed[other]] = [mixed[other] as T, mixed[index] as T];
    }
    return mixed;
  }

  /** Lower-case hexadecimal digits, for example 40 of them for a node id. */
  hex(digits: number): string {
    const word = () => ((this.next() * 0x100000000) >>> 0).toString(16).padStart(8, '0');
    // Two random words tell all ids of a simulation apart; more would only cost time.
    return (word() + word().repeat(Math.ceil(digits / 8))).slice(0, digits);
  }
}
