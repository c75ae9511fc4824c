/**
 * Everything that was written and acknowledged, key by key: some keys are written again and again with a number that
 * grows, others once. Values tell their key and their number, so that whatever is read back can be judged by itself.
 */

export class WrittenKeys {
  readonly rewritten: number;
  readonly #valueBytes: number;
  readonly #sent: Uint32Array;
  readonly #acknowledged: Uint32Array;
  readonly #busy: Uint8Array;
  /** Keys that are written once, as far as they were sent, with whether that was acknowledged. */
  readonly #once: boolean[] = [];
  /** Keys whose loss was told before: each loss counts once. */
  readonly #given: Set<string> = new Set();

  constructor(rewritten: number, valueBytes: number) {
    this.rewritten = rewritten;
    this.#valueBytes = valueBytes;
    this.#sent = new Uint32Array(rewritten);
    this.#acknowledged = new Uint32Array(rewritten);
    this.#busy = new Uint8Array(rewritten);
  }

  /** A write of an existing key; undefined while an earlier one is under way, or order would be anybody's guess. */
  rewrite(index: number): { key: string; value: string; acknowledge(): void; end(): void } | undefined {
    if (this.#busy[index] === 1) return undefined;
    const number = (this.#sent[index] as number) + 1;
    this.#busy[index] = 1;
    this.#sent[index] = number;
    const key = `load:${index}`;
    return {
      key,
      value: this.#value(key, number),
      acknowledge: () => {
        this.#acknowledged[index] = number;
      },
      end: () => {
        this.#busy[index] = 0;
      },
    };
  }

  /** A write of a key that nobody wrote before. */
  create(): { key: string; value: string; acknowledge(): void; end(): void } {
    const index = this.#once.push(false) - 1;
    const key = `once:${index}`;
    return {
      key,
      value: this.#value(key, 1),
      acknowledge: () => {
        this.#once[index] = true;
      },
      end: () => {},
    };
  }

  /** A read that is sent now, with the judge of what it returns. */
  read(index: number): { key: string; judge(value: string | null): string | undefined } {
    const key = `load:${index}`;
    const least = this.#acknowledged[index] as number;
    return { key, judge: (value) => this.#judge(key, value, least, this.#sent[index] as number) };
  }

  /** Every key with an acknowledged write, with the judge of what is there. Nothing may be under way. */
  *all(): Generator<{ key: string; judge(value: string | null): Loss | undefined }> {
    for (let index = 0; index < this.rewritten; index += 1) {
      const least = this.#acknowledged[index] as number;
      if (least > 0) yield this.#kept(`load:${index}`, least, this.#sent[index] as number);
    }
    for (const [index, acknowledged] of this.#once.entries())
      if (acknowledged) yield this.#kept(`once:${index}`, 1, 1);
  }

  #kept(key: string, least: number, most: number) {
    return {
      key,
      judge: (value: string | null): Loss | undefined => {
        const words = this.#judge(key, value, least, most);
        if (words === undefined || this.#given.has(`${key} ${least}`)) return undefined;
        this.#given.add(`${key} ${least}`);
        return { words, writes: value === null ? 1 : Math.max(1, least - numberIn(value)) };
      },
    };
  }

  /** What is wrong with a value, in words. */
  #judge(key: string, value: string | null, least: number, most: number): string | undefined {
    if (value === null) return least === 0 ? undefined : `${key} is gone, was ${least}`;
    const number = numberIn(value);
    if (value !== this.#value(key, number)) return `${key} holds something else: ${value.slice(0, 40)}`;
    return number >= least && number <= most ? undefined : `${key} is ${number}, was ${least}`;
  }

  #value(key: string, number: number): string {
    return `${key}=${number};`.padEnd(this.#valueBytes, '.');
  }
}

/** An acknowledged value that is not there any more. */
export interface Loss {
  readonly words: string;
  /** How many acknowledged writes of that key are lost. */
  readonly writes: number;
}

function numberIn(value: string): number {
  return Number(/=(\d+);/.exec(value)?.[1] ?? 0);
}
