/** A real cluster for tests: a spec with unique names on the local Docker Engine, and everything to look after it. */
import { randomBytes } from 'node:crypto';
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
import { type Cluster, openCluster, type Ports, policyOf } from '../../reconciler/engine/cluster.ts';
import { converge, type FailedStep, type Outcome } from '../../reconciler/engine/converge.ts';
import type { Observation } from '../../reconciler/engine/interpret/interpret.ts';
import { observe } from '../../reconciler/engine/observe.ts';
import type { ProgressEvent } from '../../reconciler/engine/progress.ts';
import type { PlannedStep } from '../../reconciler/planner/next-steps.ts';
import { type Plan, plan } from '../../reconciler/planner/plan.ts';
import { isWait } from '../../reconciler/steps/table.ts';
import { canonicalRules } from '../../reconciler/wire/acl.ts';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import { readSpec } from '../../spec-schema/read-spec.ts';
import { keySlot } from './key-slot.ts';
import {
  documentOf,
  ENGINE,
  LOADER_PASSWORD,
  OPERATOR_PASSWORD,
  type RealShape,
  type SpecDocument,
} from './real-spec.ts';
import { recorded } from './recording.ts';
import { steadily } from './steadily.ts';

/** A run of the loop, as the tests look at it. */
export interface Run {
  readonly status: Outcome['status'];
  /** What was carried out, in order; waits are apart. */
  readonly steps: readonly PlannedStep[];
  readonly waits: readonly PlannedStep[];
  readonly blocks: readonly Problem[];
  readonly failures: readonly FailedStep[];
  readonly events: readonly ProgressEvent[];
  readonly observation: Observation | undefined;
}

/** The ports of a fresh process: no connection, no memory but what is on disk. */
export function portsIn(directory: string): Ports {
  const secrets = new LocalSecrets({ directory, environment: {} });
  return {
    engines: new DockerEngines(secrets),
    redis: new IoRedis(),
    secrets,
    clock: new SystemClock(),
    store: new FileStateStore(join(directory, 'state')),
  };
}

export function parsed(text: string): ClusterSpec {
  const { spec, problems } = readSpec(text, 'cluster.yaml', { checkRules: canonicalRules });
  if (spec === undefined)
    throw new Error(problems.map((problem) => `${problem.code}: ${problem.summary}`).join('\n'));
  return spec;
}

export class RealCluster {
  readonly name: string;
  /** Secrets, state and the spec, as a process of RedisForge finds them. */
  readonly directory: string;
  readonly docker: Docker;
  ports: Ports;
  spec: ClusterSpec;
  /** Calls that change an engine, a server or the state store, by name, since the last {@link clearCalls}. */
  readonly calls: string[] = [];
  readonly #document: SpecDocument;
  /** Ports of all nodes that the spec names, or has named. */
  readonly #ports = new Map<string, number>();
  readonly #cleanUp: (() => Promise<unknown>)[] = [];

  private constructor(directory: string, docker: Docker, document: SpecDocument) {
    this.name = document.metadata.name;
    this.directory = directory;
    this.docker = docker;
    this.#document = document;
    this.spec = this.#parse();
    this.ports = this.#freshPorts();
  }

  #parse(): ClusterSpec {
    const spec = parsed(this.specText());
    for (const { name, port } of spec.nodes) this.#ports.set(name, port);
    return spec;
  }

  static async create(shape: RealShape = {}): Promise<RealCluster> {
    const name = `rft-${randomBytes(4).toString('hex')}`;
    const docker = new Docker({ socketPath: ENGINE.replace('unix://', '') });
    const directory = await mkdtemp(join(tmpdir(), 'redisforge-test-'));
    for (const [secret, value] of [
      ['operator', OPERATOR_PASSWORD],
      ['replication', 'replication-password'],
      ['loader', LOADER_PASSWORD],
    ] as const)
      await writeFile(join(directory, secret), `${value}\n`, { mode: 0o600 });
    return new RealCluster(directory, docker, documentOf(name, await freeSubnet(docker), shape));
  }

  specText(): string {
    return JSON.stringify(this.#document, null, 1);
  }

  /** Changes the spec, as a commit would. */
  edit(change: (document: SpecDocument) => void): void {
    change(this.#document);
    this.spec = this.#parse();
  }

  #freshPorts(): Ports {
    return recorded(portsIn(this.directory), this.calls);
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

  /** What RedisForge would do now. */
  async plan(): Promise<Plan> {
    const cluster = await this.open();
    const { live, facts } = await observe(cluster);
    return plan(cluster.intent, live, facts, policyOf(cluster));
  }

  async converge(
    report: (event: ProgressEvent) => void = () => {},
    signal: AbortSignal = AbortSignal.timeout(120_000),
  ): Promise<Outcome> {
    return converge(await this.open(), { signal, report });
  }

  /** Runs the loop until it ends by itself. */
  async run(): Promise<Run> {
    const events: ProgressEvent[] = [];
    const outcome = await this.converge((event) => events.push(event));
    const started = events.filter((event) => event.kind === 'step-started').map(({ step }) => step);
    return {
      status: outcome.status,
      steps: started.filter(({ step }) => !isWait(step)),
      waits: started.filter(({ step }) => isWait(step)),
      blocks: 'blocks' in outcome ? outcome.blocks : [],
      failures: 'failures' in outcome ? outcome.failures : [],
      events,
      observation: outcome.observation,
    };
  }

  /** Runs the loop, and fails with what stands in the way when that does not end converged. */
  async mustRun(): Promise<Run> {
    const run = await this.run();
    if (run.status === 'converged') return run;
    const why = [
      ...run.blocks.map(({ code, summary, evidence }) => `${code}: ${summary} (${evidence ?? ''})`),
      ...run.failures.map(({ step, reason }) => `${step.id}: ${reason}`),
    ];
    throw new Error(`${run.status} after ${run.steps.map(({ id }) => id).join(', ')}:\n${why.join('\n')}`);
  }

  /** Converges, and returns the ids of all steps, waits too, in the order of their start. */
  async mustConverge(): Promise<string[]> {
    const { events } = await this.mustRun();
    return events.filter((event) => event.kind === 'step-started').map(({ step }) => step.id);
  }

  /**
   * Waits until all links stand. Members that have heard of a new identity or address make new links: for a moment,
   * whenever gossip comes.
   */
  async linksStand(): Promise<void> {
    await steadily('all links stand', async () => {
      const { live } = await this.observe();
      return Object.values(live.nodes).every(
        ({ membership, link }) => membership === 'joined' && link !== 'down',
      );
    });
  }

  /** One more pass: the steps that it takes and the calls that it makes, none of either when all is well. */
  async anotherPass(): Promise<{ status: string; steps: string[]; calls: string[] }> {
    this.clearCalls();
    const { status, steps } = await this.run();
    return { status, steps: steps.map(({ id }) => id), calls: [...this.calls] };
  }

  /** Address of a node inside its network. */
  async endpoint(node: string): Promise<{ host: string; port: number }> {
    const name = this.node(node);
    const port = this.#ports.get(name) ?? 6379;
    if (this.#document.network.mode === 'host') {
      const host = this.spec.hosts.find(({ name: each }) => each === this.#hostOf(name));
      return { host: host?.address ?? '', port };
    }
    const info = await this.docker.getContainer(name).inspect();
    const [network] = Object.values(info.NetworkSettings.Networks);
    return { host: network?.IPAddress ?? '', port };
  }

  /** Full name of a node: `1a` is the first member of the first shard. */
  node(short: string): string {
    return `${this.name}-${short}`;
  }

  #hostOf(name: string): string | undefined {
    return this.spec.nodes.find((node) => node.name === name)?.host;
  }

  #shardOf(short: string): string | undefined {
    return this.spec.nodes.find(({ name }) => name === this.node(short))?.shard;
  }

  /** Text about this cluster, with the names that are different in every run cut short. */
  short(text: string): string {
    return text.replaceAll(`${this.name}-`, '');
  }

  container(short: string): Docker.Container {
    return this.docker.getContainer(this.node(short));
  }

  /** A connection as a user who may do everything with keys. */
  async client(node: string): Promise<Redis> {
    return this.clientAs(node, 'loader', LOADER_PASSWORD);
  }

  /** A connection as RedisForge's own user, for what somebody might do by hand. */
  async admin(node: string): Promise<Redis> {
    return this.clientAs(node, 'redisforge', OPERATOR_PASSWORD);
  }

  /** Redis' own id of a node. */
  async idOf(node: string): Promise<string> {
    return String(await this.asAdmin(node, 'CLUSTER', 'MYID'));
  }

  /** One command as RedisForge's own user. */
  async asAdmin(node: string, command: string, ...args: (string | number)[]): Promise<unknown> {
    const client = await this.admin(node);
    try {
      return await client.call(command, ...args);
    } finally {
      client.disconnect();
    }
  }

  /** One command as the user who may do everything. */
  async asLoader(node: string, command: string, ...args: (string | number)[]): Promise<unknown> {
    const client = await this.client(node);
    try {
      return await client.call(command, ...args);
    } finally {
      client.disconnect();
    }
  }

  /** A connection that does not come back when it breaks. @throws Error when the node refuses it. */
  async clientAs(node: string, username: string, password: string): Promise<Redis> {
    const client = new Redis({
      ...(await this.endpoint(node)),
      username,
      password,
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      connectTimeout: 3000,
    });
    client.on('error', () => {});
    try {
      await client.connect();
    } catch (error) {
      client.disconnect();
      throw error;
    }
    return client;
  }

  /**
   * Writes `count` keys over all slots, in one pipeline per primary; values tell their key. All of it is on the disks
   * of all members afterwards: with `appendfsync everysec` a crash may otherwise take the last second with it.
   */
  async fill(count: number): Promise<void> {
    const primaries = await this.primaries();
    const fillOne = async ({ node, ranges }: (typeof primaries)[number]): Promise<void> => {
      const client = await this.client(node);
      const pipeline = client.pipeline();
      for (const index of keysIn(ranges, count)) pipeline.set(`key:${index}`, `value:${index}`);
      const failed = (await pipeline.exec())?.find(([error]) => error !== null);
      const persistent = this.#document.redis.config['appendonly'] === 'yes';
      const members = this.spec.nodes.filter(({ shard }) => shard === this.#shardOf(node));
      const replicas = members.filter(({ role }) => role !== 'surge').length - 1;
      const reached = persistent
        ? await client.call('WAITAOF', 1, replicas, 20_000)
        : [1, await client.call('WAIT', replicas, 20_000)];
      client.disconnect();
      if (failed !== undefined) throw failed[0] as Error;
      if (String(reached) !== String([1, replicas]))
        throw new Error(`${node}: only ${reached} have the keys`);
    };
    // Side by side: each waits a second or two for the disks.
    await Promise.all(primaries.map(fillOne));
  }

  /** The primaries that own slots, by short node name. */
  async primaries(): Promise<{ node: string; ranges: [number, number][] }[]> {
    const { live } = await this.observe();
    return Object.entries(live.nodes)
      .filter(([, node]) => node.slots !== '')
      .map(([name, node]) => ({
        node: this.short(name),
        ranges: node.slots
          .split(' ')
          .map((range) => range.split('-').map(Number))
          .map(([first, last]) => [first as number, last ?? (first as number)]),
      }));
  }

  /** The member of a shard that has the role now, by short node name: after a failover it may be any of them. */
  async memberOf(shard: string, role: 'primary' | 'replica'): Promise<string> {
    const { live } = await this.observe();
    const found = Object.entries(live.nodes).find(([, node]) => node.shard === shard && node.role === role);
    if (found === undefined) throw new Error(`${shard} has no ${role}`);
    return this.short(found[0]);
  }

  /** How many of the keys that {@link fill} wrote are there with their value. */
  async countIntact(count: number): Promise<number> {
    let intact = 0;
    for (const { node, ranges } of await this.primaries()) {
      const client = await this.client(node);
      const mine = keysIn(ranges, count);
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

  /** For what a test makes beside the cluster, without its label: undone before everything else is removed. */
  alsoRemove(undo: () => Promise<unknown>): void {
    this.#cleanUp.push(undo);
  }

  /** Removes what this cluster made, found by its label, and nothing else. */
  async remove(): Promise<void> {
    await this.ports.redis.close();
    await this.ports.engines.close();
    const undone = await Promise.allSettled(this.#cleanUp.splice(0).map((undo) => undo()));
    const filters = { label: [`dev.redisforge.cluster=${this.name}`] };
    const containers = await this.docker.listContainers({ all: true, filters });
    await Promise.all(
      containers.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true, v: true })),
    );
    const { Volumes } = await this.docker.listVolumes({ filters });
    await Promise.all((Volumes ?? []).map(({ Name }) => this.docker.getVolume(Name).remove()));
    for (const { Id } of await this.docker.listNetworks({ filters }))
      await this.docker.getNetwork(Id).remove();
    await rm(this.directory, { recursive: true, force: true });
    const failed = undone.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

/** A subnet out of 10.214.0.0 to 10.229.255.0 that no network of the engine has: test files of several people share the engine. */
async function freeSubnet(docker: Docker): Promise<string> {
  const networks = await docker.listNetworks();
  const taken = new Set(networks.flatMap(({ IPAM }) => IPAM?.Config?.map(({ Subnet }) => Subnet) ?? []));
  for (;;) {
    // Of thousands, because other tests look for one at the same time.
    const [second = 0, third = 0] = randomBytes(2);
    const subnet = `10.${214 + (second % 16)}.${third}`;
    if (!taken.has(`${subnet}.0/24`)) return subnet;
  }
}

/** Numbers below `count` whose key is in one of the ranges. */
function keysIn(ranges: readonly (readonly [number, number])[], count: number): number[] {
  return Array.from({ length: count }, (_, index) => index).filter((index) => {
    const slot = keySlot(`key:${index}`);
    return ranges.some(([first, last]) => slot >= first && slot <= last);
  });
}
