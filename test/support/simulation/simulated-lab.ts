/** The lab of the contract's claims, on a simulated machine with one Docker network. */
import assert from 'node:assert/strict';
import { type ContainerPlan, type Engine, Secret } from '../../../reconciler/ports.ts';
import type { HostSpec } from '../../../spec-schema/cluster-spec.ts';
import { type LabNode, type LabOptions, type RedisLab, until } from '../contract/redis-lab.ts';
import { sha256 } from './acl-table.ts';
import { containerOf } from './fault-strike.ts';
import type { SimulatedFleet } from './fleet.ts';
import type { Server } from './world.ts';

export const LAB_HOST: HostSpec = { name: 'lab', zone: 'lab', docker: 'unix:///var/run/docker.sock' };

const IMAGE = 'redis:8.6.3';
const CLUSTER = 'lab';
const CREDENTIALS = { username: 'redisforge', password: new Secret('operator') };
const USERS = [
  'user default reset off',
  `user redisforge reset on #${sha256('operator')} +@all`,
  `user replication reset on #${sha256('replication')} +psync +replconf +ping`,
].join('\n');

export function simulatedLab(fleet: SimulatedFleet): RedisLab {
  const engine = fleet.ports.engines.of(LAB_HOST);
  const { clock } = fleet.ports;
  let made = 0;
  return {
    clock,
    async start(count, options = {}) {
      await engine.createNetwork(CLUSTER, '10.5.0.0/24', labelsOf());
      await engine.pullImage(IMAGE, new AbortController().signal);
      const names = Array.from({ length: count }, () => `n${++made}`);
      await Promise.all(names.map((name, index) => run(engine, name, made - count + index, options)));
      const nodes = names.map((name) => labNode(fleet, engine, name));
      await until(clock, 'all nodes answer', 10_000, () => answer(nodes));
      return nodes;
    },
    async write(keys) {
      let acknowledged = 0;
      for (let count = 0; count < keys; count += 1) {
        if (fleet.clients.write(count % fleet.world.keyed.length)) acknowledged += 1;
      }
      await clock.sleep(50);
      return acknowledged;
    },
  };
}

function labelsOf(node?: string): Record<string, string> {
  return {
    'dev.redisforge.cluster': CLUSTER,
    ...(node === undefined ? {} : { 'dev.redisforge.node': node }),
  };
}

async function run(engine: Engine, name: string, index: number, options: LabOptions): Promise<void> {
  const directives: Record<string, string> = {
    dir: '@DATA@',
    aclfile: '@DATA@/conf/users.acl',
    'cluster-enabled': 'yes',
    'cluster-port': '16379',
    'cluster-node-timeout': '5000',
    appendonly: 'yes',
    save: '""',
    masteruser: 'replication',
    masterauth: 'replication',
    ...options.config,
  };
  const text = Object.entries(directives).map(([directive, value]) => `${directive} ${value}`);
  const plan: ContainerPlan = {
    name,
    image: IMAGE,
    labels: labelsOf(name),
    volume: name,
    restart: options.restart ?? 'no',
    memoryBytes: 0,
    cpus: 0,
    nofile: 0,
    network: CLUSTER,
    ip: options.addresses === 'changing' ? '' : `10.5.0.${10 + index}`,
    publish: '',
    port: 6379,
    files: [
      { path: 'redis.conf', content: text.join('\n'), mode: 0o600 },
      { path: 'users.acl', content: USERS, mode: 0o600 },
    ],
  };
  await engine.createVolume(name, plan.labels);
  await engine.runContainer(plan);
}

async function answer(nodes: readonly LabNode[]): Promise<boolean> {
  try {
    return (await Promise.all(nodes.map((node) => node.redis.read([])))).every(({ loading }) => !loading);
  } catch {
    return false;
  }
}

function labNode(fleet: SimulatedFleet, engine: Engine, name: string): LabNode {
  const running = (): Server | null | undefined => containerOf(fleet.world, name)?.server;
  const address = () => {
    const server = running();
    assert.ok(server, `${name} does not run`);
    return { ip: server.ip, port: server.port, busPort: server.busPort };
  };
  const node: LabNode = {
    name,
    get redis() {
      const server = running();
      const endpoint = { ip: server?.ip ?? '10.5.0.254', port: server?.port ?? 6379 };
      return fleet.ports.redis.at([endpoint], CREDENTIALS);
    },
    address,
    async kill() {
      assert.ok(fleet.inject({ kind: 'container-kill', node: name }));
    },
    async wipe() {
      assert.ok(fleet.inject({ kind: 'data-wipe', node: name }));
      await until(fleet.ports.clock, `${name} answers`, 10_000, () => answer([node]));
    },
    async stop() {
      await engine.stopContainer(name, 10_000);
    },
    async start() {
      await engine.startContainer(name);
      await until(fleet.ports.clock, `${name} answers`, 10_000, () => answer([node]));
    },
  };
  return node;
}
