/**
 * One connection to one redis-server, opened once.
 *
 * The client's own recovery is switched off: left on, it sends an administrative command again after a broken
 * socket (measured: CLUSTER FAILOVER reached the server three times), and runs a command whose caller has long
 * been told that it failed. A broken connection stays broken; the next call opens another.
 */
import { Redis, type RedisOptions } from 'ioredis';
import type { Endpoint } from '../../model/facts.ts';
import { PortError, type RedisCredentials } from '../../ports.ts';
import { isReply, redisError } from './redis-errors.ts';

export type Command = readonly [name: string, ...args: (string | number)[]];

/** Replies in the shapes of RESP3: strings, numbers, arrays, and plain objects for maps. */
export type Reply = unknown;

const CONNECT_MS = 2_000;
/** The connection, and the log-in on it: a frozen server accepts the one and never answers the other. */
const OPEN_MS = 4_000;

export class Connection {
  readonly where: string;
  readonly #client: Redis<'resp3'>;
  #closed = false;

  private constructor(where: string, client: Redis<'resp3'>) {
    this.where = where;
    this.#client = client;
  }

  static async open(
    endpoint: Endpoint,
    credentials: RedisCredentials,
    signal: AbortSignal,
  ): Promise<Connection> {
    const where = `${endpoint.ip}:${endpoint.port}`;
    const client = new Redis(optionsOf(endpoint, credentials));
    // The promise of `connect` rejects with "Connection is closed." alone; the reason comes as an event before.
    let reason: unknown;
    client.on('error', (error) => {
      reason ??= error;
    });
    const connection = new Connection(where, client);
    const stop = () => connection.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await connection.#within('connect', OPEN_MS, client.connect());
      return connection;
    } catch (error) {
      connection.close();
      if (signal.aborted) throw new PortError('aborted', `${where}: connect: given up`);
      throw redisError(where, 'connect', reason ?? error);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  get alive(): boolean {
    return !this.#closed && this.#client.status === 'ready';
  }

  async command(command: Command, deadlineMs: number): Promise<Reply> {
    const [reply] = await this.batch([command], deadlineMs);
    if (reply instanceof PortError) throw reply;
    return reply;
  }

  /**
   * Sends all commands at once. What the server refuses is an error among the replies.
   * @throws PortError when the connection breaks or the deadline passes: the outcome of all is unknown then.
   */
  async batch(commands: readonly Command[], deadlineMs: number): Promise<(Reply | PortError)[]> {
    const pipeline = this.#client.pipeline();
    for (const [name, ...args] of commands) pipeline.call(name, ...args);
    const names = [...new Set(commands.map(nameOf))].join(', ');
    const results = await this.#within(names, deadlineMs, pipeline.exec());
    return (results ?? []).map(([error, reply], index) => {
      if (error === null) return reply;
      const what = nameOf(commands[index] as Command);
      if (isReply(error)) return redisError(this.where, what, error);
      this.close();
      throw redisError(this.where, what, error);
    });
  }

  close(): void {
    this.#closed = true;
    this.#client.disconnect();
    // `disconnect` says good-bye and waits for an answer, which a machine that is gone never gives.
    this.#client.stream?.destroy();
  }

  /** A server that is too slow loses its connection: what waits on it must not come through later. */
  async #within<T>(what: string, deadlineMs: number, work: Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new PortError('timeout', `${this.where}: ${what}: no answer within ${deadlineMs} ms`));
      this.close();
    }, deadlineMs);
    try {
      return await Promise.race([work, late]);
    } catch (error) {
      throw redisError(this.where, what, error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function optionsOf(endpoint: Endpoint, credentials: RedisCredentials) {
  return {
    host: endpoint.ip,
    port: endpoint.port,
    username: credentials.username,
    password: credentials.password.reveal(),
    connectionName: 'redisforge',
    protocol: 3,
    replyMapping: 'resp3',
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: CONNECT_MS,
  } as const satisfies RedisOptions;
}

/** `CONFIG SET`, `CLUSTER MIGRATION IMPORT`: the words that name it, and none of its arguments. */
function nameOf([name, subcommand, third]: Command): string {
  if (!CONTAINERS.has(name)) return name;
  return subcommand === 'MIGRATION' ? `${name} ${subcommand} ${third}` : `${name} ${subcommand}`;
}

const CONTAINERS = new Set(['ACL', 'CLUSTER', 'CONFIG', 'CLIENT']);
