/**
 * One call to an engine: a deadline, an honest end when the connection breaks, and classified errors.
 *
 * dockerode's request layer is used, but not its objects: those wait for the end of a response without listening
 * for its failure (measured: a connection that dies in the middle of a body is never noticed), and some of them
 * take no abort signal. Here every answer is read as a stream.
 */
import type { Agent, IncomingMessage } from 'node:http';
import type Docker from 'dockerode';
import { PortError } from '../../ports.ts';
import { dockerError } from './docker-errors.ts';
import { Dockerode } from './dockerode.ts';

export interface DockerCall {
  /** The attempt in words, for messages. */
  readonly what: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: object;
  readonly tar?: Buffer;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Modem {
  dial(options: object, done: (error: unknown, answer: IncomingMessage) => void): void;
}

const ACCEPTED = { 200: true, 201: true, 204: true, 304: true };

export class DockerApi {
  readonly name: string;
  readonly #modem: Modem;

  constructor(name: string, agent: Agent) {
    this.name = name;
    // Host and port are never dialled: the agent opens the streams. They also keep DOCKER_HOST out of it.
    const docker = new Dockerode({
      protocol: 'http',
      host: 'docker',
      port: 80,
      agent,
    } as Docker.DockerOptions);
    this.#modem = docker.modem as Modem;
  }

  /** The answer's JSON; undefined when it has none. */
  async json<T>(call: DockerCall): Promise<T> {
    const bytes = await this.bytes(call);
    if (bytes.length === 0) return undefined as T;
    try {
      return JSON.parse(bytes.toString()) as T;
    } catch (cause) {
      throw new PortError('protocol', `${this.name}: ${call.what}: the answer is no JSON`, { cause });
    }
  }

  /** As {@link json}, but undefined when the thing does not exist. */
  async find<T>(call: DockerCall): Promise<T | undefined> {
    try {
      return await this.json<T>(call);
    } catch (error) {
      if (error instanceof PortError && error.code === 'not-found') return undefined;
      throw error;
    }
  }

  bytes(call: DockerCall): Promise<Buffer> {
    return this.#within(call, async (signal) => {
      const chunks: Buffer[] = [];
      for await (const chunk of await this.#dial(call, signal)) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    });
  }

  /** The answer as a stream. The deadline covers its beginning only; `signal` ends it at any time. */
  open(call: DockerCall): Promise<IncomingMessage> {
    return this.#within(call, () => this.#dial(call, call.signal));
  }

  #dial(call: DockerCall, abortSignal: AbortSignal | undefined): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = { _query: call.query ?? {}, _body: call.body ?? {} };
      this.#modem.dial(
        {
          method: call.method,
          path: `${call.path}?`,
          options,
          file: call.tar,
          isStream: true,
          abortSignal,
          statusCodes: ACCEPTED,
        },
        (error, answer) => (error ? reject(error as Error) : resolve(answer)),
      );
    });
  }

  /** Settles at the deadline whatever the layers below do: a signal alone does not end all of their waits. */
  async #within<T>(call: DockerCall, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = AbortSignal.timeout(call.deadlineMs);
    const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      return await Promise.race([run(signal), aborted]);
    } catch (cause) {
      const where = `${this.name}: ${call.what}`;
      if (call.signal?.aborted) throw new PortError('aborted', `${where}: given up`, { cause });
      if (deadline.aborted) {
        throw new PortError('timeout', `${where}: no answer within ${call.deadlineMs} ms`, { cause });
      }
      throw dockerError(this.name, call.what, cause);
    } finally {
      signal.removeEventListener('abort', onAbort);
      aborted.catch(() => undefined);
    }
  }
}
