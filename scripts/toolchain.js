// Starts the pinned Node.js, after making sure that it is there.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { mayLackLibrary, modulesAreCurrent, pinnedNodePath, projectRoot } from './modules.js';

/** The smallest Node.js that runs the sources as they are; the pinned one is newer. */
const smallestNode = [24, 18];

/**
 * Makes sure that the packages are installed and that the pinned Node.js among them runs. The code that installs is
 * only loaded when it is needed, since every `redisforge` command comes through here.
 */
export async function ensureModules() {
  if (!modulesAreCurrent()) await (await import('./install-modules.js')).installModules();
  if (mayLackLibrary()) await (await import('./install-modules.js')).installNodeLibrary();
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
  // Stripped sources are kept: the next start is quicker, and a long-running process never loads the stripper (15 MB).
  const cache = env['NODE_COMPILE_CACHE'] ?? join(projectRoot, 'node_modules', '.cache', 'compile');
  const child = spawn(nodeForSources(), args, {
    stdio: 'inherit',
    env: { ...env, PATH: path, NODE_COMPILE_CACHE: cache },
  });

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
