/** The repository as it is fetched from: with its credentials, and never with more than it needs. */
import type { SecretRef } from '../../../spec-schema/cluster-spec.ts';
import type { Secrets } from '../../ports.ts';
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

  /** @param subject what is fetched, in words. @throws PortError */
  async fetch(subject: string, refspecs: readonly string[], signal: AbortSignal): Promise<void> {
    const { url, fetchTimeoutMs } = this.#source;
    const what = `fetch ${subject} of ${withoutCredentials(url)}`;
    const call = { what, deadlineMs: fetchTimeoutMs ?? FETCH_MS, signal, environment: await this.#access() };
    const options = ['--quiet', '--no-tags', '--no-recurse-submodules', '--no-auto-maintenance'];
    const fetching = this.#git.text(call, 'fetch', ...options, '--end-of-options', url, ...refspecs);
    await fetching.catch((error: unknown) => {
      throw gitError(what, error);
    });
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
