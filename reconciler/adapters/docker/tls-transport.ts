/** An engine over TCP, where both sides show certificates. */
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { SecretRef } from '../../../spec-schema/cluster-spec.ts';
import { PortError, type Secrets } from '../../ports.ts';
import { dockerError } from './docker-errors.ts';
import type { Transport } from './transport.ts';

export interface TlsAddress {
  /** As it stands in the spec. */
  readonly url: string;
  readonly ca: SecretRef;
  readonly certificate: SecretRef;
  readonly key: SecretRef;
}

const CONNECT_MS = 5_000;
const DEFAULT_PORT = 2376;

export class TlsTransport implements Transport {
  readonly name: string;
  readonly reusable = true;
  readonly #address: TlsAddress;
  readonly #secrets: Secrets;

  constructor(address: TlsAddress, secrets: Secrets) {
    this.name = address.url;
    this.#address = address;
    this.#secrets = secrets;
  }

  /** The certificates are read for each connection, so that new ones are taken up by themselves. */
  async connect(): Promise<TLSSocket> {
    const { ca, certificate, key } = this.#address;
    const [trusted, own, secret] = await Promise.all(
      [ca, certificate, key].map((ref) => this.#secrets.read(ref)),
    );
    const { hostname, port } = new URL(this.#address.url);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    return new Promise((resolve, reject) => {
      const socket = connect({
        host,
        port: port === '' ? DEFAULT_PORT : Number(port),
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ca: trusted?.reveal(),
        cert: own?.reveal(),
        key: secret?.reveal(),
        minVersion: 'TLSv1.2',
        timeout: CONNECT_MS,
      });
      const fail = (error: Error) => {
        socket.destroy();
        reject(dockerError(this.name, 'connect', error));
      };
      const late = () =>
        fail(new PortError('timeout', `${this.name}: no connection within ${CONNECT_MS} ms`));
      socket.once('error', fail);
      socket.once('timeout', late);
      socket.once('secureConnect', () => {
        socket.off('error', fail);
        socket.off('timeout', late);
        socket.setTimeout(0);
        resolve(socket);
      });
    });
  }

  close(): void {
    // Nothing is kept beside the streams themselves, and those belong to the agent.
  }
}
