/** Replaces a spec file as a whole: who reads it meanwhile finds the old text or the new one, never a part of either. */
import { chmod, chown, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError, flushFolder, writeTemporary } from '../adapters/state/durable-file.ts';
import { Refusal } from './exit-codes.ts';

/**
 * Keeps the permissions of the file.
 * @param before what it was edited from: when somebody else has changed it since, nothing is written.
 * @throws Refusal when it has changed. @throws PortError when it cannot be written.
 */
export async function replaceSpecFile(path: string, before: string, after: string): Promise<void> {
  try {
    const { mode, uid, gid } = await stat(path);
    const temporary = await writeTemporary(path, after);
    try {
      await chmod(temporary, mode & 0o7777);
      // Only root may give a file away; anybody else owns what they may replace, or leaves it to themselves.
      await chown(temporary, uid, gid).catch(() => undefined);
      if ((await readFile(path)).compare(Buffer.from(before)) !== 0)
        throw new Refusal(`${path} has changed while it was being edited; nothing was written`);
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
    await flushFolder(dirname(path));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw fileError(path, error);
  }
}
