// Lays out a file tree from Debian packages as a tar archive, for the images that no registry gives us.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canInstallPackages, debianMirror, installPackages } from './apt.js';
import { announce } from './progress.js';
import { run } from './run.js';

/** @typedef {import('./image-recipes.js').Recipe} Recipe */

/**
 * A file tree that is being made, or is ready.
 *
 * @typedef {object} Rootfs
 * @property {Promise<string>} archive the path of the tar archive
 * @property {() => Promise<void>} discard stops the work and removes what it made
 */

/**
 * @param {string} name of the image that it is for
 * @param {Recipe} recipe
 * @returns {Rootfs}
 */
export function startRootfs(name, recipe) {
  const stop = new AbortController();
  /** @type {string | undefined} */
  let folder;
  const make = async () => {
    folder = await mkdtemp(join(tmpdir(), 'redisforge-rootfs-'));
    const archive = join(folder, 'rootfs.tar');
    await makeArchive(name, recipe, archive, stop.signal);
    return archive;
  };
  const archive = make();
  // Whoever needs the archive sees its failure; if nobody does, it must not end the process.
  archive.catch(() => {});
  return {
    archive,
    discard: async () => {
      stop.abort();
      await archive.catch(() => {});
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * @param {string} name
 * @param {Recipe} recipe
 * @param {string} archive
 * @param {AbortSignal} signal
 */
async function makeArchive(name, recipe, archive, signal) {
  if (!canInstallPackages()) {
    throw new Error(`No registry gives ${name}, and only root on Debian can make it from packages.`);
  }
  await ensureMmdebstrap();
  const mirror = await debianMirror();
  signal.throwIfAborted();
  await announce(`making the files of ${name} from Debian packages`, () =>
    // When it is stopped it sends a signal to its whole process group, which must not be ours.
    run('mmdebstrap', mmdebstrapArguments(recipe, archive, mirror), { signal, detached: true }),
  );
}

/** @param {Recipe} recipe @param {string} archive @param {string} mirror */
export function mmdebstrapArguments(recipe, archive, mirror) {
  return [
    '--mode=root',
    // Unpacks the packages without running their scripts; the recipe's last part makes up for it.
    '--variant=extract',
    '--format=tar',
    // A mirror that keeps an old state of the archive serves lists that have run out.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=Acquire::Languages "none"',
    `--include=${recipe.packages.join(',')}`,
    `--extract-hook=${recipe.finish}`,
    recipe.suites[0] ?? '',
    archive,
    ...recipe.suites.map((suite) => `deb ${mirror} ${suite} main`),
  ];
}

/** The tool that lays out file trees is small: it comes first, so that it can work while larger packages are installed. */
export async function ensureMmdebstrap() {
  if (!existsSync('/usr/bin/mmdebstrap')) await installPackages(['mmdebstrap']);
}
