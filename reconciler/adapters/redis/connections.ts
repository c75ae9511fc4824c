/** The kept connections: one for each endpoint, shared by all callers and opened when first needed. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Endpoint } from '../../model/facts.ts';
import { PortError, type RedisCredentials } from '../../ports.ts';
import { Connection } from './connection.ts';

/** How long one endpoint is tried alone before the next is tried beside it. */
const HEAD_START_MS = 250;

interface Kept {
  readonly connection: Connection;
  readonly password: string;
}

export class Connections {
  readonly #kept = new Map<string, Kept>();
  readonly #opening = new Map<string, Promise<Connection>>();
  readonly #closed = new AbortController();

  /** The first of the endpoints with a live connection, or else the first that lets us in. */
  async reach(endpoints: readonly Endpoint[], credentials: RedisCredentials): Promise<Connection> {
    if (this.#closed.signal.aborted) throw new PortError('aborted', 'the connections are closed');
    for (const endpoint of endpoints) {
      const kept = this.#live(endpoint, credentials);
      if (kept !== undefined) return kept;
    }
    const key = JSON.stringify([endpoints, credentials.username, credentials.password.reveal()]);
    const underway = this.#opening.get(key);
    if (underway !== undefined) return underway;
    const opening = this.#open(endpoints, credentials).finally(() => this.#opening.delete(key));
    this.#opening.set(key, opening);
    return opening;
  }

  close(): void {
    this.#closed.abort();
    for (const { connection } of this.#kept.values()) connection.close();
    this.#kept.clear();
  }

  #live(endpoint: Endpoint, credentials: RedisCredentials): Connection | undefined {
    const key = keyOf(endpoint, credentials);
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (kept.connection.alive && kept.password === credentials.password.reveal()) return kept.connection;
    // Broken, or logged in with a password that has been replaced since.
    kept.connection.close();
    this.#kept.delete(key);
    return undefined;
  }

  async #open(endpoints: readonly Endpoint[], credentials: RedisCredentials): Promise<Connection> {
    const [endpoint, connection] = await firstOf(endpoints, credentials, this.#closed.signal);
    const kept = this.#live(endpoint, credentials);
    if (kept !== undefined) {
      connection.close();
      return kept;
    }
    this.#kept.set(keyOf(endpoint, credentials), { connection, password: credentials.password.reveal() });
    return connection;
  }
}

/** Tries them in order, each with a head start over the next; the first to let us in ends the others. */
async function firstOf(
  endpoints: readonly Endpoint[],
  credentials: RedisCredentials,
  closed: AbortSignal,
): Promise<readonly [Endpoint, Connection]> {
  const failures: PortError[] = [];
  const won = new AbortController();
  const signal = AbortSignal.any([won.signal, closed]);
  const attempt = async (endpoint: Endpoint) => {
    try {
      return [endpoint, await Connection.open(endpoint, credentials, signal)] as const;
    } catch (error) {
      failures.push(error as PortError);
      throw error;
    }
  };
  const attempts: Promise<readonly [Endpoint, Connection]>[] = [];
  try {
    for (const endpoint of endpoints) {
      const started = attempt(endpoint);
      attempts.push(started);
      if (attempts.length === endpoints.length) break;
      // A failure ends the head start at once; a success ends the whole race.
      const early = await Promise.race([
        ...attempts.slice(0, -1).map(unlessFailed),
        started.catch(() => undefined),
        wait(HEAD_START_MS, undefined, { signal }).catch(() => undefined),
      ]);
      if (early !== undefined) break;
    }
    const winner = await Promise.any(attempts);
    for (const other of attempts) closeUnlessWinner(other, winner[1]);
    return winner;
  } catch {
    throw worstOf(endpoints, failures);
  } finally {
    won.abort();
  }
}

/** An earlier attempt that has failed must not end the head start of the present one. */
function unlessFailed<T>(attempt: Promise<T>): Promise<T> {
  return attempt.catch(() => new Promise<never>(() => undefined));
}

function closeUnlessWinner(attempt: Promise<readonly [Endpoint, Connection]>, winner: Connection): void {
  attempt.then(
    ([, connection]) => {
      if (connection !== winner) connection.close();
    },
    () => undefined,
  );
}

/** A server that knows us and says no tells more than an address where nobody is. */
function worstOf(endpoints: readonly Endpoint[], failures: readonly PortError[]): PortError {
  if (failures.length === 0) return new PortError('unreachable', 'no address is known');
  const told = failures.find(({ code }) => code !== 'unreachable' && code !== 'timeout') ?? failures[0];
  const { code, retry, message } = told as PortError;
  if (endpoints.length === 1) return new PortError(code, message, { retry });
  return new PortError(code, failures.map((failure) => failure.message).join('; '), { retry });
}

function keyOf(endpoint: Endpoint, credentials: RedisCredentials): string {
  return `${credentials.username}@${endpoint.ip}:${endpoint.port}`;
}
