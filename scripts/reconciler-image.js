// Builds the reconciler's image from the Dockerfile, also where neither an image nor a package registry can be
// reached from inside a build.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { callEngineStreaming } from './engine-api.js';
import { nodeFromPackages } from './image-recipes.js';
import { ensureOwnImage, imageLabels, isPresentOrPulled } from './images.js';
import { npm } from './install-modules.js';
import { withLock } from './lock.js';
import { pinnedNodePath, projectRoot } from './modules.js';
import { announce } from './progress.js';
import { ensureModules } from './toolchain.js';

/** What the Dockerfile copies, in the build context's order. */
const sources = [
  'Dockerfile',
  'package.json',
  'package-lock.json',
  '.npmrc',
  'scripts/node-toolchain',
  'spec-schema',
  'reconciler',
  'ci/check-specs.sh',
];

const contextLabel = 'dev.redisforge.image.context';
/** Committing a layer of a hundred megabytes says nothing for a while. */
const buildSilenceMs = 180_000;

/**
 * Builds the reconciler's image, unless the engine has it from the very same sources.
 *
 * @param {string} dockerHost
 * @param {{ tag?: string }} [options]
 * @returns {Promise<string>} the image's name
 */
export async function buildReconcilerImage(dockerHost, { tag = 'redisforge:dev' } = {}) {
  await ensureModules();
  return withLock(`image ${tag}`, async () => {
    const digest = digestOfFiles(projectRoot, sources);
    const labels = await imageLabels(dockerHost, tag);
    if (labels?.[contextLabel] === digest) return tag;
    const [base, modules] = await Promise.all([ensureBaseImage(dockerHost), productionModules()]);
    await announce(`building ${tag}`, () => build(dockerHost, { tag, base, modules, digest }));
    return tag;
  });
}

/**
 * The image that the Dockerfile starts from: the official one, or one made from Debian packages and the Node.js that
 * npm brought.
 *
 * @param {string} dockerHost
 * @returns {Promise<string>}
 */
export async function ensureBaseImage(dockerHost) {
  const official = /^ARG BASE_IMAGE=(\S+)$/m.exec(readFileSync(join(projectRoot, 'Dockerfile'), 'utf8'))?.[1];
  if (official === undefined) throw new Error('the Dockerfile names no BASE_IMAGE');
  if (await isPresentOrPulled(dockerHost, official)) return official;
  const node = pinnedNodePath();
  if (node === undefined)
    throw new Error(`${official} cannot be pulled, and npm has no Node.js for this platform`);
  return ensureOwnImage(dockerHost, official.replace(/^node:/, 'redisforge-base:'), nodeFromPackages(node));
}

/**
 * The packages that the reconciler needs, installed on this machine, where npm is set up to reach its registry. They
 * hold no native code, so they run in any image.
 *
 * @returns {Promise<string>} a folder with `node_modules` in `reconciler-modules`
 */
async function productionModules() {
  const lockDigest = digestOfFiles(projectRoot, ['package-lock.json', '.npmrc']);
  const cache = join(projectRoot, '.cache', 'production-modules');
  const ready = join(cache, lockDigest);
  if (existsSync(ready)) return ready;
  return withLock(`production modules ${projectRoot}`, async () => {
    if (existsSync(ready)) return ready;
    rmSync(cache, { recursive: true, force: true });
    const draft = join(cache, 'draft');
    const folder = join(draft, 'reconciler-modules');
    mkdirSync(folder, { recursive: true });
    for (const file of ['package.json', 'package-lock.json', '.npmrc', 'scripts/node-toolchain']) {
      cpSync(join(projectRoot, file), join(folder, file), { recursive: true });
    }
    await announce("installing the reconciler's packages for its image", () =>
      npm(
        ['ci', '--omit=dev', '--omit=optional', '--ignore-scripts', '--prefer-offline', '--loglevel=error'],
        folder,
      ),
    );
    for (const entry of readdirSync(folder)) {
      if (entry !== 'node_modules') rmSync(join(folder, entry), { recursive: true });
    }
    renameSync(draft, ready);
    return ready;
  });
}

/**
 * @param {string} dockerHost
 * @param {{ tag: string, base: string, modules: string, digest: string }} what
 */
async function build(dockerHost, { tag, base, modules, digest }) {
  const tar = spawn('tar', ['-cf', '-', '-C', projectRoot, ...sources, '-C', modules, 'reconciler-modules'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const query = new URLSearchParams({
    t: tag,
    buildargs: JSON.stringify({ BASE_IMAGE: base }),
    labels: JSON.stringify({ [contextLabel]: digest }),
    forcerm: '1',
  });
  await callEngineStreaming(dockerHost, `/build?${query}`, { body: tar.stdout, silentMs: buildSilenceMs });
}

/**
 * @param {string} root
 * @param {string[]} paths files and folders
 */
export function digestOfFiles(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap((each) => filesIn(root, each)).sort()) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * @param {string} root
 * @param {string} path
 * @returns {string[]}
 */
function filesIn(root, path) {
  try {
    return readdirSync(join(root, path)).flatMap((entry) => filesIn(root, join(path, entry)));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return [path];
    throw error;
  }
}
