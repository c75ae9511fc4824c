// Installs Debian packages and knows which mirror this machine gets them from.
import { existsSync } from 'node:fs';
import { withLock } from './lock.js';
import { announce } from './progress.js';
import { run } from './run.js';

/** Whether this process may install Debian packages. */
export function canInstallPackages() {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

/** @param {string[]} packages */
export async function installPackages(packages) {
  await withLock('apt', () =>
    // Whoever waited for the lock may find that the work was done meanwhile; apt sees that at once.
    announce(`installing ${packages.join(', ')}`, async () => {
      try {
        await aptGet(['install', ...packages]);
      } catch {
        // Either the package lists were never fetched or they name versions that are gone: both look the same here.
        await aptGet(['update']);
        await aptGet(['install', ...packages]);
      }
    }),
  );
}

/** @param {string[]} args */
async function aptGet(args) {
  const options = [
    '--yes',
    '--quiet',
    '--no-install-recommends',
    // Somebody else's apt may be running: wait for it rather than fail.
    '-o',
    'DPkg::Lock::Timeout=300',
    // These packages can be installed again, so not every one of their files has to be flushed to disk.
    '-o',
    'Dpkg::Options::=--force-unsafe-io',
  ];
  await run('apt-get', [...options, ...args], { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
}

/**
 * The address that this machine gets Debian's main archive from, so that no address has to be written down here.
 *
 * @returns {Promise<string>}
 */
export async function debianMirror() {
  const mirror = await findDebianMirror();
  if (mirror !== undefined) return mirror;
  // Who publishes an archive is only known once its lists were fetched.
  await withLock('apt', () => aptGet(['update']));
  const afterUpdate = await findDebianMirror();
  if (afterUpdate !== undefined) return afterUpdate;
  throw new Error("apt knows no mirror of Debian's main archive on this machine");
}

async function findDebianMirror() {
  const listing = await run('apt-get', [
    'indextargets',
    '--format',
    '$(LABEL)\t$(REPO_URI)',
    'Created-By: Packages',
  ]);
  return mirrorIn(listing);
}

/**
 * @param {string} listing lines of label, tab, address
 * @returns {string | undefined}
 */
export function mirrorIn(listing) {
  const line = listing.split('\n').find((candidate) => candidate.startsWith('Debian\t'));
  return line?.slice('Debian\t'.length).trim();
}
