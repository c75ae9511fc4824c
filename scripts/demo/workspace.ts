/**
 * What the demo makes on disk: secrets, and a Git repository of its own that one can edit and commit in. What it made
 * is noted, so that `--down` takes away exactly that.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NOTES } from '../../reconciler/adapters/local-forge/note-book.ts';
import { secretUses } from '../../reconciler/app/commands/secrets.ts';
import { createSecretFile } from '../../reconciler/app/secret-files.ts';
import type { Settings } from '../../reconciler/app/settings.ts';
import { readSpecFiles } from '../../reconciler/app/spec-files.ts';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';

const execute = promisify(execFile);

const DEFAULT_SOCKET = 'unix:///var/run/docker.sock';

export interface Workspace {
  readonly repository: string;
  /** The spec as it is in the working copy now; undefined when it is not valid. */
  readonly spec: ClusterSpec | undefined;
}

interface Made {
  /** Names of the clusters that were ever converged. */
  readonly clusters: readonly string[];
  /** Secret files that did not exist before, relative to the folder of secrets. */
  readonly secrets: readonly string[];
  /** Entries of the state folder that did not exist before. */
  readonly entries: readonly string[];
}

export function demoFolder({ stateDir }: Settings): string {
  return join(stateDir, 'demo');
}

export function repositoryFolder(settings: Settings): string {
  return join(demoFolder(settings), 'repository');
}

/** Makes what is missing and leaves what is there, edits included. */
export async function prepareWorkspace(
  settings: Settings,
  example: string,
  dockerHost: string,
): Promise<Workspace> {
  const before = await entriesOf(settings.stateDir);
  const made = (await readMade(settings)) ?? { clusters: [], secrets: [], entries: [] };
  const repository = repositoryFolder(settings);
  if (!(await isRepository(repository))) await makeRepository(repository, example, dockerHost);
  const [document] = await readSpecFiles([join(repository, 'cluster.yaml')]);
  const spec = document?.spec;
  const secrets: string[] = [];
  for (const { file } of spec === undefined ? [] : secretUses(spec)) {
    if (file !== undefined && (await createSecretFile(settings.secretsDir, file, true)) === 'created')
      secrets.push(file);
  }
  await writeMade(settings, {
    clusters: [...new Set([...made.clusters, ...(spec === undefined ? [] : [spec.metadata.name])])],
    secrets: [...new Set([...made.secrets, ...secrets])],
    entries: made.entries.length > 0 ? made.entries : OWN_ENTRIES.filter((entry) => !before.includes(entry)),
  });
  return { repository, spec };
}

/** What a reconciler leaves in the state folder beside the clusters. */
const OWN_ENTRIES = ['git', 'forge', 'repository', 'pull-requests', 'defects'] as const;

async function entriesOf(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function isRepository(folder: string): Promise<boolean> {
  return (await entriesOf(folder)).includes('.git');
}

async function makeRepository(folder: string, example: string, dockerHost: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(example, folder, { recursive: true });
  if (dockerHost.startsWith('unix://') && dockerHost !== DEFAULT_SOCKET) {
    const path = join(folder, 'cluster.yaml');
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(DEFAULT_SOCKET, dockerHost));
  }
  await git(folder, 'init', '--quiet', '--template=', '--initial-branch=main');
  // So that `git commit` works here also for somebody who has never told git a name.
  await git(folder, 'config', 'user.name', 'RedisForge demo');
  await git(folder, 'config', 'user.email', 'demo@redisforge.invalid');
  await git(folder, 'config', 'commit.gpgsign', 'false');
  // So that plans are what `git notes` and `git log` show here.
  await git(folder, 'config', 'core.notesRef', NOTES);
  await git(folder, 'add', '--all');
  await git(
    folder,
    'commit',
    '--quiet',
    '--no-verify',
    '--message',
    'The example: three shards in three zones',
  );
}

async function git(folder: string, ...args: string[]): Promise<void> {
  try {
    await execute('git', args, { cwd: folder });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error(
        'git is not installed, and RedisForge reads its specs from Git: install it (Debian: apt-get install git)',
      );
    throw error;
  }
}

function madePath(settings: Settings): string {
  return join(demoFolder(settings), 'made.json');
}

async function readMade(settings: Settings): Promise<Made | undefined> {
  try {
    return JSON.parse(await readFile(madePath(settings), 'utf8')) as Made;
  } catch {
    return undefined;
  }
}

async function writeMade(settings: Settings, made: Made): Promise<void> {
  await mkdir(demoFolder(settings), { recursive: true, mode: 0o700 });
  await writeFile(madePath(settings), `${JSON.stringify(made, null, 2)}\n`);
}

/** Names of the clusters that the demo made; empty when there is no demo. */
export async function clustersOfDemo(settings: Settings): Promise<readonly string[]> {
  return (await readMade(settings))?.clusters ?? [];
}

/** Takes away what the demo put on disk. The state folder goes with it when nothing else is in there. */
export async function removeWorkspace(settings: Settings): Promise<readonly string[]> {
  const made = await readMade(settings);
  if (made === undefined) return [];
  const { stateDir, secretsDir } = settings;
  const leases = await entriesOf(join(stateDir, 'leases'));
  const held = [...made.clusters, ...(made.entries.includes('pull-requests') ? ['pull_requests'] : [])];
  const paths = [
    ...made.entries.map((entry) => join(stateDir, entry)),
    ...made.secrets.map((file) => join(secretsDir, file)),
    ...made.clusters.map((name) => join(stateDir, 'clusters', name)),
    ...leases
      .filter((file) => held.some((name) => file.startsWith(`${name}.`)))
      .map((file) => join(stateDir, 'leases', file)),
    demoFolder(settings),
  ];
  const present = paths.filter((path) => existsSync(path));
  for (const path of present) await rm(path, { recursive: true, force: true });
  for (const folder of [secretsDir, join(stateDir, 'clusters'), join(stateDir, 'leases'), stateDir])
    await removeIfEmpty(folder);
  return present;
}

async function removeIfEmpty(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => undefined);
  if (entries?.length === 0) await rm(folder, { recursive: true });
}
