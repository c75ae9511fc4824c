/** Secrets from files and from the environment. No value ever stands in a message. */
import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import type { SecretRef } from '../../../spec-schema/cluster-spec.ts';
import { PortError, Secret, type Secrets } from '../../ports.ts';

/** Far above any key or certificate chain; a reference to something larger is a mistake. */
const LIMIT_BYTES = 64 * 1024;

export interface SecretSources {
  /** Folder that relative file references start from. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export class LocalSecrets implements Secrets {
  readonly #sources: SecretSources;

  constructor(sources: SecretSources) {
    this.#sources = sources;
  }

  async read(ref: SecretRef): Promise<Secret> {
    return 'env' in ref ? this.#fromEnvironment(ref.env) : await this.#fromFile(ref.file);
  }

  #fromEnvironment(name: string): Secret {
    const value = this.#sources.environment[name];
    if (value === undefined) throw new PortError('secret', `environment variable ${name} is not set`);
    return secretOf(value, `environment variable ${name}`);
  }

  async #fromFile(file: string): Promise<Secret> {
    const path = this.#pathOf(file);
    const handle = await opened(path);
    try {
      const { mode, size } = await handle.stat();
      if ((mode & 0o077) !== 0) {
        const hint = `chmod 600 ${path}`;
        throw new PortError('secret', `secret file ${path} can be read by others than its owner: ${hint}`);
      }
      if (size > LIMIT_BYTES)
        throw new PortError('secret', `secret file ${path} is larger than ${LIMIT_BYTES} bytes`);
      return secretOf(await handle.readFile('utf8'), `secret file ${path}`);
    } catch (cause) {
      throw cause instanceof PortError ? cause : unreadable(path, cause);
    } finally {
      await handle.close();
    }
  }

  #pathOf(file: string): string {
    const path = resolve(this.#sources.directory, file);
    if (isAbsolute(file) || !relative(this.#sources.directory, path).startsWith('..')) return path;
    throw new PortError('secret', `secret file ${file} lies outside of ${this.#sources.directory}`);
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): PortError {
  const code = (cause as NodeJS.ErrnoException).code;
  const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
  return new PortError('secret', `secret file ${path} ${reason}`, { cause });
}

/** Editors and `echo` end a file with a newline that is no part of the secret. */
function secretOf(text: string, source: string): Secret {
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new PortError('secret', `${source} is empty`);
  return new Secret(value);
}
