/** Finding things on an engine by their exact names, and refusing to touch those that are not ours (law 9). */
import type { EngineReading } from '../../model/readings.ts';
import { type EngineQuestion, PortError } from '../../ports.ts';
import {
  type ContainerJson,
  containerReading,
  type NetworkJson,
  networkReading,
  type VolumeJson,
  volumeReading,
} from './container-reading.ts';
import type { DockerApi } from './docker-api.ts';
import type { ImageJson } from './image-facts.ts';

export const CLUSTER_LABEL = 'dev.redisforge.cluster';
export const NODE_LABEL = 'dev.redisforge.node';

const DEADLINE_MS = 10_000;

type Labels = Readonly<Record<string, string>>;

export class Inventory {
  readonly #api: DockerApi;

  constructor(api: DockerApi) {
    this.#api = api;
  }

  /** The engine takes the beginning of an id for a name (a node named `a1` is one): only exact names count. */
  async container(name: string, signal?: AbortSignal): Promise<ContainerJson | undefined> {
    const json = await this.#find<ContainerJson>(
      `container ${name}`,
      `/containers/${segment(name)}/json`,
      signal,
    );
    return json?.Name === `/${name}` ? json : undefined;
  }

  async containerById(id: string, signal?: AbortSignal): Promise<ContainerJson | undefined> {
    return this.#find<ContainerJson>(`container ${id}`, `/containers/${segment(id)}/json`, signal);
  }

  async volume(name: string, signal?: AbortSignal): Promise<VolumeJson | undefined> {
    return this.#find<VolumeJson>(`volume ${name}`, `/volumes/${segment(name)}`, signal);
  }

  async network(name: string, signal?: AbortSignal): Promise<NetworkJson | undefined> {
    const json = await this.#find<NetworkJson>(`network ${name}`, `/networks/${segment(name)}`, signal);
    return json?.Name === name ? json : undefined;
  }

  async image(reference: string, signal?: AbortSignal): Promise<ImageJson | undefined> {
    const path = reference.split('/').map(segment).join('/');
    return this.#find<ImageJson>(`image ${reference}`, `/images/${path}/json`, signal);
  }

  /** @throws PortError `not-found` when there is none, `denied` when it is not ours. */
  async ownContainer(name: string): Promise<ContainerJson> {
    const json = await this.container(name);
    if (json === undefined) throw this.#missing(`container ${name}`);
    this.#requireOurs(`container ${name}`, json.Config.Labels ?? {});
    return json;
  }

  /** Undefined when it is gone already. @throws PortError `denied` when it is not ours. */
  async containerToRemove(name: string): Promise<ContainerJson | undefined> {
    const json = await this.container(name);
    if (json !== undefined) this.#requireOurs(`container ${name}`, json.Config.Labels ?? {});
    return json;
  }

  async volumeToRemove(name: string): Promise<VolumeJson | undefined> {
    const json = await this.volume(name);
    if (json !== undefined) this.#requireOurs(`volume ${name}`, json.Labels ?? {});
    return json;
  }

  async networkToRemove(name: string): Promise<NetworkJson | undefined> {
    const json = await this.network(name);
    if (json !== undefined) this.#requireOurs(`network ${name}`, json.Labels ?? {});
    return json;
  }

  /** @throws PortError `not-found` when the volume is missing, `conflict` when it is another's. */
  async requireVolume(name: string, labels: Labels): Promise<void> {
    const json = await this.volume(name);
    if (json === undefined) throw this.#missing(`volume ${name}`);
    this.requireSame(`volume ${name}`, json.Labels ?? {}, labels);
  }

  /**
   * For things that exist already where we meant to make them: of the same cluster and node they are as good as
   * made by us now.
   */
  requireSame(what: string, live: Labels, wanted: Labels): void {
    const other = [CLUSTER_LABEL, NODE_LABEL].find((label) => live[label] !== wanted[label]);
    if (other === undefined) return;
    const found = live[other] === undefined ? `no label ${other}` : `${other}=${live[other]}`;
    const message = `${this.#api.name}: ${what} exists already with ${found}: it is not ours, and is left alone`;
    throw new PortError('conflict', message);
  }

  /** Everything about one cluster, in two rounds at most; in one when nothing is missing and nothing is stray. */
  async read(ask: EngineQuestion, signal: AbortSignal): Promise<Omit<EngineReading, 'engineId' | 'version'>> {
    const [containers, volumes, networks, images] = await Promise.all([
      this.#containers(ask, signal),
      this.#volumes(ask, signal),
      this.#networks(ask, signal),
      this.#images(ask, signal),
    ]);
    return {
      containers: containers.map(containerReading),
      volumes: volumes.map(volumeReading),
      networks: networks.map(networkReading),
      images,
    };
  }

  async #containers(ask: EngineQuestion, signal: AbortSignal): Promise<ContainerJson[]> {
    // All asked containers are inspected while the list is still on its way: one round trip instead of two.
    const [labelled, asked] = await Promise.all([
      this.#list<{ Id: string }[]>('list containers', '/containers/json', ask, signal, { all: true }),
      Promise.all(ask.containers.map((name) => this.container(name, signal))),
    ]);
    const found = asked.filter((json) => json !== undefined);
    const known = new Set(found.map((json) => json.Id));
    const strays = labelled.filter(({ Id }) => !known.has(Id));
    const others = await Promise.all(strays.map(({ Id }) => this.containerById(Id, signal)));
    return sorted([...found, ...others.filter((json) => json !== undefined)]);
  }

  async #volumes(ask: EngineQuestion, signal: AbortSignal): Promise<VolumeJson[]> {
    const answer = await this.#list<{ Volumes: VolumeJson[] | null }>(
      'list volumes',
      '/volumes',
      ask,
      signal,
    );
    const labelled = answer.Volumes ?? [];
    return sorted([
      ...labelled,
      ...(await missing(ask.volumes, labelled, (name) => this.volume(name, signal))),
    ]);
  }

  async #networks(ask: EngineQuestion, signal: AbortSignal): Promise<NetworkJson[]> {
    const labelled = await this.#list<NetworkJson[]>('list networks', '/networks', ask, signal);
    return sorted([
      ...labelled,
      ...(await missing(ask.networks, labelled, (name) => this.network(name, signal))),
    ]);
  }

  async #images(ask: EngineQuestion, signal: AbortSignal): Promise<Record<string, boolean>> {
    const found = ask.images.map(
      async (reference): Promise<[string, boolean]> => [
        reference,
        (await this.image(reference, signal)) !== undefined,
      ],
    );
    return Object.fromEntries(await Promise.all(found));
  }

  #list<T>(
    what: string,
    path: string,
    ask: EngineQuestion,
    signal: AbortSignal,
    more: object = {},
  ): Promise<T> {
    const query = { ...more, filters: { label: [`${CLUSTER_LABEL}=${ask.cluster}`] } };
    return this.#api.json<T>({ what, method: 'GET', path, query, deadlineMs: DEADLINE_MS, signal });
  }

  #find<T>(what: string, path: string, signal: AbortSignal | undefined): Promise<T | undefined> {
    return this.#api.find<T>({
      what: `look at ${what}`,
      method: 'GET',
      path,
      deadlineMs: DEADLINE_MS,
      signal,
    });
  }

  #requireOurs(what: string, labels: Labels): void {
    if (labels[CLUSTER_LABEL] !== undefined) return;
    throw new PortError(
      'denied',
      `${this.#api.name}: ${what} carries no label ${CLUSTER_LABEL}: it is not ours, and is left alone`,
    );
  }

  #missing(what: string): PortError {
    return new PortError('not-found', `${this.#api.name}: there is no ${what}`);
  }
}

async function missing<T extends { readonly Name: string }>(
  asked: readonly string[],
  listed: readonly T[],
  find: (name: string) => Promise<T | undefined>,
): Promise<T[]> {
  const names = new Set(listed.map((json) => json.Name));
  const others = await Promise.all(asked.filter((name) => !names.has(name)).map(find));
  return others.filter((json) => json !== undefined);
}

function sorted<T extends { readonly Name: string }>(things: T[]): T[] {
  return things.sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

/** Keeps what is part of references readable: `:` and `@` are allowed in paths. */
function segment(text: string): string {
  return encodeURIComponent(text).replaceAll('%3A', ':').replaceAll('%40', '@');
}
