/** The longest time that anything took, by the shard that owned its slot when the measurement began. */
import { keySlot } from '../key-slot.ts';
import type { OwnerRanges } from './messages.ts';

export class Stopwatch {
  readonly #shards: string[] = [];
  readonly #shardOf = new Int16Array(16384).fill(-1);
  readonly #longest: number[] = [];
  readonly #running = new Set<{ readonly shard: number; readonly since: number }>();

  constructor(owners: OwnerRanges) {
    for (const [shard, ranges] of Object.entries(owners)) {
      const index = this.#shards.push(shard) - 1;
      this.#longest.push(0);
      for (const [first, last] of ranges) this.#shardOf.fill(index, first, last + 1);
    }
  }

  /** Starts timing something that happens to a key; the answer stops it. */
  start(key: string): () => void {
    const running = { shard: this.#shardOf[keySlot(key)] as number, since: performance.now() };
    this.#running.add(running);
    return () => {
      if (this.#running.delete(running)) this.#count(running);
    };
  }

  /** The longest by shard; what still runs counts as far as it got. */
  longest(): Record<string, number> {
    for (const running of this.#running) this.#count(running);
    return Object.fromEntries(
      this.#shards.map((shard, index) => [shard, Math.round(this.#longest[index] ?? 0)]),
    );
  }

  #count({ shard, since }: { readonly shard: number; readonly since: number }): void {
    if (shard < 0) return;
    this.#longest[shard] = Math.max(this.#longest[shard] ?? 0, performance.now() - since);
  }
}
