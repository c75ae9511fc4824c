/** A terminal in memory: it understands what the live view sends, and tells what would be seen. */
import type { Screen } from '../../reconciler/app/terminal/screen.ts';

export class FakeTerminal implements Screen {
  readonly isLive = true;
  columns: number;
  rows: number;
  cursorVisible = true;
  /** Everything that was written, as it was. */
  raw = '';
  writes = 0;
  readonly #lines: string[] = [''];
  #row = 0;
  #column = 0;
  readonly #listeners = new Set<() => void>();

  constructor(columns = 80, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    this.raw += text;
    this.writes += 1;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is interpreted
    for (const part of text.split(/(\u001b\[\??\d*[A-Za-z]|[\n\r])/)) this.#apply(part);
  }

  onResize(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    for (const listener of this.#listeners) listener();
  }

  /** What is on the screen and above it, without the blank end. */
  text(): string {
    return this.#lines
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd();
  }

  #apply(part: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence is what is looked for
    const up = /^\u001b\[(\d+)A$/.exec(part);
    if (part === '\n') this.#newLine();
    else if (part === '\r') this.#column = 0;
    else if (up !== null) this.#row = Math.max(0, this.#row - Number(up[1]));
    else if (part === '\u001b[0J') this.#eraseBelow();
    else if (part === '\u001b[?25l') this.cursorVisible = false;
    else if (part === '\u001b[?25h') this.cursorVisible = true;
    else if (!part.startsWith('\u001b')) this.#put(part);
  }

  #newLine(): void {
    this.#row += 1;
    this.#column = 0;
    this.#lines[this.#row] ??= '';
  }

  #eraseBelow(): void {
    this.#lines.splice(this.#row + 1);
    this.#lines[this.#row] = (this.#lines[this.#row] ?? '').slice(0, this.#column);
  }

  #put(text: string): void {
    const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + text + line.slice(this.#column + text.length);
    this.#column += text.length;
  }
}

/** A pipe in memory. */
export class FakePipe implements Screen {
  readonly isLive = false;
  readonly columns = 80;
  readonly rows = 24;
  text = '';

  write(text: string): void {
    this.text += text;
  }

  onResize(): () => void {
    return () => undefined;
  }
}
