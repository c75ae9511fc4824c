/** Specs of live clusters: one that redis-cli made, in containers that are not ours, and one of ours whose spec is lost. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCluster, policyOf } from '../../reconciler/engine/cluster.ts';
import { observe } from '../../reconciler/engine/observe.ts';
import { type Plan, plan } from '../../reconciler/planner/plan.ts';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import { eventually, execIn, IMAGE, rawEngine } from '../support/lab-containers.ts';
import { parsed, portsIn, RealCluster } from '../support/real-cluster.ts';
import { ENGINE, LOADER_PASSWORD, OPERATOR_PASSWORD } from '../support/real-spec.ts';

const root = join(import.meta.dirname, '../..');
const PASSWORD = 'password-of-the-default-user';

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function redisforge(folder: string, ...args: string[]): Promise<Run> {
  const env = { PATH: process.env['PATH'] ?? '', REDISFORGE_STATE_DIR: join(folder, 'state') };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, 'reconciler/app/main.ts'), ...args],
      { cwd: folder, env },
      (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 128, out, err });
      },
    );
  });
}

/** What RedisForge would do with that spec. */
async function planOf(spec: ClusterSpec, folder: string): Promise<Plan> {
  const ports = portsIn(folder);
  try {
    const opened = (await openCluster(spec, ports)).cluster;
    if (opened === undefined) throw new Error('the secrets cannot be read');
    const { live, facts } = await observe(opened);
    return plan(opened.intent, live, facts, policyOf(opened));
  } finally {
    await ports.redis.close();
    await ports.engines.close();
  }
}

async function secretFile(folder: string, name: string, value: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `${value}\n`, { mode: 0o600 });
  return path;
}

describe('a cluster that redis-cli made', () => {
  const label = 'dev.redisforge.test';
  const name = `rf-adopt-${randomBytes(4).toString('hex')}`;
  const docker = rawEngine();
  const filters = { label: [`${label}=${name}`] };
  const ips: string[] = [];
  let folder = '';
  let passwordFile = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'redisforge-adopt-'));
    passwordFile = await secretFile(folder, 'password', PASSWORD);
    await docker.createNetwork({ Name: name, Labels: { [label]: name } });
    for (let index = 0; index < 6; index += 1) ips.push(await startServer(index));
    await eventually('all servers answer', async () => {
      for (const ip of ips) await ask(ip, 'PING');
      return true;
    });
    const nodes = ips.map((ip) => `${ip}:6379`);
    const create = ['--cluster', 'create', ...nodes, '--cluster-replicas', '1', '--cluster-yes'];
    await execIn(`${name}-0`, 'redis-cli', '-a', PASSWORD, '--no-auth-warning', ...create);
    await eventually('every node says that the cluster is well', async () => {
      for (const ip of ips)
        if (!String(await ask(ip, 'CLUSTER', 'INFO')).includes('cluster_state:ok')) return false;
      return true;
    });
    for (const ip of ips)
      await ask(ip, 'ACL', 'SETUSER', 'app', 'on', '>app-secret', '~app:*', '&app:*', '+@all', '-@dangerous');
    await ask(ips[5] as string, 'CONFIG', 'SET', 'maxmemory-policy', 'volatile-ttl');
  });
  afterAll(async () => {
    for (const { Id } of await docker.listContainers({ all: true, filters }))
      await docker.getContainer(Id).remove({ force: true, v: true });
    for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function startServer(index: number): Promise<string> {
    const options = {
      'cluster-enabled': 'yes',
      'cluster-node-timeout': '3000',
      requirepass: PASSWORD,
      masterauth: PASSWORD,
      maxmemory: '100mb',
      'maxmemory-policy': 'allkeys-lfu',
      appendonly: 'yes',
      'repl-diskless-sync-delay': '0',
    };
    const container = await docker.createContainer({
      name: `${name}-${index}`,
      Image: IMAGE,
      Labels: { [label]: name },
      Cmd: ['redis-server', ...Object.entries(options).flatMap(([option, value]) => [`--${option}`, value])],
      HostConfig: { NetworkMode: name },
    });
    await container.start();
    const { NetworkSettings } = await container.inspect();
    return NetworkSettings.Networks[name]?.IPAddress ?? '';
  }

  async function ask(ip: string, command: string, ...args: string[]): Promise<unknown> {
    const client = new Redis({ host: ip, password: PASSWORD, lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => {});
    try {
      await client.connect();
      return await client.call(command, ...args);
    } finally {
      client.disconnect();
    }
  }

  const adopt = (...more: string[]) =>
    redisforge(folder, 'adopt', `${ips[0]}:6379`, '--password-file', passwordFile, ...more);

  it('is described as it is, and nothing of it is changed', async () => {
    for (const ip of ips) await ask(ip, 'CONFIG', 'RESETSTAT');
    const { code, out, err } = await adopt('--name', 'orders');
    expect(code, err).toBe(0);
    const spec = parsed(out);
    expect(spec.hosts.map(({ address }) => address)).toEqual([...ips].sort(byLastByte));
    expect(spec.redis).toEqual({
      image: IMAGE,
      config: {
        'cluster-node-timeout': 3000,
        maxmemory: '100mb',
        'maxmemory-policy': 'allkeys-lfu',
        appendonly: 'yes',
        'repl-diskless-sync-delay': 0,
      },
    });
    for (const node of spec.nodes) {
      const ip = spec.hosts.find((host) => host.name === node.host)?.address as string;
      const [role, ...replication] = (await ask(ip, 'ROLE')) as [string, string, number];
      expect(role === 'master' ? 'primary' : 'replica').toBe(node.role);
      if (node.role === 'primary') continue;
      const primary = spec.nodes.find((other) => other.shard === node.shard && other.role === 'primary');
      expect(spec.hosts.find((host) => host.name === primary?.host)?.address).toBe(replication[0]);
    }
    const odd = spec.nodes.filter(({ config }) => config !== undefined);
    expect(odd.map(({ config }) => config)).toEqual([{ 'maxmemory-policy': 'volatile-ttl' }]);
    expect(spec.users).toEqual([
      {
        name: 'app',
        enabled: true,
        rules: 'sanitize-payload ~app:* resetchannels &app:* +@all -@dangerous',
        password: { file: 'app-password' },
      },
    ]);
    expect(out).toContain('# CHECK: whoever connects with a password and no name is the default user today');
    expect(out + err).not.toMatch(/password-of-the-default-user|app-secret/);

    const sent = new Set<string>();
    for (const ip of ips) {
      const stats = String(await ask(ip, 'INFO', 'commandstats'));
      for (const [, command] of stats.matchAll(/^cmdstat_([^:]+):/gm)) sent.add(command as string);
    }
    const own = ['auth', 'ping', 'publish', 'replconf', 'psync', 'config|resetstat', 'role'];
    expect([...sent].filter((command) => !own.includes(command)).sort()).toEqual([
      'acl|list',
      'client|setinfo',
      'client|setname',
      'cluster|info',
      'cluster|migration',
      'cluster|myid',
      'cluster|nodes',
      'config|get',
      'hello',
      'info',
    ]);
  });

  it('is the same whichever node is asked, but for who that was', async () => {
    const { out } = await adopt('--name', 'orders');
    for (const ip of ips.slice(1, 3)) {
      const other = await redisforge(
        folder,
        'adopt',
        `${ip}:6379`,
        '--password-file',
        passwordFile,
        '--name',
        'orders',
      );
      expect(body(other.out)).toBe(body(out));
    }
  });

  it('is shown by the plan for what it is, and nothing is made beside it', async () => {
    const { out } = await adopt('--name', `${name}-spec`);
    const adopted = parsed(out);
    // What a person has to decide: how the engines are reached, and that the plan may be carried out.
    const { paused: _paused, ...spec } = {
      ...adopted,
      hosts: adopted.hosts.map(({ ssh: _ssh, ...host }) => ({ ...host, docker: ENGINE })),
    };
    for (const file of ['operator-password', 'replication-password', 'app-password'])
      await secretFile(folder, file, `secret-of-${file}`);
    const made = await planOf(spec, folder);
    expect(made).toMatchObject({ status: 'blocked', waves: [] });
    expect(made.blocks.map(({ code }) => code)).toEqual(Array(6).fill('foreign-server'));
    for (const { evidence, hint } of made.blocks) {
      expect(evidence).toMatch(/WRONGPASS|NOAUTH/);
      expect(hint).toMatch(/^make the user redisforge on it to see here what it holds/);
    }

    const login = ['ACL', 'SETUSER', 'redisforge', 'on', '>secret-of-operator-password', '+@all'] as const;
    for (const ip of ips) await ask(ip, ...login);
    const known = await planOf(spec, folder);
    expect(known).toMatchObject({ status: 'blocked', waves: [] });
    const told = new Map(
      known.blocks.map(({ subject, evidence }) => [subject.replace('node ', ''), evidence]),
    );
    for (const node of spec.nodes) {
      const ip = spec.hosts.find((host) => host.name === node.host)?.address as string;
      const id = String(await ask(ip, 'CLUSTER', 'MYID')).slice(0, 8);
      const role = node.role === 'primary' ? /primary of slots \d+-\d+/ : /replica of [\d.]+:6379/;
      expect(told.get(node.name)).toContain(`member ${id}, `);
      expect(told.get(node.name)).toMatch(role);
      expect(told.get(node.name)).toContain('it knows 5 others');
    }
    for (const ip of ips) await ask(ip, 'ACL', 'DELUSER', 'redisforge');
  });

  it('is written to a file that does not exist yet, and to no other', async () => {
    const first = await adopt('--name', 'orders', '--output', 'cluster.yaml');
    expect([first.code, first.out]).toEqual([0, '']);
    expect(parsed(await readFile(join(folder, 'cluster.yaml'), 'utf8')).metadata.name).toBe('orders');
    await writeFile(join(folder, 'cluster.yaml'), 'mine');
    const second = await adopt('--output', 'cluster.yaml');
    expect(second.code).toBe(1);
    expect(second.err).toContain('exists already; nothing was written');
    expect(await readFile(join(folder, 'cluster.yaml'), 'utf8')).toBe('mine');
  });

  it('is not told to whoever has no password, or the wrong one', async () => {
    const none = await redisforge(folder, 'adopt', `${ips[0]}:6379`);
    expect([none.code, none.out]).toEqual([1, '']);
    expect(none.err).toMatch(/WRONGPASS|NOAUTH/);
    const wrong = await secretFile(folder, 'wrong', 'something-else');
    const other = await redisforge(folder, 'adopt', `${ips[0]}:6379`, '--password-file', wrong);
    expect(other.code).toBe(1);
    expect(other.err).not.toContain('something-else');
    const away = await redisforge(folder, 'adopt', '127.0.0.1:1', '--password-file', passwordFile);
    expect(away.err).toContain('127.0.0.1:1');
    expect((await redisforge(folder, 'adopt', 'nonsense')).err).toContain('write host:port');
  });

  it('is described with what is missing when a node is away', async () => {
    const gone = docker.getContainer(`${name}-5`);
    await gone.kill();
    await eventually('the others take it for dead', async () =>
      /fail( |,)/.test(String(await ask(ips[0] as string, 'CLUSTER', 'NODES')).replaceAll('fail?', '')),
    );
    const { code, out, err } = await adopt();
    expect(code).toBe(3);
    expect(err).toContain(`not read: ${ips[5]}:6379`);
    expect(out).toContain('# CHECK: the cluster takes it for dead');
    expect(parsed(out).nodes).toHaveLength(6);
  });
});

describe('a cluster of ours whose spec is lost', () => {
  let cluster: RealCluster;
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'redisforge-adopt-'));
    cluster = await RealCluster.create({
      config: { maxmemory: '64mb', 'maxmemory-policy': 'allkeys-lru' },
      // One shard has twice as many slots as the others: that is not to be put right.
      more: { resources: { memory: '256mb', cpus: 0.5 }, shards: [{ name: 's2', weight: 2 }] },
    });
    await cluster.mustRun();
  });
  afterAll(async () => {
    await cluster?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('gets a spec with which there is nothing to do', async () => {
    const password = await secretFile(folder, 'admin', OPERATOR_PASSWORD);
    const { host, port } = await cluster.endpoint('2b');
    const login = ['--user', 'redisforge', '--password-file', password];
    const { code, out, err } = await redisforge(
      folder,
      'adopt',
      `${host}:${port}`,
      ...login,
      ...['--name', cluster.name, '--docker', ENGINE],
    );
    expect(code, err).toBe(0);
    const spec = parsed(out);
    expect(spec.paused).toBeUndefined();
    const names = (nodes: typeof spec.nodes) =>
      nodes.map(({ name, shard, host: on }) => `${name} ${shard} ${on}`);
    expect(names(spec.nodes).sort()).toEqual(names(cluster.spec.nodes).sort());
    expect(out).toContain('# CHECK: put the password that it has today into the file');
    for (const [file, value] of [
      ['operator-password', OPERATOR_PASSWORD],
      ['replication-password', 'replication-password'],
      ['loader-password', LOADER_PASSWORD],
    ] as const)
      await secretFile(folder, file, value);
    expect(await planOf(spec, folder)).toMatchObject({ status: 'converged', waves: [] });
  });
});

function byLastByte(a: string, b: string): number {
  return Number(a.split('.').at(-1)) - Number(b.split('.').at(-1));
}

/** Without the comment at its beginning. */
function body(text: string): string {
  return text.slice(text.indexOf('apiVersion'));
}
