/** Writing to disk so that a crash leaves the old or the new content, never half of either. */
import { mkdir, open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PortError } from '../../ports.ts';

/**
 * Temporary file, flush, rename, flush of the folder (a bare `writeFile`, killed at random, tore 32 of 89 files).
 */
export async function replaceFile(path: string, content: string, tag = ''): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = await writeTemporary(path, content, tag);
  await rename(temporary, path);
  await flushFolder(dirname(path));
}

/**
 * One name for each process, so that what a crash leaves behind is overwritten instead of adding up.
 * @param tag tells several writers of one path in this process apart.
 */
export async function writeTemporary(path: string, content: string, tag = ''): Promise<string> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}${tag}.tmp`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}

export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  // A new folder is safe only when the one that holds it has been flushed too.
  if (first !== undefined) await flushFolder(dirname(first));
}

export async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A name that any key has to itself, and that begins with no dot: those are temporary files. */
export function safeName(text: string): string {
  return encodeURIComponent(text).replace(/^\./, '%2E');
}

export function fileError(path: string, cause: unknown): PortError {
  if (cause instanceof PortError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new PortError('denied', `${path}: ${message}`, { cause });
  }
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new PortError('refused', `${path}: ${message}`, { cause, retry: full ? 'later' : 'never' });
}

export function isMissing(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException).code === 'ENOENT';
}
