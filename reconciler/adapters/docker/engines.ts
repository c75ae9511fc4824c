/** The engines of all hosts: one connection for each distinct way to one. */
import type { HostSpec } from '../../../spec-schema/cluster-spec.ts';
import { type Engine, type Engines, PortError, type Secrets } from '../../ports.ts';
import { DockerEngine } from './engine.ts';
import { SshTransport } from './ssh-transport.ts';
import { TlsTransport } from './tls-transport.ts';
import { type Transport, UnixTransport } from './transport.ts';

export class DockerEngines implements Engines {
  readonly #secrets: Secrets;
  readonly #engines = new Map<string, DockerEngine>();

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  of(host: HostSpec): Engine {
    // Everything that decides which machine answers, and as whom we come.
    const key = JSON.stringify([host.docker, host.ssh, host.tls]);
    const known = this.#engines.get(key);
    if (known !== undefined) return known;
    const engine = new DockerEngine(transportOf(host, this.#secrets));
    this.#engines.set(key, engine);
    return engine;
  }

  async close(): Promise<void> {
    for (const engine of this.#engines.values()) engine.close();
    this.#engines.clear();
  }
}

function transportOf(host: HostSpec, secrets: Secrets): Transport {
  const url = new URL(host.docker);
  if (url.protocol === 'unix:') return new UnixTransport(decodeURIComponent(url.pathname));
  if (url.protocol === 'ssh:' && host.ssh !== undefined) {
    return new SshTransport({ url: host.docker, ...host.ssh }, secrets);
  }
  if (url.protocol === 'tcp+tls:' && host.tls !== undefined) {
    return new TlsTransport({ url: host.docker, ...host.tls }, secrets);
  }
  throw new PortError('refused', `host ${host.name}: ${host.docker} needs its \`ssh\` or \`tls\` settings`);
}
