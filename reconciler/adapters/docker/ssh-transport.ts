/**
 * An engine's socket through SSH: one connection for each host, and one channel in it for each stream.
 *
 * dockerode's own SSH support opens a new connection for every request (measured: 290 ms each, and bursts are
 * dropped by the server), and can end the process when one breaks. It also needs the docker program over there.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel, ConnectConfig } from 'ssh2';
import type { SecretRef } from '../../../spec-schema/cluster-spec.ts';
import { PortError, type Secrets } from '../../ports.ts';
import { ChannelSocket } from './channel-socket.ts';
import type { Transport } from './transport.ts';

export interface SshAddress {
  /** As it stands in the spec. */
  readonly url: string;
  /** `SHA256:…` */
  readonly hostKey: string;
  readonly identity: SecretRef;
  /** Path of the engine's socket on that machine. */
  readonly socket: string;
}

const READY_MS = 5_000;
/** A dead link is noticed after three of them. */
const KEEPALIVE_MS = 2_000;
/**
 * An sshd counts refused log-ins against our address, and after a few of them turns away everybody who comes from
 * there (measured with OpenSSH 10: four, for 21 s): so a log-in that was refused is not soon tried again.
 */
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 300_000;
/** sshd allows ten sessions in one connection; forwarded sockets do not count. */
const SESSIONS = 8;
const PROGRAM_MS = 60_000;

interface Refusal {
  readonly identity: string;
  readonly times: number;
  readonly until: number;
  readonly error: PortError;
}

export class SshTransport implements Transport {
  readonly name: string;
  readonly #address: SshAddress;
  readonly #secrets: Secrets;
  readonly #streams = new Set<ChannelSocket>();
  readonly #waiting: (() => void)[] = [];
  #client: Promise<Client> | undefined;
  /** The one that all streams belong to. */
  #live: Client | undefined;
  #refusal: Refusal | undefined;
  /** Until then the docker program over there opens the socket, because sshd did not. */
  #programUntil = 0;
  #sessions = 0;

  constructor(address: SshAddress, secrets: Secrets) {
    this.name = address.url;
    this.#address = address;
    this.#secrets = secrets;
  }

  /** A session that idles takes one of few places. */
  get reusable(): boolean {
    return !this.#byProgram;
  }

  get #byProgram(): boolean {
    return performance.now() < this.#programUntil;
  }

  async connect(): Promise<Duplex> {
    const client = await this.#connected();
    if (this.#byProgram) return this.#throughProgram(client);
    try {
      return this.#kept(await forwarded(client, this.#address.socket));
    } catch (error) {
      // sshd says the same when it forbids forwarding and when the socket is not there just now: the program tells
      // which, and after a while forwarding is tried again.
      if (!/open fail|prohibited/i.test(String(error))) throw this.#broken(error);
      this.#programUntil = performance.now() + PROGRAM_MS;
      return this.#throughProgram(client);
    }
  }

  close(): void {
    this.#client?.then(
      (client) => client.end(),
      () => undefined,
    );
    this.#forget(new PortError('aborted', `${this.name}: closed`));
  }

  #connected(): Promise<Client> {
    this.#client ??= this.#open().catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  async #open(): Promise<Client> {
    const identity = (await this.#secrets.read(this.#address.identity)).reveal();
    const refusal = this.#refusal;
    if (refusal !== undefined && refusal.identity === identity && performance.now() < refusal.until) {
      throw refusal.error;
    }
    // Loaded only where a host is reached that way: it takes ten megabytes.
    const { default: ssh2 } = await import('ssh2');
    const client = new ssh2.Client();
    try {
      await this.#logIn(client, identity);
    } catch (error) {
      client.destroy();
      if (error instanceof PortError && error.code === 'auth') this.#remember(identity, error);
      throw error;
    }
    this.#refusal = undefined;
    this.#programUntil = 0;
    this.#live = client;
    return client;
  }

  #logIn(client: Client, identity: string): Promise<void> {
    return new Promise((resolve, reject) => {
      let offered = '';
      const config = this.#config(identity, (key) => {
        offered = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
        return sameText(offered, this.#address.hostKey.replace(/=+$/, ''));
      });
      // Measured: without it every request waits for the other side's delayed acknowledgement, 48 ms instead of 2.
      client.on('connect', () => client.setNoDelay(true));
      client.once('ready', () => resolve());
      const end = (reason: PortError) => {
        reject(reason);
        if (this.#live === client) this.#forget(reason);
      };
      client.on('error', (error) => end(this.#classified(error, offered)));
      client.on('close', () => end(new PortError('unreachable', `${this.name}: the connection was closed`)));
      try {
        client.connect(config);
      } catch (cause) {
        // The only thing that it looks at before it connects is the key.
        reject(
          new PortError('secret', `${this.name}: the identity is no private key without passphrase`, {
            cause,
          }),
        );
      }
    });
  }

  #config(identity: string, hostVerifier: (key: Buffer) => boolean): ConnectConfig {
    const { hostname, port, username } = new URL(this.#address.url);
    if (username === '') throw new PortError('refused', `${this.name}: no user is named: ssh://user@host`);
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? 22 : Number(port),
      username: decodeURIComponent(username),
      privateKey: identity,
      authHandler: ['publickey'],
      hostVerifier,
      readyTimeout: READY_MS,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: 3,
    };
  }

  async #throughProgram(client: Client): Promise<Duplex> {
    while (this.#sessions >= SESSIONS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#sessions += 1;
    try {
      const socket = this.#address.socket.replaceAll("'", "'\\''");
      const channel = await executed(client, `docker -H 'unix://${socket}' system dial-stdio`);
      const stream = this.#kept(channel, failureOf(channel, this.name));
      stream.once('close', () => this.#sessionEnded());
      return stream;
    } catch (error) {
      this.#sessionEnded();
      throw this.#broken(error);
    }
  }

  #sessionEnded(): void {
    this.#sessions -= 1;
    this.#waiting.shift()?.();
  }

  #kept(channel: ClientChannel, failure?: () => PortError | undefined): ChannelSocket {
    const stream = new ChannelSocket(channel, failure);
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    return stream;
  }

  /** The streams of a connection end with it, at once and with its reason. */
  #forget(reason: PortError): void {
    this.#client = undefined;
    this.#live = undefined;
    for (const stream of this.#streams) stream.destroy(reason);
    this.#streams.clear();
  }

  #remember(identity: string, error: PortError): void {
    const times = this.#refusal?.identity === identity ? this.#refusal.times + 1 : 1;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (times - 1), LONGEST_PAUSE_MS);
    this.#refusal = { identity, times, until: performance.now() + pause, error };
  }

  #classified(error: Error & { level?: string; code?: string }, offered: string): PortError {
    const pinned = this.#address.hostKey;
    if (/host denied/i.test(error.message)) {
      const message = `the host key is ${offered}, not ${pinned}: another machine, or a key that was changed`;
      return new PortError('identity', `${this.name}: ${message}`, { retry: 'later', cause: error });
    }
    if (error.level === 'client-authentication') {
      const message = 'the log-in was refused: the user or its key is not accepted there';
      return new PortError('auth', `${this.name}: ${message}`, { retry: 'later', cause: error });
    }
    const code = error.level === 'client-timeout' ? 'timeout' : 'unreachable';
    return new PortError(code, `${this.name}: ${error.message}`, { cause: error });
  }

  #broken(error: unknown): PortError {
    if (error instanceof PortError) return error;
    const text = error instanceof Error ? error.message : String(error);
    return new PortError('unreachable', `${this.name}: ${text}`, { cause: error });
  }
}

function forwarded(client: Client, path: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.openssh_forwardOutStreamLocal(path, (error, channel) =>
      error ? reject(error) : resolve(channel),
    );
  });
}

function executed(client: Client, command: string): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel)));
  });
}

/** A program that fails says why where nobody else would read it. */
function failureOf(channel: ClientChannel, name: string): () => PortError | undefined {
  let words = '';
  let exitCode: number | null = 0;
  channel.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-500);
  });
  channel.on('exit', (code: number | null) => {
    exitCode = code;
  });
  return () => {
    if (exitCode === 0) return undefined;
    const message = `sshd opens no socket there, and "docker system dial-stdio" failed: ${words.trim()}`;
    return new PortError(/permission denied/i.test(words) ? 'denied' : 'unreachable', `${name}: ${message}`);
  };
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
