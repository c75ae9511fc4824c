/**
 * Hosts of a test cluster as if each were a machine of its own, although all are one engine: each tells of its own
 * containers only, and can be cut off from RedisForge.
 */
import type { Ports } from '../../../reconciler/engine/cluster.ts';
import { HOST_LABEL } from '../../../reconciler/engine/interpret/labels.ts';
import type { EngineReading } from '../../../reconciler/model/readings.ts';
import { type Engine, PortError, type RedisNode } from '../../../reconciler/ports.ts';
import type { RealCluster } from '../real-cluster.ts';

export class SeparateHosts {
  readonly #cluster: RealCluster;
  readonly #away = new Set<string>();

  constructor(cluster: RealCluster) {
    this.#cluster = cluster;
  }

  /** These ports, as they are with the hosts apart. */
  over(ports: Ports): Ports {
    const engines = new Map<string, Engine>();
    return {
      ...ports,
      engines: {
        of: (host) => {
          const known = engines.get(host.name) ?? this.#apart(host.name, ports.engines.of(host));
          engines.set(host.name, known);
          return known;
        },
        close: () => ports.engines.close(),
      },
      redis: {
        at: (endpoints, credentials) => {
          const node = ports.redis.at(endpoints, credentials);
          const ips = new Set(endpoints.map(({ ip }) => ip));
          return this.#guarded<RedisNode>(node, () => this.#isAway([...ips]));
        },
        close: () => ports.redis.close(),
      },
    };
  }

  /** Nothing of that host answers RedisForge any more; its nodes run on. */
  cut(host: string): void {
    this.#away.add(host);
  }

  heal(host: string): void {
    this.#away.delete(host);
  }

  /** The machine stops: its nodes too, and nobody learns of it from its engine. */
  async powerOff(host: string): Promise<void> {
    this.cut(host);
    await Promise.all((await this.#containers(host)).map((container) => container.kill().catch(() => {})));
  }

  async powerOn(host: string): Promise<void> {
    await Promise.all((await this.#containers(host)).map((container) => container.start().catch(() => {})));
    this.heal(host);
  }

  /** Everything that was cut off or stopped is there again. */
  async restore(): Promise<void> {
    for (const host of [...this.#away]) await this.powerOn(host);
  }

  async #containers(host: string) {
    const { docker, name } = this.#cluster;
    const filters = { label: [`dev.redisforge.cluster=${name}`, `${HOST_LABEL}=${host}`] };
    const found = await docker.listContainers({ all: true, filters });
    return found.map(({ Id }) => docker.getContainer(Id));
  }

  #isAway(ips: readonly string[]): boolean {
    const hosts = this.#cluster.spec.nodes
      .filter(({ address }) => address !== undefined && ips.includes(address))
      .map(({ host }) => host);
    return hosts.some((host) => this.#away.has(host));
  }

  #apart(host: string, engine: Engine): Engine {
    const own = <T extends { readonly labels: Readonly<Record<string, string>> }>(
      things: readonly T[],
    ): T[] => things.filter(({ labels }) => (labels[HOST_LABEL] ?? host) === host);
    const read: Engine['read'] = async (ask, signal): Promise<EngineReading> => {
      const reading = await engine.read(ask, signal);
      return {
        ...reading,
        engineId: `${reading.engineId}/${host}`,
        containers: own(reading.containers),
        volumes: own(reading.volumes),
      };
    };
    const apart = new Proxy(engine, {
      get: (target, property) => {
        const value = property === 'read' ? read : (Reflect.get(target, property) as unknown);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return this.#guarded(apart, () => this.#away.has(host));
  }

  #guarded<T extends object>(port: T, isAway: () => boolean): T {
    return new Proxy(port, {
      get: (target, property) => {
        const value = Reflect.get(target, property) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (!isAway()) return (value as (...given: unknown[]) => unknown).apply(target, args);
          const error = new PortError('unreachable', 'no route to the host (cut off by the test)');
          if (property !== 'events') return Promise.reject(error);
          return (async function* () {
            await Promise.reject(error);
            yield undefined;
          })();
        };
      },
    });
  }
}
