/**
 * One call to an engine: a deadline, an honest end when the connection breaks, and classified errors.
 *
 * A request is one of Node's own. dockerode's layer for it loads gRPC, protobuf and a second SSH, and prints all options
 * of every request for a debug log that nobody reads (measured: 20 MB of an idle process, a fifth of an idle pass).
 */
import { type Agent, type IncomingMessage, request } from 'node:http';
import { PortError } from '../../ports.ts';
import { dockerError } from './docker-errors.ts';

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

const ACCEPTED: ReadonlySet<number | undefined> = new Set([200, 201, 204, 304]);

export class DockerApi {
  readonly name: string;
  readonly #agent: Agent;

  constructor(name: string, agent: Agent) {
    this.name = name;
    this.#agent = agent;
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

  async #dial(call: DockerCall, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const answer = await this.#send(call, signal);
    const { statusCode } = answer;
    if (ACCEPTED.has(statusCode)) return answer;
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    throw Object.assign(new Error(reasonIn(Buffer.concat(chunks).toString())), { statusCode });
  }

  #send(call: DockerCall, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const content = contentOf(call);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          // Never dialled: the agent opens the streams.
          host: 'docker',
          agent: this.#agent,
          method: call.method,
          path: `${call.path}${queryText(call.query)}`,
          ...(content === undefined
            ? {}
            : { headers: { 'Content-Type': content.type, 'Content-Length': content.data.length } }),
          ...(signal === undefined ? {} : { signal }),
        },
        resolve,
      );
      sent.on('error', reject);
      sent.end(content?.data);
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

function contentOf({ tar, body }: DockerCall): { type: string; data: Buffer } | undefined {
  if (tar !== undefined) return { type: 'application/x-tar', data: tar };
  return body === undefined
    ? undefined
    : { type: 'application/json', data: Buffer.from(JSON.stringify(body)) };
}

/** Lists and objects, filters for example, go as JSON. */
function queryText(query: DockerCall['query'] = {}): string {
  const pairs = Object.entries(query).map(([name, value]): [string, string] => [
    name,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}

/** The engine tells in JSON why not; what stands between us and it may tell it in any form. */
function reasonIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message.trim();
  } catch {
    // Then the text itself is the reason.
  }
  return text.trim();
}
