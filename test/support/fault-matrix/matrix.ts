/** The table of faults: every cell is a test, and the run of all of them writes down what held. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const FILE = join(import.meta.dirname, '../../../docs/fault-matrix.md');

/** What an engineer changes while something goes wrong. */
export const CHANGES = {
  out: 'scale 3→4',
  in: 'scale 4→3',
  roll: 'rolling image change',
} as const;

export type Change = keyof typeof CHANGES;

/** Strikes, checks what must hold, and says in a few words what was seen and measured. */
export type Proof = () => Promise<string>;

export interface Row {
  /** Of the list of faults, one to twenty: several rows may be about one of them. */
  readonly number: number;
  readonly fault: string;
  readonly expected: string;
  /** A proof, or why there is none: the fault makes no sense in the middle of that change, or is proved elsewhere. */
  readonly cells: Readonly<Record<Change, Proof | string>>;
}

/** What can go wrong only with what RedisForge does not do yet. */
export interface Absent {
  readonly number: number;
  readonly fault: string;
  readonly because: string;
}

/** Two changes, and a dead host for which an election is waited in between, on a machine that is busy. */
const CELL_TIMEOUT_MS = 900_000;

const HEAD = `# Fault matrix

What goes wrong in the middle of a change, what must happen then, and whether it does. The tests write this page:
\`npm test\`, or \`npx vitest run test/integration/fault-matrix.test.ts\` for these alone.

Every \`held\` is a test on real Redis 8.6.3 containers, most of them with a client that writes and reads all the time.
Afterwards, in every one of them:

- every key that was written before is there with its value, and so is every write that was acknowledged meanwhile;
  only a primary that is killed may take with it what it had not yet sent to its replica (20 writes at the most);
- the client saw no failed command, except where for seconds nobody can serve;
- the cluster is as the spec wants it, and one more look changes nothing.

What is in brackets is not struck, with the reason. Times and pauses depend on the machine, so they are in the output of
the run and not here.
`;

export class FaultMatrix {
  readonly #rows: Row[] = [];
  readonly #absent: readonly Absent[];
  readonly #outcomes = new Map<string, string>();

  constructor(absent: readonly Absent[]) {
    this.#absent = absent;
  }

  /** Declares a row, and a test for each of its cells, in the order in which one change leads to the next. */
  row(row: Row): void {
    this.#rows.push(row);
    for (const change of ['out', 'in', 'roll'] as const) {
      const prove = row.cells[change];
      if (typeof prove === 'string') continue;
      const name = `${row.number}: ${row.fault}, during ${CHANGES[change]}: ${row.expected}`;
      // One after the other, beside those of other clusters.
      it(name, { timeout: CELL_TIMEOUT_MS, concurrent: false }, async () => {
        const begun = performance.now();
        this.#outcomes.set(cellKey(row, change), '**broken**');
        const words = await prove().catch((error: unknown) => {
          process.stdout.write(`  ${row.number} ${row.fault}, during ${CHANGES[change]}: BROKEN: ${error}\n`);
          throw error;
        });
        this.#outcomes.set(cellKey(row, change), 'held');
        const seconds = ((performance.now() - begun) / 1000).toFixed(1);
        process.stdout.write(
          `  ${row.number} ${row.fault}, during ${CHANGES[change]}: ${words} (${seconds} s)\n`,
        );
      });
    }
  }

  /** Writes the page anew when every cell was run, and says so when it is another one than before. */
  conclude(): void {
    const planned = this.#rows.flatMap((row) =>
      Object.values(row.cells).filter((cell) => typeof cell !== 'string'),
    );
    // Whoever asked for some of the cells wants to know about those only.
    if (this.#outcomes.size < planned.length) return;
    const before = existsSync(FILE) ? readFileSync(FILE, 'utf8') : '';
    const now = this.#page();
    mkdirSync(dirname(FILE), { recursive: true });
    writeFileSync(FILE, now);
    expect(before, 'docs/fault-matrix.md was not up to date: it is written anew, look at what differs').toBe(
      now,
    );
  }

  #page(): string {
    const rows = this.#rows.map((row) => ({
      number: row.number,
      cells: [
        row.fault,
        row.expected,
        ...Object.keys(CHANGES).map((change) => this.#cell(row, change as Change)),
      ],
    }));
    const absent = this.#absent.map(({ number, fault, because }) => ({
      number,
      cells: [fault, because, '', '', ''],
    }));
    const sorted = [...rows, ...absent].sort((a, b) => a.number - b.number);
    return [
      HEAD,
      `| # | fault | what must happen | ${Object.values(CHANGES).join(' | ')} |`,
      '|---|---|---|---|---|---|',
      ...sorted.map(({ number, cells }) => `| ${[number, ...cells].join(' | ')} |`),
      '',
    ].join('\n');
  }

  #cell(row: Row, change: Change): string {
    const cell = row.cells[change];
    return typeof cell === 'string' ? `(${cell})` : (this.#outcomes.get(cellKey(row, change)) ?? '');
  }
}

function cellKey(row: Row, change: Change): string {
  return `${row.number} ${row.fault} ${change}`;
}
