/** The engines of all hosts: one connection for each distinct way to one. */
import type { HostSpec } from '../../../spec-schema/cluster-spec.ts';
import { type Engine, type Engines, PortError, type Secrets } from '../../ports.ts';
import { DockerEngine } from './engine.ts';
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

function transportOf(host: HostSpec, _secrets: Secrets): Transport {
  const url = new URL(host.docker);
  if (url.protocol === 'unix:') return new UnixTransport(decodeURIComponent(url.pathname));
  throw new PortError('refused', `${host.name}: no way to ${host.docker}`);
}
