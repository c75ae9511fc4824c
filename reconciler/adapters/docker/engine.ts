/** One Docker Engine, over any transport. */
import type { EngineReading } from '../../model/readings.ts';
import {
  type ContainerLimits,
  type ContainerPlan,
  type Engine,
  type EngineEvent,
  type EngineQuestion,
  type FileToPut,
  PortError,
} from '../../ports.ts';
import { limitsBody } from './container-body.ts';
import type { ContainerJson, NetworkJson, VolumeJson } from './container-reading.ts';
import { DockerApi } from './docker-api.ts';
import { engineEvents } from './event-stream.ts';
import { pullImage } from './image-pull.ts';
import { CLUSTER_LABEL, Inventory } from './inventory.ts';
import { Launcher } from './launch.ts';
import { hideSecrets } from './log-text.ts';
import { type Transport, TransportAgent } from './transport.ts';

const CALL_MS = 30_000;
const INFO_MS = 10_000;

type Labels = Readonly<Record<string, string>>;

interface Identity {
  readonly breaks: number;
  readonly engineId: string;
  readonly version: string;
}

export class DockerEngine implements Engine {
  readonly #transport: Transport;
  readonly #agent: TransportAgent;
  readonly #api: DockerApi;
  readonly #inventory: Inventory;
  readonly #launcher: Launcher;
  #identity: Identity | undefined;
  #networkQueue: Promise<unknown> = Promise.resolve();

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#agent = new TransportAgent(transport);
    this.#api = new DockerApi(transport.name, this.#agent);
    this.#inventory = new Inventory(this.#api);
    this.#launcher = new Launcher(this.#api, this.#inventory);
  }

  async read(ask: EngineQuestion, signal: AbortSignal): Promise<EngineReading> {
    const [who, rest] = await Promise.all([this.#who(signal), this.#inventory.read(ask, signal)]);
    return { engineId: who.engineId, version: who.version, ...rest };
  }

  /** One at a time: the engine itself lets two networks of one name come into being when they are made at once. */
  createNetwork(name: string, subnet: string | undefined, labels: Labels): Promise<void> {
    const run = this.#networkQueue.then(async () => {
      const existing = await this.#inventory.network(name);
      if (existing !== undefined) return this.#requireNetwork(existing, subnet, labels);
      const IPAM = subnet === undefined ? {} : { IPAM: { Driver: 'default', Config: [{ Subnet: subnet }] } };
      const body = { Name: name, CheckDuplicate: true, Driver: 'bridge', Labels: labels, ...IPAM };
      await this.#send('POST', `create network ${name}`, '/networks/create', { body });
    });
    this.#networkQueue = run.catch(() => undefined);
    return run;
  }

  async removeNetwork(name: string): Promise<void> {
    const network = await this.#inventory.networkToRemove(name);
    if (network !== undefined) await this.#removed(`remove network ${name}`, `/networks/${network.Id}`);
  }

  pullImage(reference: string, signal: AbortSignal): Promise<void> {
    return pullImage(this.#api, reference, signal);
  }

  /** The engine answers with the volume that exists already as if it had made it: its labels tell. */
  async createVolume(name: string, labels: Labels): Promise<void> {
    const body = { Name: name, Labels: labels };
    const volume = await this.#api.json<VolumeJson>({
      what: `create volume ${name}`,
      method: 'POST',
      path: '/volumes/create',
      body,
      deadlineMs: CALL_MS,
    });
    this.#inventory.requireSame(`volume ${name}`, volume.Labels ?? {}, labels);
  }

  async removeVolume(name: string): Promise<void> {
    const volume = await this.#inventory.volumeToRemove(name);
    if (volume !== undefined)
      await this.#removed(`remove volume ${name}`, `/volumes/${encodeURIComponent(name)}`);
  }

  runContainer(plan: ContainerPlan): Promise<void> {
    return this.#launcher.run(plan);
  }

  async putFiles(container: string, files: readonly FileToPut[]): Promise<void> {
    await this.#launcher.put(await this.#inventory.ownContainer(container), files);
  }

  async startContainer(name: string): Promise<void> {
    const { Id } = await this.#inventory.ownContainer(name);
    await this.#send('POST', `start container ${name}`, `/containers/${Id}/start`, {});
  }

  async stopContainer(name: string, graceMs: number): Promise<void> {
    const { Id } = await this.#inventory.ownContainer(name);
    const seconds = Math.ceil(graceMs / 1000);
    await this.#send('POST', `stop container ${name}`, `/containers/${Id}/stop`, {
      query: { t: seconds },
      deadlineMs: seconds * 1000 + CALL_MS,
    });
  }

  async updateContainer(name: string, limits: ContainerLimits): Promise<void> {
    const container = await this.#inventory.ownContainer(name);
    requireLimits(name, container, limits);
    const body = limitsBody(limits);
    await this.#send('POST', `update container ${name}`, `/containers/${container.Id}/update`, { body });
  }

  /** Volumes that the image declared and we gave no name go with it; named ones never do. */
  async removeContainer(name: string): Promise<void> {
    const container = await this.#inventory.containerToRemove(name);
    if (container === undefined) return;
    await this.#removed(`remove container ${name}`, `/containers/${container.Id}`, { v: true });
  }

  async logs(container: string, lines: number): Promise<string> {
    const { Id } = await this.#inventory.ownContainer(container);
    return hideSecrets(await this.#launcher.log(Id, lines));
  }

  events(cluster: string, signal: AbortSignal): AsyncIterable<EngineEvent> {
    return engineEvents(this.#api, cluster, signal);
  }

  close(): void {
    this.#agent.destroy();
    this.#transport.close();
  }

  /** The most expensive answer of an engine: asked again only when a connection has ended since the last time. */
  async #who(signal: AbortSignal): Promise<Identity> {
    const { breaks } = this.#agent;
    if (this.#identity?.breaks === breaks) return this.#identity;
    const call = {
      what: 'ask who it is',
      method: 'GET',
      path: '/info',
      deadlineMs: INFO_MS,
      signal,
    } as const;
    const info = await this.#api.json<{ ID: string; ServerVersion: string; NCPU: number }>(call);
    this.#launcher.useCores(info.NCPU);
    this.#identity = { breaks, engineId: info.ID, version: info.ServerVersion };
    return this.#identity;
  }

  #requireNetwork(network: NetworkJson, subnet: string | undefined, labels: Labels): void {
    const what = `network ${network.Name}`;
    this.#inventory.requireSame(what, network.Labels ?? {}, { [CLUSTER_LABEL]: labels[CLUSTER_LABEL] ?? '' });
    const live = network.IPAM?.Config?.[0]?.Subnet;
    if (subnet === undefined || subnet === live) return;
    throw new PortError(
      'conflict',
      `${this.#api.name}: ${what} has subnet ${live}, not ${subnet}: remove it first`,
    );
  }

  async #send(
    method: 'POST' | 'DELETE',
    what: string,
    path: string,
    more: { body?: object; query?: Record<string, unknown>; deadlineMs?: number },
  ): Promise<void> {
    await this.#api.bytes({ deadlineMs: CALL_MS, ...more, what, method, path });
  }

  /** Gone in the meantime is success. */
  async #removed(what: string, path: string, query: Record<string, unknown> = {}): Promise<void> {
    await this.#api.find({ what, method: 'DELETE', path, query, deadlineMs: CALL_MS });
  }
}

/** The engine takes 0 for "as it is", so that a limit cannot be lifted from a container, only changed. */
function requireLimits(name: string, { HostConfig: live }: ContainerJson, limits: ContainerLimits): void {
  const lifted = [
    ...(limits.memoryBytes === 0 && live.Memory > 0 ? ['memory'] : []),
    ...(limits.cpus === 0 && live.NanoCpus > 0 ? ['CPU'] : []),
  ];
  if (lifted.length === 0) return;
  const what = `the ${lifted.join(' and the ')} limit of ${name}`;
  throw new PortError('refused', `${what} can be changed, but not lifted: only a new container has none`);
}
