/** The port `Engines` on simulated machines: as strict about labels and names as the Docker adapter is. */
import type { EngineReading } from '../../../reconciler/model/readings.ts';
import {
  type ContainerLimits,
  type ContainerPlan,
  type Engine,
  type EngineEvent,
  type EngineQuestion,
  type Engines,
  type FileToPut,
  PortError,
} from '../../../reconciler/ports.ts';
import type { HostSpec } from '../../../spec-schema/cluster-spec.ts';
import type { Calls, Life, Stage } from './calls.ts';
import * as docker from './docker.ts';
import { CLUSTER_LABEL, putFiles, reachOf, readingOf, requireOurs, requireSame } from './engine-rules.ts';
import { containerEvents } from './events.ts';
import type { Container, Machine, World } from './world.ts';

type Labels = Readonly<Record<string, string>>;

export class SimulatedEngines implements Engines {
  readonly #world: World;
  readonly #calls: Calls;
  readonly #life: Life;
  readonly #engines = new Map<Machine, Engine>();
  readonly #machineOf: (host: HostSpec) => Machine;

  constructor(world: World, calls: Calls, life: Life, machineOf: (host: HostSpec) => Machine) {
    this.#world = world;
    this.#calls = calls;
    this.#life = life;
    this.#machineOf = machineOf;
  }

  of(host: HostSpec): Engine {
    const machine = this.#machineOf(host);
    let engine = this.#engines.get(machine);
    if (engine === undefined) {
      engine = new SimulatedEngine(this.#world, this.#calls, this.#life, machine);
      this.#engines.set(machine, engine);
    }
    return engine;
  }

  async close(): Promise<void> {}
}

class SimulatedEngine implements Engine {
  readonly #world: World;
  readonly #calls: Calls;
  readonly #life: Life;
  readonly #machine: Machine;

  constructor(world: World, calls: Calls, life: Life, machine: Machine) {
    this.#world = world;
    this.#calls = calls;
    this.#life = life;
    this.#machine = machine;
  }

  read(ask: EngineQuestion, signal: AbortSignal): Promise<EngineReading> {
    return this.#call('read', '', false, [[this.#ms(1, 6), () => this.#reading(ask)]], signal);
  }

  createNetwork(name: string, subnet: string | undefined, labels: Labels): Promise<void> {
    return this.#change('createNetwork', name, [
      this.#ms(20, 120),
      () => {
        const there = this.#machine.networks.get(name);
        if (there === undefined) {
          this.#machine.networks.set(name, {
            name,
            subnet: subnet ?? '172.18.0.0/16',
            labels,
            given: new Set(),
          });
          return;
        }
        requireSame(`network ${name}`, there.labels, labels, [CLUSTER_LABEL]);
        if (subnet !== undefined && subnet !== there.subnet)
          throw new PortError('conflict', `network ${name} has subnet ${there.subnet}, not ${subnet}`);
      },
    ]);
  }

  removeNetwork(name: string): Promise<void> {
    return this.#change('removeNetwork', name, [
      this.#ms(20, 120),
      () => {
        const network = this.#machine.networks.get(name);
        if (network === undefined) return;
        requireOurs(`network ${name}`, network.labels);
        const used = [...this.#machine.containers.values()].some(
          ({ plan, status }) => plan.network === name && status === 'running',
        );
        if (used) throw new PortError('conflict', `network ${name} has active endpoints`);
        this.#machine.networks.delete(name);
      },
    ]);
  }

  pullImage(reference: string, signal: AbortSignal): Promise<void> {
    const pull: Stage<void> = [
      this.#machine.images.has(reference) ? this.#ms(20, 100) : this.#ms(300, 4000),
      () => {
        if (this.#world.missingImages.has(reference))
          throw new PortError('not-found', `manifest for ${reference} not found: manifest unknown`);
        this.#machine.images.add(reference);
      },
    ];
    return this.#call('pullImage', reference, true, [pull], signal);
  }

  createVolume(name: string, labels: Labels): Promise<void> {
    return this.#change('createVolume', name, [
      this.#ms(2, 15),
      () => {
        const there = this.#machine.volumes.get(name);
        if (there === undefined) docker.newVolume(this.#machine, name, labels);
        else requireSame(`volume ${name}`, there.labels, labels);
      },
    ]);
  }

  removeVolume(name: string): Promise<void> {
    return this.#change('removeVolume', name, [
      this.#ms(2, 30),
      () => {
        const volume = this.#machine.volumes.get(name);
        if (volume === undefined) return;
        requireOurs(`volume ${name}`, volume.labels);
        if ([...this.#machine.containers.values()].some((container) => container.volume === volume))
          throw new PortError('conflict', `volume ${name} is in use`);
        this.#machine.volumes.delete(name);
      },
    ]);
  }

  runContainer(plan: ContainerPlan): Promise<void> {
    const made: { container: Container | undefined } = { container: undefined };
    const stages: [...Stage<unknown>[], Stage<void>] = [
      [
        this.#ms(60, 250),
        () => {
          made.container = this.#create(plan);
        },
      ],
      [this.#ms(10, 50), () => made.container && putFiles(made.container, plan.files)],
      [this.#ms(150, 400), () => made.container && this.#start(made.container, true)],
      // A server that does not like its files or its port is gone by now: nothing of it is left behind.
      [150, () => this.#requireStanding(made.container)],
    ];
    return this.#call('runContainer', plan.name, true, stages);
  }

  putFiles(name: string, files: readonly FileToPut[]): Promise<void> {
    return this.#change('putFiles', `${name} ${files.map(({ path }) => path).join(' ')}`, [
      this.#ms(10, 60),
      () => putFiles(this.#own(name), files),
    ]);
  }

  startContainer(name: string): Promise<void> {
    return this.#change('startContainer', name, [
      this.#ms(100, 350),
      () => {
        const container = this.#own(name);
        if (container.status !== 'running') this.#start(container, false);
      },
    ]);
  }

  stopContainer(name: string, graceMs: number): Promise<void> {
    return this.#change('stopContainer', name, [
      Math.min(this.#ms(20, 150), graceMs),
      () => docker.endContainer(this.#world, this.#own(name), 'redisforge', 'clean', true),
    ]);
  }

  updateContainer(name: string, limits: ContainerLimits): Promise<void> {
    return this.#change('updateContainer', name, [
      this.#ms(5, 30),
      () => {
        const container = this.#own(name);
        if (
          (limits.memoryBytes === 0 && container.memoryBytes > 0) ||
          (limits.cpus === 0 && container.cpus > 0)
        )
          throw new PortError('refused', `a limit of ${name} can be changed, but not lifted`);
        container.restart = limits.restart;
        container.memoryBytes = limits.memoryBytes;
        container.cpus = limits.cpus;
      },
    ]);
  }

  removeContainer(name: string): Promise<void> {
    return this.#change('removeContainer', name, [
      this.#ms(10, 60),
      () => {
        const container = this.#machine.containers.get(name);
        if (container === undefined) return;
        requireOurs(`container ${name}`, container.plan.labels);
        if (container.status === 'running' || container.status === 'restarting')
          throw new PortError('conflict', `you cannot remove a running container: ${name}`);
        docker.removeContainer(this.#world, container);
      },
    ]);
  }

  logs(name: string, lines: number): Promise<string> {
    return this.#call('logs', name, false, [
      [this.#ms(2, 10), () => this.#own(name).log.slice(-lines).join('\n')],
    ]);
  }

  events(cluster: string, signal: AbortSignal): AsyncIterable<EngineEvent> {
    return containerEvents(this.#world, this.#machine, cluster, signal);
  }

  #create(plan: ContainerPlan): Container {
    const machine = this.#machine;
    if (!machine.images.has(plan.image)) throw new PortError('not-found', `there is no image ${plan.image}`);
    const volume = machine.volumes.get(plan.volume);
    if (volume === undefined) throw new PortError('not-found', `there is no volume ${plan.volume}`);
    requireSame(`volume ${plan.volume}`, volume.labels, plan.labels);
    const there = machine.containers.get(plan.name);
    if (there !== undefined) {
      requireSame(`container ${plan.name}`, there.plan.labels, plan.labels);
      if (there.status !== 'created')
        throw new PortError('conflict', `container ${plan.name} exists already`);
      docker.removeContainer(this.#world, there);
    }
    if (plan.network !== 'host' && !machine.networks.has(plan.network))
      throw new PortError('not-found', `network ${plan.network} not found`);
    return docker.createContainer(this.#world, machine, plan, volume);
  }

  #start(container: Container, discard: boolean): void {
    try {
      docker.startContainer(this.#world, container);
    } catch (error) {
      if (discard) docker.removeContainer(this.#world, container);
      if (error instanceof docker.DockerRefusal) throw new PortError(error.code, error.message);
      throw error;
    }
  }

  #requireStanding(container: Container | undefined): void {
    if (container === undefined || (container.status === 'running' && container.restarts === 0)) return;
    const words = container.log.slice(-3).join(' | ');
    const code = /already in use|already allocated/.test(words) ? 'port-in-use' : 'refused';
    docker.endContainer(this.#world, container, 'cluster', 'crash', true);
    docker.removeContainer(this.#world, container);
    throw new PortError(
      code,
      `${container.plan.name} exited at once with code ${container.exitCode}: ${words}`,
    );
  }

  #own(name: string): Container {
    const container = this.#machine.containers.get(name);
    if (container === undefined) throw new PortError('not-found', `there is no container ${name}`);
    requireOurs(`container ${name}`, container.plan.labels);
    return container;
  }

  #reading(ask: EngineQuestion): EngineReading {
    const machine = this.#machine;
    const isAsked = (names: readonly string[], name: string, labels: Labels) =>
      labels[CLUSTER_LABEL] === ask.cluster || names.includes(name);
    return {
      engineId: machine.engineId,
      version: '26.1.5',
      containers: [...machine.containers.values()]
        .filter(({ plan }) => isAsked(ask.containers, plan.name, plan.labels))
        .map(readingOf),
      volumes: [...machine.volumes.values()]
        .filter(({ name, labels }) => isAsked(ask.volumes, name, labels))
        .map(({ name, labels }) => ({ name, labels })),
      networks: [...machine.networks.values()]
        .filter(({ name, labels }) => isAsked(ask.networks, name, labels))
        .map(({ name, labels, subnet }) => ({ name, labels, subnet })),
      images: Object.fromEntries(ask.images.map((image) => [image, machine.images.has(image)])),
    };
  }

  #change(call: string, subject: string, stage: Stage<void>): Promise<void> {
    return this.#call(call, subject, true, [stage]);
  }

  #call<T>(
    call: string,
    subject: string,
    mutating: boolean,
    stages: readonly [...Stage<unknown>[], Stage<T>],
    signal?: AbortSignal,
  ): Promise<T> {
    const machine = this.#machine;
    const site = {
      call: `engine.${call}`,
      subject: `${subject}@${machine.name}`,
      mutating,
      deadlineMs: this.#world.settings.engineDeadlineMs,
      ...(signal === undefined ? {} : { signal }),
      reach: () => reachOf(this.#world, machine),
    };
    return this.#calls.perform(this.#life, site, stages);
  }

  #ms(low: number, high: number): number {
    return this.#world.callChance.int(low, high);
  }
}
