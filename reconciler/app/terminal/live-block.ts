/**
 * Lines that scroll, and below them a block that is drawn anew: at most ten times a second, whole lines only, with
 * the cursor hidden meanwhile and put back at the end, whatever ends the process.
 */
import { clipped, screenWidth } from '../../render/columns.ts';
import type { Screen } from './screen.ts';

const FRAME_MS = 100;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_BELOW = '\u001b[0J';

export class LiveBlock {
  readonly #screen: Screen;
  readonly #block: () => readonly string[];
  readonly #restore = (): void => this.close();
  #waiting: string[] = [];
  /** Lines of the block as they were drawn. */
  #drawn: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #open = true;

  /** @param block the lines to show now; called for each frame. */
  constructor(screen: Screen, block: () => readonly string[]) {
    this.#screen = screen;
    this.#block = block;
    screen.write(HIDE_CURSOR);
    process.once('exit', this.#restore);
    this.#timer = setInterval(() => this.#frame(), FRAME_MS).unref();
  }

  /** A line that stays: it is written above the block with the next frame. */
  line(text: string): void {
    this.#waiting.push(text);
  }

  /** Takes the block away; the lines stay. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#timer);
    process.off('exit', this.#restore);
    this.#screen.write(`${this.#erase()}${this.#taken()}${SHOW_CURSOR}`);
    this.#drawn = [];
  }

  #frame(): void {
    if (!this.#open) return;
    // One column less than there are: a full last column makes some terminals begin a new row.
    const width = Math.max(10, this.#screen.columns - 1);
    const height = Math.max(1, this.#screen.rows - 2);
    const block = this.#block()
      .slice(-height)
      .map((line) => clipped(line, width));
    if (this.#waiting.length === 0 && sameLines(block, this.#drawn)) return;
    const text = `${this.#erase()}${this.#taken()}${block.map((line) => `${line}\n`).join('')}`;
    this.#drawn = block;
    this.#screen.write(text);
  }

  /** Moves to the first row of the block. After a resize its lines may take more rows than there were. */
  #erase(): string {
    const { columns } = this.#screen;
    const rows = this.#drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(screenWidth(line) / Math.max(1, columns))),
      0,
    );
    return rows === 0 ? '' : `\u001b[${rows}A\r${ERASE_BELOW}`;
  }

  #taken(): string {
    const text = this.#waiting.map((line) => `${line}\n`).join('');
    this.#waiting = [];
    return text;
  }
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}
