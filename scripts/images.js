// Makes sure that the images exist: pulled where a registry answers, made from Debian packages where none does.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { callEngine, callEngineStreaming, EngineError } from './engine-api.js';
import { redisFromPackages, redisImage } from './image-recipes.js';
import { withLock } from './lock.js';
import { projectRoot } from './modules.js';
import { announce, say } from './progress.js';
import { startRootfs } from './rootfs.js';

/** @typedef {import('./image-recipes.js').Recipe} Recipe */
/** @typedef {import('./rootfs.js').Rootfs} Rootfs */

/** A registry that says nothing for this long counts as out of reach. */
const pullSilenceMs = 15_000;
/** How long an image that could not be pulled is made from packages without asking a registry again. */
const failedPullMs = 24 * 60 * 60 * 1000;
/** Importing an archive says nothing until it is done; on a busy disk that was seen to take nine seconds. */
const importSilenceMs = 180_000;

const sourceLabel = 'dev.redisforge.image.source';
const recipeLabel = 'dev.redisforge.image.recipe';

/**
 * Makes sure that the engine has the image `redis:8.6.3`. When it does this takes a few milliseconds.
 *
 * @param {string} dockerHost
 * @param {Rootfs} [early] its files, if somebody began to make them before the engine answered
 * @returns {Promise<string>} the image's name
 */
export async function ensureRedisImage(dockerHost, early) {
  return ensureImage(dockerHost, redisImage, redisFromPackages, early);
}

/**
 * @param {string} dockerHost
 * @param {string} name
 * @param {Recipe} recipe for when no registry has it
 * @param {Rootfs} [early]
 */
async function ensureImage(dockerHost, name, recipe, early) {
  if (await isCurrent(dockerHost, name, recipe)) return name;
  return withLock(`image ${name}`, async () => {
    if (await isCurrent(dockerHost, name, recipe)) return name;
    if (!(await pullImage(dockerHost, name))) await importImage(dockerHost, name, recipe, early);
    return name;
  });
}

/**
 * Makes sure that the engine has an image that only we make, so that no registry is asked for it.
 *
 * @param {string} dockerHost
 * @param {string} name
 * @param {Recipe} recipe
 */
export async function ensureOwnImage(dockerHost, name, recipe) {
  return withLock(`image ${name}`, async () => {
    if (!(await isCurrent(dockerHost, name, recipe))) await importImage(dockerHost, name, recipe);
    return name;
  });
}

/**
 * The labels of an image, or nothing when the engine does not have it.
 *
 * @param {string} dockerHost
 * @param {string} name
 * @returns {Promise<Record<string, string> | undefined>}
 */
export async function imageLabels(dockerHost, name) {
  try {
    return JSON.parse(await callEngine(dockerHost, `/images/${name}/json`)).Config?.Labels ?? {};
  } catch (error) {
    if (error instanceof EngineError && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * @param {string} dockerHost
 * @param {string} name
 * @param {Recipe} recipe
 */
async function isCurrent(dockerHost, name, recipe) {
  const labels = await imageLabels(dockerHost, name);
  if (labels === undefined) return false;
  // One that we made is made anew when its recipe has changed; one that was pulled is as its publisher wants it.
  const made = labels[recipeLabel];
  return made === undefined || made === digestOf(recipe);
}

/**
 * Whether the engine has the image, after asking a registry if need be.
 *
 * @param {string} dockerHost
 * @param {string} name
 */
export async function isPresentOrPulled(dockerHost, name) {
  return (await imageLabels(dockerHost, name)) !== undefined || (await pullImage(dockerHost, name));
}

/**
 * Asks a registry for the image.
 *
 * @param {string} dockerHost
 * @param {string} name
 * @returns {Promise<boolean>} whether the engine has it now
 */
async function pullImage(dockerHost, name) {
  const note = failedPullNote(name);
  if (isRecent(note)) return false;
  const [repository = '', tag = 'latest'] = name.split(':');
  try {
    await announce(`pulling ${name}`, () =>
      callEngineStreaming(
        dockerHost,
        `/images/create?${new URLSearchParams({ fromImage: repository, tag })}`,
        {
          silentMs: pullSilenceMs,
        },
      ),
    );
    rmSync(note, { force: true });
    return true;
  } catch (error) {
    say(`setup: ${name} cannot be pulled here (${error instanceof Error ? error.message : error})`);
    mkdirSync(join(note, '..'), { recursive: true });
    writeFileSync(note, '');
    return false;
  }
}

/** @param {string} name */
function failedPullNote(name) {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(caches, 'redisforge', 'failed-pulls', name.replaceAll(/[^\w.-]/g, '_'));
}

/** @param {string} note */
function isRecent(note) {
  return existsSync(note) && Date.now() - statSync(note).mtimeMs < failedPullMs;
}

/**
 * @param {string} dockerHost
 * @param {string} name
 * @param {Recipe} recipe
 * @param {Rootfs} [early]
 */
async function importImage(dockerHost, name, recipe, early) {
  const rootfs = early ?? startRootfs(name, recipe);
  try {
    const archive = await rootfs.archive;
    const [repo = '', tag = 'latest'] = name.split(':');
    const query = new URLSearchParams({ fromSrc: '-', repo, tag });
    for (const change of [...recipe.changes, ...labelsFor(recipe)]) query.append('changes', change);
    await announce(`importing ${name}`, () =>
      callEngineStreaming(dockerHost, `/images/create?${query}`, {
        body: createReadStream(archive),
        silentMs: importSilenceMs,
      }),
    );
  } finally {
    await rootfs.discard();
  }
}

/** @param {Recipe} recipe */
function labelsFor(recipe) {
  const versions = recipe.packages.filter((name) => name.includes('='));
  const source = ['Debian packages', recipe.suites.join(' and '), ...versions].join(', ');
  return [`LABEL ${sourceLabel}=${JSON.stringify(source)}`, `LABEL ${recipeLabel}=${digestOf(recipe)}`];
}

/** @param {Recipe} recipe */
function digestOf(recipe) {
  // Two clones on one machine share the images, so where a clone lies must not matter.
  const text = JSON.stringify(recipe).replaceAll(projectRoot, '');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
