/**
 * The Git repository with the specs, read from a bare mirror: no checkout, so no hooks, filters, LFS or links.
 */
import { basename } from 'node:path';
import type { SecretRef } from '../../../spec-schema/cluster-spec.ts';
import { type Commit, PortError, type Secrets, type SpecFile, type SpecRepository } from '../../ports.ts';
import { type GitCall, GitCommands } from './git-command.ts';
import { GitExit, gitError, withoutCredentials } from './git-errors.ts';

export interface GitSource {
  /** A path, or a URL with file, https or ssh. */
  readonly url: string;
  readonly branch: string;
  /** Folder of our own for the mirror. */
  readonly directory: string;
  /** Our environment: git gets only what it needs of it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly access?: GitAccess;
  readonly fetchTimeoutMs?: number;
}

export type GitAccess =
  | { readonly kind: 'token'; readonly token: SecretRef; readonly username?: string }
  | { readonly kind: 'ssh'; readonly identityFile: string; readonly knownHostsFile: string };

/** Far above any cluster.yaml; what is larger was committed by mistake. */
const FILE_LIMIT_BYTES = 1024 * 1024;
const FETCH_MS = 120_000;
const LOCAL_MS = 15_000;
const SPEC_NAME = 'cluster.yaml';
const HEAD = 'refs/redisforge/head';

interface TreeEntry {
  readonly mode: string;
  readonly type: string;
  readonly object: string;
  readonly sizeBytes: number;
  readonly path: string;
}

export class GitSpecRepository implements SpecRepository {
  readonly #source: GitSource;
  readonly #secrets: Secrets;
  readonly #git: GitCommands;
  /** Two fetches at once would quarrel about the lock of the one reference. */
  #fetching: Promise<unknown> = Promise.resolve();

  constructor(source: GitSource, secrets: Secrets) {
    this.#source = source;
    this.#secrets = secrets;
    this.#git = new GitCommands(source.directory, source.environment);
  }

  fetchHead(signal: AbortSignal): Promise<Commit> {
    const run = this.#fetching.then(() => this.#fetchHead(signal));
    this.#fetching = run.catch(() => undefined);
    return run;
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    const local = this.#local(`compare ${ancestor} and ${descendant}`);
    await this.#requireCommit(descendant);
    try {
      await this.#git.text(local, 'merge-base', '--is-ancestor', commitId(ancestor), descendant);
      return true;
    } catch (error) {
      // 1: it is not; 128: it is not even here, as after a force push into a new mirror.
      if (error instanceof GitExit && (error.exitCode === 1 || error.exitCode === 128)) return false;
      throw gitError(local.what, error);
    }
  }

  async listSpecs(commit: string): Promise<readonly SpecFile[]> {
    const entries = await this.#tree(`list the files of ${commit}`, '-r', commitId(commit));
    return entries
      .filter(({ path }) => basename(path) === SPEC_NAME)
      .map((entry) => ({ path: entry.path, kind: kindOf(entry), sizeBytes: entry.sizeBytes }));
  }

  async readFile(commit: string, path: string): Promise<Uint8Array> {
    const what = `read ${path} of ${commit}`;
    const entries = await this.#tree(what, commitId(commit), '--', path);
    const entry = entries.find((each) => each.path === path);
    if (entry === undefined) throw new PortError('not-found', `${what}: there is no such file`);
    if (entry.type !== 'blob' || kindOf(entry) !== 'file') {
      throw new PortError('refused', `${what}: it is a ${entry.type === 'tree' ? 'folder' : kindOf(entry)}`);
    }
    if (entry.sizeBytes > FILE_LIMIT_BYTES) {
      const size = `${entry.sizeBytes} bytes, more than ${FILE_LIMIT_BYTES}`;
      throw new PortError('refused', `${what}: it has ${size}`);
    }
    return this.#reported(what, this.#git.bytes(this.#local(what), 'blob', entry.object));
  }

  async #fetchHead(signal: AbortSignal): Promise<Commit> {
    const { url, branch, fetchTimeoutMs } = this.#source;
    const what = `fetch ${branch} of ${withoutCredentials(url)}`;
    const call = { what, deadlineMs: fetchTimeoutMs ?? FETCH_MS, signal, environment: await this.#access() };
    const options = ['--quiet', '--no-tags', '--no-recurse-submodules', '--no-auto-maintenance'];
    const refspec = `+refs/heads/${branch}:${HEAD}`;
    await this.#reported(what, this.#git.text(call, 'fetch', ...options, '--end-of-options', url, refspec));
    const format = '--format=%H%x00%an%x00%ct%x00%s';
    const local = this.#local(`look at ${branch}`);
    const line = await this.#reported(local.what, this.#git.text(local, 'log', '-1', format, HEAD));
    const [id = '', author = '', seconds = '', subject = ''] = line.trimEnd().split('\0');
    return { id, author, subject, at: Number(seconds) * 1000 };
  }

  /** Never on the command line, where every process of the machine can read it. */
  async #access(): Promise<Record<string, string>> {
    const { access, url } = this.#source;
    const settings: [string, string][] = [
      ['http.lowSpeedLimit', '100'],
      ['http.lowSpeedTime', '30'],
    ];
    if (access?.kind === 'token') {
      const token = await this.#secrets.read(access.token);
      const login = `${access.username ?? 'x-access-token'}:${token.reveal()}`;
      const header = `Authorization: Basic ${Buffer.from(login).toString('base64')}`;
      settings.push([`http.${new URL(url).origin}/.extraHeader`, header]);
    }
    return { ...configEnvironment(settings), ...sshEnvironment(access) };
  }

  async #requireCommit(commit: string): Promise<void> {
    const what = `look for ${commit}`;
    await this.#reported(
      what,
      this.#git.text(this.#local(what), 'cat-file', '-e', `${commitId(commit)}^{commit}`),
    );
  }

  async #tree(what: string, ...args: string[]): Promise<TreeEntry[]> {
    const listing = this.#git.text(this.#local(what), 'ls-tree', '--full-tree', '-z', '--long', ...args);
    return (await this.#reported(what, listing)).split('\0').flatMap(treeEntry);
  }

  #local(what: string): GitCall {
    return { what, deadlineMs: LOCAL_MS };
  }

  async #reported<T>(what: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw gitError(what, error);
    }
  }
}

/** `<mode> <type> <object> <size>\t<path>`; the size of what is no blob is `-`. */
function treeEntry(line: string): TreeEntry[] {
  const match = /^(\d+) (\w+) ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(line);
  if (match === null) return [];
  const [, mode = '', type = '', object = '', size = '', path = ''] = match;
  return [{ mode, type, object, sizeBytes: size === '-' ? 0 : Number(size), path }];
}

function kindOf({ mode }: TreeEntry): SpecFile['kind'] {
  if (mode === '120000') return 'symlink';
  return mode === '160000' ? 'submodule' : 'file';
}

/** Only a full id: anything else could be an option or a moving name. */
function commitId(text: string): string {
  if (/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(text)) return text;
  throw new PortError('refused', `${text} is no commit id`);
}

function configEnvironment(settings: readonly [string, string][]): Record<string, string> {
  const pairs = settings.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, name],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: `${settings.length}`, ...Object.fromEntries(pairs) };
}

function sshEnvironment(access: GitAccess | undefined): Record<string, string> {
  const options = ['-o BatchMode=yes', '-o ConnectTimeout=10'];
  if (access?.kind === 'ssh') {
    options.push(`-i ${quoted(access.identityFile)}`, '-o IdentitiesOnly=yes');
    options.push(`-o UserKnownHostsFile=${quoted(access.knownHostsFile)}`, '-o StrictHostKeyChecking=yes');
  }
  return { GIT_SSH_COMMAND: ['ssh', ...options].join(' ') };
}

/** For the shell that git runs this command with. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
