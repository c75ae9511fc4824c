/** Makes secret files: random, readable by their owner alone, complete from their first moment, never overwritten. */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, realpath, stat, unlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { Refusal } from './exit-codes.ts';

/** 192 bits, in letters, digits, `-` and `_`: safe in any configuration file and URL. */
const SECRET_BYTES = 24;

/**
 * @param generated whether a random value can serve; otherwise the file is only looked for.
 * @throws Refusal when the path leads out of the folder, or what is there is no secret file.
 */
export async function createSecretFile(
  folder: string,
  file: string,
  generated: boolean,
): Promise<'created' | 'kept' | 'missing'> {
  const path = resolve(folder, file);
  if (isOutside(folder, path)) throw new Refusal(`${file} lies outside of ${folder}`);
  if (await exists(path)) return 'kept';
  if (!generated) return 'missing';
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // A link inside of the folder could lead somewhere else.
  if (isOutside(await realpath(folder), await realpath(dirname(path))))
    throw new Refusal(`${file} lies outside of ${folder}: a folder on the way is a link`);
  return (await writeNew(path, `${randomBytes(SECRET_BYTES).toString('base64url')}\n`)) ? 'created' : 'kept';
}

function isOutside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith('../') || resolve(path) !== path;
}

async function exists(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Refusal(`${path} is no file`);
    if (found.size === 0) throw new Refusal(`${path} is empty: remove it or fill it`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** A hard link fails when the name exists, so that of two at once only one makes the secret. */
async function writeNew(path: string, content: string): Promise<boolean> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
}
