/** The lab of the contract's claims, on redis-server in real containers of the local Docker Engine. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { DockerEngines } from '../../../reconciler/adapters/docker/engines.ts';
import { IoRedis } from '../../../reconciler/adapters/redis/redis.ts';
import { type Clock, type Engine, type Redis, Secret, type Secrets } from '../../../reconciler/ports.ts';
import {
  CREDENTIALS,
  configFile,
  ENGINE_SOCKET,
  eventually,
  labelsOf,
  nodePlan,
  PASSWORD,
  rawEngine,
  removeCluster,
  sha256,
  uniqueCluster,
  usersFile,
} from '../lab-containers.ts';
import type { LabNode, LabOptions, RedisLab } from './redis-lab.ts';

export interface DockerLab extends RedisLab {
  /** Removes everything that the lab has made, and closes its connections. */
  dispose(): Promise<void>;
}

/** Nodes of one lab, in one Docker network of their own. */
interface Place {
  readonly cluster: string;
  readonly subnet: string;
  readonly engine: Engine;
  readonly redis: Redis;
  /** Last part of the next address that nobody had yet. */
  nextAddress: number;
  readonly nodes: Map<string, string>;
}

const clock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  },
};

export async function dockerLab(): Promise<DockerLab> {
  const secrets: Secrets = { read: async () => new Secret(PASSWORD) };
  const engines = new DockerEngines(secrets);
  const redis = new IoRedis();
  const engine = engines.of({ name: 'local', zone: 'local', docker: `unix://${ENGINE_SOCKET}` });
  const cluster = uniqueCluster();
  // Somewhere in 10.192.0.0/10: two labs at once must not have one subnet.
  const [a, b] = randomBytes(2) as unknown as [number, number];
  const subnet = `10.${192 + (a % 63)}.${b}.0/24`;
  await engine.createNetwork(cluster, subnet, labelsOf(cluster));
  const place: Place = { cluster, subnet, engine, redis, nextAddress: 10, nodes: new Map() };
  return {
    clock,
    async start(count, options = {}) {
      const nodes = await Promise.all(Array.from({ length: count }, () => startNode(place, options)));
      await Promise.all(nodes.map(answers));
      return nodes;
    },
    write: (keys) => writeKeys(place, keys),
    async dispose() {
      await redis.close();
      await removeCluster(cluster);
      await engines.close();
    },
  };
}

function freshAddress(place: Place): string {
  place.nextAddress += 1;
  return place.subnet.replace(/\.0\/24$/, `.${place.nextAddress}`);
}

async function startNode(place: Place, options: LabOptions): Promise<LabNode> {
  const ip = freshAddress(place);
  const short = `n${place.nextAddress}`;
  const plan = nodePlan(place.cluster, short, {
    network: place.cluster,
    ip,
    restart: options.restart ?? 'no',
    files: [
      configFile({
        'cluster-port': '16379',
        'cluster-node-timeout': '5000',
        'repl-diskless-sync-delay': '5',
        ...options.config,
      }),
      usersFile([`user loader reset on #${sha256(PASSWORD)} ~* &* +@all`]),
    ],
  });
  await place.engine.createVolume(plan.volume, plan.labels);
  await place.engine.runContainer(plan);
  place.nodes.set(plan.name, ip);
  return nodeOf(place, plan.name, options);
}

function nodeOf(place: Place, name: string, options: LabOptions): LabNode {
  const address = () => {
    const ip = place.nodes.get(name);
    assert.ok(ip);
    return { ip, port: 6379, busPort: 16379 };
  };
  const node: LabNode = {
    name,
    get redis() {
      return place.redis.at([address()], CREDENTIALS);
    },
    address,
    async kill() {
      // Through the engine it would count as stopped by hand, and no restart policy would bring it back.
      const { State } = await rawEngine().getContainer(name).inspect();
      process.kill(State.Pid, 'SIGKILL');
      // Until the engine has noticed, a start would be answered with "it runs already", and nothing would start it.
      await eventually(`${name} is dead`, async () => {
        const now = (await rawEngine().getContainer(name).inspect()).State;
        return now.Pid !== State.Pid;
      });
    },
    async wipe() {
      await node.kill();
      const { Mountpoint } = await rawEngine().getVolume(name).inspect();
      await rm(join(Mountpoint, 'nodes.conf'), { force: true });
      await rm(join(Mountpoint, 'appendonlydir'), { force: true, recursive: true });
      await place.engine.startContainer(name);
      await answers(node);
    },
    async stop() {
      await place.engine.stopContainer(name, 10_000);
    },
    async start() {
      if (options.addresses === 'changing') await move(place, name);
      await place.engine.startContainer(name);
      await answers(node);
    },
  };
  return node;
}

/** Gives a stopped container an address that nobody had before. */
async function move(place: Place, name: string): Promise<void> {
  const ip = freshAddress(place);
  const network = rawEngine().getNetwork(place.cluster);
  await network.disconnect({ Container: name, Force: true });
  await network.connect({ Container: name, EndpointConfig: { IPAMConfig: { IPv4Address: ip } } });
  place.nodes.set(name, ip);
}

async function answers(node: LabNode): Promise<void> {
  await eventually(`${node.name} answers`, async () => !(await node.redis.read([])).loading);
}

let written = 0;

/** Keys of eight bytes or so under ever new names: they spread over the slots by themselves. */
async function writeKeys(place: Place, keys: number): Promise<number> {
  const startup = [...place.nodes.values()].map((host) => ({ host, port: 6379 }));
  const client = new Cluster(startup, { redisOptions: { username: 'loader', password: PASSWORD } });
  client.on('error', () => undefined);
  try {
    const names = Array.from({ length: keys }, () => `key:${++written}`);
    const results = await Promise.allSettled(names.map((name) => client.set(name, name)));
    return results.filter(({ status }) => status === 'fulfilled').length;
  } finally {
    client.disconnect();
  }
}
