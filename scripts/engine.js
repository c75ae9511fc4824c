// Finds a Docker Engine, and where there is none but may be one (root on Debian), installs and starts it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { canInstallPackages, installPackages } from './apt.js';
import { callEngine } from './engine-api.js';
import { withLock } from './lock.js';
import { announce } from './progress.js';
import { run } from './run.js';

/**
 * @typedef {object} Engine
 * @property {string} dockerHost what to put into DOCKER_HOST, such as `unix:///var/run/docker.sock`
 * @property {string} version
 */

/** No engine answers and none can be started here; the message says what the user can do. */
export class NoEngine extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'NoEngine';
  }
}

const defaultSocket = '/var/run/docker.sock';
const engineLog = '/var/log/redisforge-dockerd.log';
/** A cold engine with a full data root has been seen to take several seconds; a minute means that it is stuck. */
const startDeadlineMs = 60_000;

/**
 * An engine that answers, installed and started if need be. When one answers already this takes a few milliseconds.
 *
 * @returns {Promise<Engine>}
 */
export async function ensureEngine() {
  const found = await findEngine();
  if (found !== undefined) return found;
  const chosen = process.env['DOCKER_HOST'];
  if (chosen)
    throw new NoEngine(
      `DOCKER_HOST is ${chosen}, but no Docker Engine answers there (unix:// and tcp:// addresses are understood).`,
    );
  if (process.getuid?.() !== 0 || (dockerd() === undefined && !canInstallPackages()))
    throw new NoEngine(whatToDo());
  return withLock('engine', async () => (await findEngine()) ?? (await startEngine()));
}

/** Whether `ensureEngine` would have to install one. */
export async function mustInstallEngine() {
  const mayInstall = !process.env['DOCKER_HOST'] && dockerd() === undefined && canInstallPackages();
  return mayInstall && (await findEngine()) === undefined;
}

/**
 * The first engine that answers: the one in DOCKER_HOST if that is set, else that of the current Docker context, else
 * whichever of the usual sockets is alive.
 *
 * @returns {Promise<Engine | undefined>}
 */
export async function findEngine() {
  const chosen = process.env['DOCKER_HOST'];
  for (const dockerHost of chosen ? [chosen] : candidates()) {
    const version = await engineVersion(dockerHost);
    if (version !== undefined) return { dockerHost, version };
  }
  return undefined;
}

function candidates() {
  const home = homedir();
  const uid = process.getuid?.();
  const sockets = [
    defaultSocket,
    process.env['XDG_RUNTIME_DIR'] ? join(process.env['XDG_RUNTIME_DIR'], 'docker.sock') : undefined,
    uid === undefined ? undefined : `/run/user/${uid}/docker.sock`,
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
    join(home, '.orbstack/run/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.rd/docker.sock'),
  ];
  const alive = sockets
    .filter((path) => path !== undefined && existsSync(path))
    .map((path) => `unix://${path}`);
  const context = contextHost(join(home, '.docker'));
  return [...new Set(context === undefined ? alive : [context, ...alive])];
}

/**
 * What `docker context use` chose. Docker Desktop and Colima put their engine there.
 *
 * @param {string} folder the Docker client's settings
 * @returns {string | undefined}
 */
export function contextHost(folder) {
  try {
    const { currentContext } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    if (!currentContext || currentContext === 'default') return undefined;
    const id = createHash('sha256').update(currentContext).digest('hex');
    const meta = JSON.parse(readFileSync(join(folder, 'contexts/meta', id, 'meta.json'), 'utf8'));
    return meta.Endpoints?.docker?.Host;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} dockerHost
 * @returns {Promise<string | undefined>} nothing when no engine answers there
 */
async function engineVersion(dockerHost) {
  try {
    const { Version } = JSON.parse(await callEngine(dockerHost, '/version', { silentMs: 3_000 }));
    return Version;
  } catch {
    return undefined;
  }
}

/** @returns {Promise<Engine>} */
async function startEngine() {
  if (dockerd() === undefined) await installPackages(['docker.io', 'iptables', 'iproute2']);
  // Installing it may have started it.
  const found = await findEngine();
  if (found !== undefined) return found;
  return announce('starting the Docker Engine', async () => {
    if (existsSync('/run/systemd/system')) {
      await run('systemctl', ['start', 'docker']);
      return answering(() => undefined);
    }
    return startByHand();
  });
}

/** Where the engine's program is, if it is installed. */
function dockerd() {
  return ['/usr/sbin/dockerd', '/usr/bin/dockerd', '/usr/local/bin/dockerd'].find((path) => existsSync(path));
}

/** For machines without an init system, such as a container or a CI sandbox. */
async function startByHand() {
  const binary = dockerd();
  if (binary === undefined) throw new NoEngine('docker.io was installed, but there is no dockerd.');
  // Somebody else may be starting one at this moment: then it only has to be waited for.
  if (!forgetDeadProcess('/var/run/docker.pid', 'dockerd')) return answering(() => undefined);
  forgetDeadProcess('/var/run/docker/containerd/containerd.pid', 'containerd');

  const log = openSync(engineLog, 'a');
  const child = spawn(binary, [], { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  /** @type {string | undefined} */
  let ended;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = `it ended with ${signal ?? code}`;
  });
  const engine = await answering(() => ended);
  child.unref();
  return engine;
}

/**
 * Removes a pid file whose process is gone. The engine refuses to start while the number in it belongs to any living
 * process, and after a crash numbers are soon used again.
 *
 * @param {string} pidFile
 * @param {string} program
 * @param {string} [processes] where the kernel shows its processes
 * @returns {boolean} whether the way is free
 */
export function forgetDeadProcess(pidFile, program, processes = '/proc') {
  /** @type {string} */
  let pid;
  try {
    pid = readFileSync(pidFile, 'utf8').trim();
  } catch {
    return true;
  }
  try {
    const words = readFileSync(join(processes, pid, 'cmdline'), 'utf8').split('\0');
    if (/^\d+$/.test(pid) && basename(words[0] ?? '') === program) return false;
  } catch {
    // No such process.
  }
  rmSync(pidFile, { force: true });
  return true;
}

/**
 * @param {() => string | undefined} ended why the engine will never answer, as soon as that is known
 * @returns {Promise<Engine>}
 */
async function answering(ended) {
  const deadline = Date.now() + startDeadlineMs;
  while (Date.now() < deadline) {
    const engine = await findEngine();
    if (engine !== undefined) return engine;
    const reason = ended();
    if (reason !== undefined) throw new NoEngine(`The Docker Engine did not start: ${reason}.${lastWords()}`);
    await delay(100);
  }
  throw new NoEngine(`The Docker Engine did not answer within ${startDeadlineMs / 1000} s.${lastWords()}`);
}

function lastWords() {
  try {
    const lines = readFileSync(engineLog, 'utf8').trim().split('\n').slice(-8);
    return ` The end of ${engineLog}:\n${lines.join('\n')}`;
  } catch {
    return '';
  }
}

function whatToDo() {
  const forbidden = existsSync(defaultSocket) && process.getuid?.() !== 0;
  const advice = forbidden
    ? `There is one at ${defaultSocket}; if it runs, your user may not use it: add it to the group docker.`
    : process.platform === 'darwin'
      ? 'Start Docker Desktop or Colima, or set DOCKER_HOST.'
      : 'Install and start one (Debian: apt-get install docker.io), set DOCKER_HOST, or run this as root on Debian.';
  return `RedisForge needs a Docker Engine here, and none answers. ${advice}`;
}
