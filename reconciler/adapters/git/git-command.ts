/** Runs one git command in a bare mirror: its own configuration, a deadline, and every failure reported. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitPluginError, type SimpleGit, type SimpleGitOptions, simpleGit } from 'simple-git';
import { PortError } from '../../ports.ts';
import { GitExit, gitError } from './git-errors.ts';

export interface GitCall {
  /** The attempt in words, for messages. */
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Environment that only this command gets, credentials for example. */
  readonly environment?: Readonly<Record<string, string>>;
  /** For its standard input. */
  readonly input?: string;
}

/** A process of git's that says nothing for so long is stuck. */
const SILENCE_MS = 45_000;

/** What git may see of our own environment: to find itself, the user's ssh agent and the way out. */
const INHERITED = [
  'PATH',
  'SSH_AUTH_SOCK',
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'no_proxy',
  'SSL_CERT_FILE',
];

const GUARDED = ['GIT_TERMINAL_PROMPT', 'GIT_ALLOW_PROTOCOL', 'GIT_CONFIG_NOSYSTEM', 'GIT_SSH_COMMAND'];

export class GitCommands {
  readonly #directory: string;
  readonly #home: string;
  readonly #inherited: Readonly<Record<string, string>>;
  #ready: Promise<void> | undefined;

  /**
   * @param directory the mirror lies below it, and git's own configuration beside the mirror.
   */
  constructor(directory: string, environment: Readonly<Record<string, string | undefined>>) {
    this.#directory = join(directory, 'mirror.git');
    this.#home = directory;
    const found = INHERITED.flatMap((name): [string, string][] => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    });
    this.#inherited = Object.fromEntries(found);
  }

  async text(call: GitCall, ...command: string[]): Promise<string> {
    return this.#run(call, (git) => git.raw(command));
  }

  async bytes(call: GitCall, ...command: string[]): Promise<Buffer> {
    return this.#run(call, (git) => git.binaryCatFile(command) as unknown as Promise<Buffer>);
  }

  async #run<T>(call: GitCall, command: (git: SimpleGit) => Promise<T>): Promise<T> {
    this.#ready ??= this.#prepare();
    try {
      await this.#ready;
    } catch (cause) {
      this.#ready = undefined;
      throw gitError(`prepare ${this.#directory}`, cause);
    }
    const deadline = AbortSignal.timeout(call.deadlineMs);
    const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    let failed: GitExit | undefined;
    try {
      signal.throwIfAborted();
      return await Promise.race([command(this.#git(signal, call, (exit) => (failed = exit))), aborted]);
    } catch (cause) {
      if (call.signal?.aborted) throw new PortError('aborted', `${call.what}: given up`);
      if (deadline.aborted)
        throw new PortError('timeout', `${call.what}: not done within ${call.deadlineMs} ms`);
      if (/block timeout reached/i.test(String(cause))) {
        throw new PortError('timeout', `${call.what}: git said nothing for ${SILENCE_MS} ms`);
      }
      throw failed ?? gitError(call.what, cause);
    } finally {
      signal.removeEventListener('abort', onAbort);
      aborted.catch(() => undefined);
    }
  }

  /** An instance for each command: one whose signal was aborted never works again. */
  #git(
    abort: AbortSignal,
    { environment = {}, input }: Pick<GitCall, 'environment' | 'input'> = {},
    onExit: (exit: GitExit) => void = () => undefined,
  ): SimpleGit {
    const counted = Object.keys(environment).filter((name) => name.startsWith('GIT_CONFIG_'));
    const options: Partial<SimpleGitOptions> = {
      baseDir: this.#directory,
      abort,
      timeout: { block: SILENCE_MS },
      ...(input === undefined ? {} : { input: () => input }),
      allowEnvironment: [...GUARDED, ...counted],
      unsafe: {
        allowUnsafeSshCommand: 'GIT_SSH_COMMAND' in environment,
        allowUnsafeConfigEnvCount: counted.length > 0,
      },
      // simple-git keeps only the words of this error: the exit code goes to the caller beside it.
      errors: (error, { exitCode, stdErr, stdOut }) => {
        if (exitCode === 0 || error instanceof GitPluginError) return error;
        const message = Buffer.concat(stdErr).toString().trim();
        const exit = new GitExit(exitCode, message, Buffer.concat(stdOut).toString());
        onExit(exit);
        return exit;
      },
    };
    return simpleGit(options).env({
      ...this.#inherited,
      HOME: this.#home,
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ALLOW_PROTOCOL: 'file:http:https:ssh',
      ...environment,
    });
  }

  async #prepare(): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    // A repository that is mounted into our container belongs to somebody else. The command line and GIT_CONFIG_*
    // do not reach the process that reads it on the other side of a local fetch; the home folder does.
    const user = '[user]\n\tname = RedisForge\n\temail = redisforge@redisforge.invalid\n';
    await writeFile(join(this.#home, '.gitconfig'), `[safe]\n\tdirectory = *\n${user}`, { mode: 0o600 });
    const signal = AbortSignal.timeout(10_000);
    await this.#git(signal).raw(['init', '--bare', '--quiet', this.#directory]);
  }
}
