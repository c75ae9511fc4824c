/** Watches the command lines of processes and of all that they start: whoever may log in on a machine can read them. */
import { readFileSync } from 'node:fs';

const LOOK_MS = 50;

export class CommandLines {
  readonly #roots: () => readonly number[];
  readonly #seen = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(roots: () => readonly number[]) {
    this.#roots = roots;
    this.#timer = setInterval(() => {
      for (const pid of this.#roots()) this.#look(pid);
    }, LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** All that were seen, one a line. */
  get text(): string {
    return [...this.#seen].join('\n');
  }

  #look(pid: number): void {
    try {
      this.#seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
      for (const child of children.split(' ')) if (child !== '') this.#look(Number(child));
    } catch {
      // It has ended meanwhile.
    }
  }
}
