/**
 * An SSH channel in the shape of a network socket, for HTTP to run over.
 *
 * The channel itself will not do: its `destroy` waits for the far side and drops the error, so that a request over
 * a dead link would wait for ever (measured), and it has no timeouts.
 */
import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';

export class ChannelSocket extends Duplex {
  readonly #channel: ClientChannel;
  #wanted = false;
  #idle: NodeJS.Timeout | undefined;

  /**
   * @param failure for a program at the other end: what it failed with, or undefined. That is known only when the
   * channel closes, so the end of its data is not yet the end of the stream.
   */
  constructor(channel: ClientChannel, failure?: () => Error | undefined) {
    super();
    this.#channel = channel;
    channel.on('readable', () => this.#pump());
    channel.on('error', (error: Error) => this.destroy(error));
    if (failure === undefined) channel.on('end', () => this.push(null));
    // A channel closes after all of its data has been read.
    channel.on('close', () => {
      const reason = failure?.();
      if (reason !== undefined) return void this.destroy(reason);
      this.push(null);
      this.end();
    });
  }

  override _read(): void {
    this.#wanted = true;
    this.#pump();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#idle?.refresh();
    this.#channel.write(chunk, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#idle);
    this.#channel.destroy();
    done(error);
  }

  setTimeout(ms: number, onTimeout?: () => void): this {
    clearTimeout(this.#idle);
    if (onTimeout !== undefined) this.once('timeout', onTimeout);
    this.#idle = ms > 0 ? setTimeout(() => this.emit('timeout'), ms).unref() : undefined;
    return this;
  }

  // The connection that the channel belongs to has settings of its own for these.
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  #pump(): void {
    while (this.#wanted) {
      const chunk = this.#channel.read() as Buffer | null;
      if (chunk === null) return;
      this.#idle?.refresh();
      this.#wanted = this.push(chunk);
    }
  }
}
