/** Small durable documents in a folder of this machine. */
import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PortError, type StateStore } from '../../ports.ts';
import { fileError, flushFolder, isMissing, makeFolder, replaceFile, safeName } from './durable-file.ts';

const NEWLINE = 0x0a;

export class FileStateStore implements StateStore {
  static #made = 0;
  readonly #directory: string;
  /** Several stores of one process may write the same key, and must not share a temporary file. */
  readonly #tag = `-${FileStateStore.#made++}`;
  /** Writes of one key follow each other: two at once would share a temporary file. */
  readonly #queues = new Map<string, Promise<void>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async read(key: string): Promise<string | undefined> {
    const path = this.#pathOf(key);
    try {
      return await readFile(path, 'utf8');
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw fileError(path, cause);
    }
  }

  write(key: string, content: string): Promise<void> {
    return this.#inTurn(key, (path) => replaceFile(path, content, this.#tag));
  }

  append(key: string, line: string): Promise<void> {
    if (line.includes('\n'))
      return Promise.reject(new PortError('refused', `${key}: a line holds no line break`));
    return this.#inTurn(key, (path) => appendLine(path, line));
  }

  #pathOf(key: string): string {
    return join(this.#directory, ...key.split('/').map(safeName));
  }

  async #inTurn(key: string, work: (path: string) => Promise<void>): Promise<void> {
    const path = this.#pathOf(key);
    const before = this.#queues.get(path) ?? Promise.resolve();
    const run = before.then(() => work(path));
    const settled = run.catch(() => undefined);
    this.#queues.set(path, settled);
    try {
      await run;
    } catch (cause) {
      throw fileError(path, cause);
    } finally {
      if (this.#queues.get(path) === settled) this.#queues.delete(path);
    }
  }
}

/** A line that a crash has torn stays a line of its own: the next one begins after a break. */
async function appendLine(path: string, line: string): Promise<void> {
  await makeFolder(dirname(path));
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const last = size === 0 ? NEWLINE : (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0];
    await file.write(`${last === NEWLINE ? '' : '\n'}${line}\n`);
    await file.sync();
    if (size === 0) await flushFolder(dirname(path));
  } finally {
    await file.close();
  }
}
