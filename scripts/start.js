// The entry of `npm run demo`, `npm test` and the other tasks: does the set-up that is missing, on whatever Node.js
// the machine has, then goes on in the pinned one.
import { constants } from 'node:os';
import { join } from 'node:path';
import { ensureEngine, mustInstallEngine } from './engine.js';
import { redisFromPackages, redisImage } from './image-recipes.js';
import { ensureRedisImage } from './images.js';
import { projectRoot } from './modules.js';
import { say, seconds } from './progress.js';
import { buildReconcilerImage } from './reconciler-image.js';
import { ensureMmdebstrap, startRootfs } from './rootfs.js';
import { needsEngine } from './tasks.js';
import { continueInPinnedNode, ensureModules } from './toolchain.js';

/** Installing packages and making the image keep a core busy each, so neither waits for the other. */
async function setUp() {
  const engine = setUpEngine();
  // Neither is left behind half-way when the other fails.
  const modules = ensureModules();
  await Promise.allSettled([engine, modules]);
  await modules;
  return engine;
}

async function setUpEngine() {
  const early = await startEarly();
  try {
    const { dockerHost } = await ensureEngine();
    await ensureRedisImage(dockerHost, early);
    return dockerHost;
  } finally {
    await early?.discard();
  }
}

/**
 * The engine has to be there before a registry can be asked for the image. Where it is not even installed, the image's
 * files are made meanwhile, in case that no registry answers.
 */
async function startEarly() {
  if (!(await mustInstallEngine())) return undefined;
  await ensureMmdebstrap();
  return startRootfs(redisImage, redisFromPackages);
}

/**
 * @param {string} task
 * @param {string[]} args
 */
async function start(task, args) {
  const began = performance.now();
  const env = { ...process.env };
  if (needsEngine(task, args)) env['DOCKER_HOST'] = await setUp();
  else await ensureModules();
  const took = performance.now() - began;
  if (took > 1000) say(`setup: ready after ${seconds(took)}`);
  process.off('SIGINT', endSetUp).off('SIGTERM', endSetUp);
  await continueInPinnedNode([join(projectRoot, `scripts/${task}.ts`), ...args], env);
}

/** @param {NodeJS.Signals} signal */
function endSetUp(signal) {
  process.exit(128 + constants.signals[signal]);
}

const [task, ...args] = process.argv.slice(2);
// Ending in an orderly way stops what set-up has started; later, signals are passed on to the task instead.
process.on('SIGINT', endSetUp).on('SIGTERM', endSetUp);
try {
  if (task === 'setup') await setUp();
  else if (task === 'image') await buildReconcilerImage((await ensureEngine()).dockerHost);
  else if (task === 'check') await start('test', ['--project', 'unit', '--project', 'simulation', ...args]);
  else if (task === 'demo' || task === 'test' || task === 'bench') await start(task, args);
  else throw new Error(`usage: node scripts/start.js demo|test|check|bench|image|setup, not ${task}`);
} catch (error) {
  say(`setup failed: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
