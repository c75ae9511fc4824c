/** Where text goes: a terminal, a pipe or a file. */
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { PLAIN, type Style } from '../../render/style.ts';
import { streamAbilities } from '../settings.ts';

export interface Screen {
  /** Whether lines that were written can be written anew. */
  readonly isLive: boolean;
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
  /** Calls back when its size has changed; returns how to end that. */
  onResize(listener: () => void): () => void;
}

/** Standard output and standard error, each with the emphasis that suits it. */
export interface Output {
  readonly out: Screen;
  readonly style: Style;
  readonly err: Screen;
  readonly errStyle: Style;
}

export function processOutput(): Output {
  return {
    out: streamScreen(process.stdout),
    style: styleFor(process.stdout),
    err: streamScreen(process.stderr),
    errStyle: styleFor(process.stderr),
  };
}

type Stream = NodeJS.WriteStream | WriteStream;

function streamScreen(stream: Stream): Screen {
  return {
    isLive: streamAbilities(stream.isTTY === true).live,
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
    },
    write(text) {
      stream.write(text);
    },
    onResize(listener) {
      stream.on('resize', listener);
      return () => stream.off('resize', listener);
    },
  };
}

function styleFor(stream: Stream): Style {
  return streamAbilities(stream.isTTY === true).colour ? ANSI : PLAIN;
}

type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

function paint(format: Format): (text: string) => string {
  // Whether colours are wanted has been decided; here the text is only wrapped.
  return (text) => styleText(format, text, { validateStream: false });
}

export const ANSI: Style = {
  bold: paint('bold'),
  dim: paint('dim'),
  red: paint('red'),
  green: paint('green'),
  yellow: paint('yellow'),
  cyan: paint('cyan'),
};

/** Writes whole lines. */
export function writeLine(screen: Screen, text: string): void {
  screen.write(`${text}\n`);
}
