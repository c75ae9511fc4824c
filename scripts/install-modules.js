// Installs the packages with npm, and the one library that the pinned Node.js among them may lack.
import { existsSync } from 'node:fs';
import { canInstallPackages, installPackages } from './apt.js';
import { withLock } from './lock.js';
import { modulesAreCurrent, pinnedNodePath, projectRoot } from './modules.js';
import { announce } from './progress.js';
import { run } from './run.js';

export async function installModules() {
  await withLock(`modules ${projectRoot}`, async () => {
    if (modulesAreCurrent()) return;
    // Warnings are silenced because npm runs on the machine's own Node.js, which it finds too old for many packages.
    await announce('installing the npm packages', () => npm(['ci', '--loglevel=error'], projectRoot));
  });
}

/** Makes the pinned Node.js run where its library is in none of the usual places: it may yet be elsewhere. */
export async function installNodeLibrary() {
  const node = pinnedNodePath();
  if (node === undefined) return;
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
