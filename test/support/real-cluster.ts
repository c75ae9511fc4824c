/** A real cluster for tests: a spec with unique names on the local Docker Engine, and everything to look after it. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { Redis } from 'ioredis';
import { DockerEngines } from '../../reconciler/adapters/docker/engines.ts';
import { IoRedis } from '../../reconciler/adapters/redis/redis.ts';
import { SystemClock } from '../../reconciler/adapters/state/clock.ts';
import { FileStateStore } from '../../reconciler/adapters/state/file-store.ts';
import { LocalSecrets } from '../../reconciler/adapters/state/secrets.ts';
import { type Cluster, openCluster, type Ports } from '../../reconciler/engine/cluster.ts';
import { converge, type Outcome } from '../../reconciler/engine/converge.ts';
import type { Observation } from '../../reconciler/engine/interpret/interpret.ts';
import { observe } from '../../reconciler/engine/observe.ts';
import type { ProgressEvent } from '../../reconciler/engine/progress.ts';
import { canonicalRules } from '../../reconciler/wire/acl.ts';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import { readSpec } from '../../spec-schema/read-spec.ts';
import { keySlot } from './key-slot.ts';

const DOCKER = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
const LOADER_PASSWORD = 'loader-password';

export interface RealShape {
  readonly shards?: number;
  readonly replicas?: number;
  readonly config?: Record<string, string | number>;
  /** Leave addresses to the engine, so that recreated containers get others. */
  readonly floating?: boolean;
  readonly more?: Record<string, unknown>;
}

/** An isolated subnet per cluster name, out of 10.214.0.0/16: tests never share one. */
function subnetOf(name: string): string {
  const byte = createHash('sha1').update(name).digest()[0] as number;
  return `10.214.${byte}`;
}

export class RealCluster {
  readonly name: string;
  readonly directory: string;
  readonly docker = new Docker({ socketPath: DOCKER.replace('unix://', '') });
  ports: Ports;
  spec: ClusterSpec;
  /** Calls that change an engine or a server, by name, since the last {@link clearCalls}. */
  readonly calls: string[] = [];
  readonly #document: Record<string, unknown>;

  private constructor(name: string, directory: string, shape: RealShape) {
    this.name = name;
    this.directory = directory;
    this.#document = documentOf(name, shape);
    this.spec = this.#parse();
    this.ports = this.#freshPorts();
  }

  static async create(shape: RealShape = {}): Promise<RealCluster> {
    const name = `rft-${randomBytes(4).toString('hex')}`;
    const directory = await mkdtemp(join(tmpdir(), 'redisforge-test-'));
    for (const secret of ['operator', 'replication'])
      await writeFile(join(directory, secret), `${secret}-password\n`, { mode: 0o600 });
    await writeFile(join(directory, 'loader'), LOADER_PASSWORD, { mode: 0o600 });
    return new RealCluster(name, directory, shape);
  }

  #parse(): ClusterSpec {
    const { spec, problems } = readSpec(JSON.stringify(this.#document, null, 1), 'cluster.yaml', {
      checkRules: canonicalRules,
    });
    if (spec === undefined)
      throw new Error(problems.map((problem) => `${problem.code}: ${problem.summary}`).join('\n'));
    return spec;
  }

  /** Changes the spec, as a commit would. */
  edit(change: (document: Record<string, unknown>) => void): void {
    change(this.#document);
    this.spec = this.#parse();
  }

  #freshPorts(): Ports {
    const secrets = new LocalSecrets({ directory: this.directory, environment: {} });
    const engines = new DockerEngines(secrets);
    const redis = new IoRedis();
    return {
      engines: {
        of: (host) => recording(engines.of(host), this.calls, READS_OF_ENGINE),
        close: () => engines.close(),
      },
      redis: {
        at: (endpoints, credentials) =>
          recording(redis.at(endpoints, credentials), this.calls, READS_OF_REDIS),
        close: () => redis.close(),
      },
      secrets,
      clock: new SystemClock(),
      store: new FileStateStore(join(this.directory, 'state')),
    };
  }

  clearCalls(): void {
    this.calls.length = 0;
  }

  async open(): Promise<Cluster> {
    const { cluster, problems } = await openCluster(this.spec, this.ports);
    if (cluster === undefined) throw new Error(JSON.stringify(problems));
    return cluster;
  }

  async observe(): Promise<Observation> {
    return observe(await this.open());
  }

  async converge(
    report: (event: ProgressEvent) => void = () => {},
    signal: AbortSignal = AbortSignal.timeout(120_000),
  ): Promise<Outcome> {
    return converge(await this.open(), { signal, report });
  }

  /** Converges, and fails with what stands in the way when that does not work. */
  async mustConverge(): Promise<string[]> {
    const steps: string[] = [];
    const outcome = await this.converge((event) => {
      if (event.kind === 'step-started') steps.push(event.step.id);
    });
    if (outcome.status !== 'converged') {
      const why = {
        blocks: 'blocks' in outcome ? outcome.blocks : [],
        failures:
          'failures' in outcome ? outcome.failures.map(({ step, reason }) => `${step.id}: ${reason}`) : [],
      };
      throw new Error(`${outcome.status} after ${steps.join(', ')}: ${JSON.stringify(why)}`);
    }
    return steps;
  }

  /** Address of a node inside its network. */
  async endpoint(node: string): Promise<{ host: string; port: number }> {
    const info = await this.docker.getContainer(this.node(node)).inspect();
    const [network] = Object.values(info.NetworkSettings.Networks);
    const port = this.spec.nodes.find(({ name }) => name === this.node(node))?.port ?? 6379;
    return { host: network?.IPAddress ?? '', port };
  }

  /** Full name of a node: `1a` is the first member of the first shard. */
  node(short: string): string {
    return `${this.name}-${short}`;
  }

  /** A connection as a user who may do everything with keys. */
  async client(node: string): Promise<Redis> {
    const client = new Redis({
      ...(await this.endpoint(node)),
      username: 'loader',
      password: LOADER_PASSWORD,
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      connectTimeout: 3000,
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  /** A connection as RedisForge's own user, for what somebody might do by hand. */
  async admin(node: string): Promise<Redis> {
    const client = new Redis({
      ...(await this.endpoint(node)),
      username: 'redisforge',
      password: 'operator-password',
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      connectTimeout: 3000,
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  /** Writes `count` keys over all slots through a cluster-aware client; values tell their key. */
  async fill(count: number): Promise<void> {
    const primaries = await this.primaries();
    const clients = new Map(
      await Promise.all(
        primaries.map(async ({ node, ranges }) => [ranges, await this.client(node)] as const),
      ),
    );
    const pipelines = new Map([...clients].map(([ranges, client]) => [ranges, client.pipeline()] as const));
    for (let index = 0; index < count; index += 1) {
      const slot = keySlot(`key:${index}`);
      for (const [ranges, pipeline] of pipelines) {
        if (ranges.some(([first, last]) => slot >= first && slot <= last))
          pipeline.set(`key:${index}`, `value:${index}`);
      }
    }
    for (const pipeline of pipelines.values()) {
      const failed = (await pipeline.exec())?.find(([error]) => error !== null);
      if (failed !== undefined) throw failed[0] as Error;
    }
    for (const client of clients.values()) client.disconnect();
  }

  /** The primaries that own slots, by short node name. */
  async primaries(): Promise<{ node: string; ranges: [number, number][] }[]> {
    const { live } = await this.observe();
    return Object.entries(live.nodes)
      .filter(([, node]) => node.slots !== '')
      .map(([name, node]) => ({
        node: name.slice(this.name.length + 1),
        ranges: node.slots
          .split(' ')
          .map((range) => range.split('-').map(Number))
          .map(([first, last]) => [first as number, last ?? (first as number)]),
      }));
  }

  /** How many of the keys that {@link fill} wrote are there with their value. */
  async countIntact(count: number): Promise<number> {
    let intact = 0;
    for (const { node, ranges } of await this.primaries()) {
      const client = await this.client(node);
      const mine = Array.from({ length: count }, (_, index) => index).filter((index) =>
        ranges.some(([first, last]) => keySlot(`key:${index}`) >= first && keySlot(`key:${index}`) <= last),
      );
      const pipeline = client.pipeline();
      for (const index of mine) pipeline.get(`key:${index}`);
      const answers = (await pipeline.exec()) ?? [];
      intact += answers.filter(
        ([error, value], at) => error === null && value === `value:${mine[at]}`,
      ).length;
      client.disconnect();
    }
    return intact;
  }

  /** Forgets every connection, as a restart of RedisForge does. */
  async restart(): Promise<void> {
    await this.ports.redis.close();
    await this.ports.engines.close();
    this.ports = this.#freshPorts();
  }

  /** Removes what this cluster made, found by its label, and nothing else. */
  async remove(): Promise<void> {
    await this.ports.redis.close();
    await this.ports.engines.close();
    const filters = { label: [`dev.redisforge.cluster=${this.name}`] };
    for (const { Id } of await this.docker.listContainers({ all: true, filters }))
      await this.docker.getContainer(Id).remove({ force: true, v: true });
    const { Volumes } = await this.docker.listVolumes({ filters });
    for (const { Name } of Volumes ?? []) await this.docker.getVolume(Name).remove();
    for (const { Id } of await this.docker.listNetworks({ filters }))
      await this.docker.getNetwork(Id).remove();
    await rm(this.directory, { recursive: true, force: true });
  }
}

const READS_OF_ENGINE: ReadonlySet<string> = new Set(['read', 'logs', 'events']);
const READS_OF_REDIS: ReadonlySet<string> = new Set(['read', 'keysInSlots', 'migrations']);

/** The port itself, with every call that changes something written down. */
function recording<T extends object>(port: T, calls: string[], reads: ReadonlySet<string>): T {
  return new Proxy(port, {
    get(target, property) {
      const value = Reflect.get(target, property, target) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (!reads.has(String(property))) calls.push(String(property));
        return (value as (...given: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

function documentOf(
  name: string,
  { shards = 3, replicas = 1, config = {}, floating = false, more = {} }: RealShape,
): Record<string, unknown> {
  const subnet = subnetOf(name);
  const nodes = Array.from({ length: shards }, (_, shard) =>
    Array.from({ length: replicas + 1 }, (_, member) => ({
      name: `${name}-${shard + 1}${'abcd'[member]}`,
      shard: `s${shard + 1}`,
      host: `h${((shard + member) % 3) + 1}`,
      role: member === 0 ? 'primary' : 'replica',
      port: 7000 + shard * 10 + member,
      ...(floating ? {} : { address: `${subnet}.${10 + shard * 10 + member}` }),
    })),
  ).flat();
  return {
    apiVersion: 'redisforge.dev/v1',
    kind: 'RedisCluster',
    metadata: { name },
    redis: { image: 'redis:8.6.3', config: { appendonly: 'yes', 'repl-diskless-sync-delay': 0, ...config } },
    network: { mode: 'bridge', subnet: `${subnet}.0/24` },
    auth: {
      operator: { password: { file: 'operator' } },
      replication: { password: { file: 'replication' } },
    },
    users: [{ name: 'loader', rules: '~* &* +@all', password: { file: 'loader' } }],
    hosts: [1, 2, 3].map((zone) => ({ name: `h${zone}`, zone: `z${zone}`, docker: DOCKER })),
    nodes,
    ...more,
  };
}
