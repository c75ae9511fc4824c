/** The repository as it is fetched from: with its credentials, and never with more than it needs. */
import type { SecretRef } from '../../../spec-schema/cluster-spec.ts';
import type { Secret, Secrets } from '../../ports.ts';
import type { GitCommands } from './git-command.ts';
import { gitError, withoutCredentials } from './git-errors.ts';

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
  /** A token that somebody else issues, for a short time. @throws PortError */
  | { readonly kind: 'issued'; token(): Promise<Secret> }
  | { readonly kind: 'ssh'; readonly identityFile: string; readonly knownHostsFile: string };

const FETCH_MS = 120_000;

export class GitRemote {
  readonly #source: GitSource;
  readonly #secrets: Secrets;
  readonly #git: GitCommands;

  constructor(source: GitSource, secrets: Secrets, git: GitCommands) {
    this.#source = source;
    this.#secrets = secrets;
    this.#git = git;
  }

  /** What the repository is called in messages. */
  get name(): string {
    return withoutCredentials(this.#source.url);
  }

  /**
   * @param subject what is fetched, in words.
   * @param prune whether what is gone there goes here, too, below the targets of the refspecs.
   * @throws PortError
   */
  async fetch(
    subject: string,
    refspecs: readonly string[],
    signal: AbortSignal,
    prune: 'prune' | 'keep' = 'keep',
  ): Promise<void> {
    const options = ['--no-tags', '--no-recurse-submodules', '--no-auto-maintenance'];
    if (prune === 'prune') options.push('--prune');
    await this.#run(`fetch ${subject} of ${this.name}`, ['fetch', ...options], refspecs, signal);
  }

  /** @param subject what is written, in words. @throws PortError */
  async push(subject: string, refspecs: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#run(`write ${subject} to ${this.name}`, ['push'], refspecs, signal);
  }

  async #run(
    what: string,
    command: readonly string[],
    refspecs: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const { url, fetchTimeoutMs } = this.#source;
    const call = { what, deadlineMs: fetchTimeoutMs ?? FETCH_MS, signal, environment: await this.#access() };
    try {
      await this.#git.text(call, ...command, '--quiet', '--end-of-options', url, ...refspecs);
    } catch (error) {
      throw gitError(what, error);
    }
  }

  /** Never on the command line, where every process of the machine can read it. */
  async #access(): Promise<Record<string, string>> {
    const { access, url } = this.#source;
    const settings: [string, string][] = [
      ['http.lowSpeedLimit', '100'],
      ['http.lowSpeedTime', '30'],
    ];
    if (access?.kind === 'token' || access?.kind === 'issued') {
      const isOurs = access.kind === 'token';
      const token = await (isOurs ? this.#secrets.read(access.token) : access.token());
      const username = (isOurs ? access.username : undefined) ?? 'x-access-token';
      const login = `${username}:${token.reveal().trim()}`;
      const header = `Authorization: Basic ${Buffer.from(login).toString('base64')}`;
      settings.push([`http.${new URL(url).origin}/.extraHeader`, header]);
    }
    return { ...configEnvironment(settings), ...sshEnvironment(access) };
  }
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
