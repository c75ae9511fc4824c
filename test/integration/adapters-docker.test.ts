/** The Docker adapter against a real engine and real redis-servers. */
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DockerEngine } from '../../reconciler/adapters/docker/engine.ts';
import { UnixTransport } from '../../reconciler/adapters/docker/transport.ts';
import { Connection } from '../../reconciler/adapters/redis/connection.ts';
import type { EngineEvent, EngineQuestion, PortError } from '../../reconciler/ports.ts';
import {
  CREDENTIALS,
  configFile,
  ENGINE_SOCKET,
  eventually,
  execIn,
  IMAGE,
  labelsOf,
  nodePlan,
  PASSWORD,
  REPLICATION_PASSWORD,
  rawEngine,
  removeCluster,
  uniqueCluster,
  usersFile,
} from '../support/lab-containers.ts';

const run = promisify(execFile);
const docker = rawEngine();
const engine = new DockerEngine(new UnixTransport(ENGINE_SOCKET));
const never = new AbortController().signal;

let cluster: string;

beforeEach(() => {
  cluster = uniqueCluster();
});
afterEach(() => removeCluster(cluster));
afterAll(() => engine.close());

function ask(nodes: readonly string[], more: Partial<EngineQuestion> = {}): EngineQuestion {
  const names = nodes.map((node) => `${cluster}-${node}`);
  return { cluster, containers: names, volumes: names, networks: [cluster], images: [IMAGE], ...more };
}

async function makeNode(node: string, more: Parameters<typeof nodePlan>[2] = {}): Promise<string> {
  const name = `${cluster}-${node}`;
  await engine.createVolume(name, labelsOf(cluster, node));
  await engine.runContainer(nodePlan(cluster, node, more));
  return name;
}

async function ipOf(name: string): Promise<string> {
  const { containers } = await engine.read(ask([]), never);
  return containers.find((container) => container.name === name)?.ip ?? '';
}

async function redisAt(ip: string): Promise<Connection> {
  return eventually(`redis at ${ip}`, () => Connection.open({ ip, port: 6379 }, CREDENTIALS, never));
}

async function failure(work: Promise<unknown>): Promise<PortError> {
  return work.then(
    () => expect.fail('was accepted'),
    (error: PortError) => error,
  );
}

describe('the life of two nodes in a network of their own', () => {
  it('is made, read, changed, stopped, started and removed, and every repetition is accepted', async () => {
    const subnet = '10.219.77.0/24';
    await engine.createNetwork(cluster, subnet, labelsOf(cluster));
    await engine.createNetwork(cluster, subnet, labelsOf(cluster));
    await makeNode('a', { network: cluster, ip: '10.219.77.11', memoryBytes: 200_000_000, cpus: 0.5 });
    await makeNode('b', { network: cluster, ip: '10.219.77.12', nofile: 4096, restart: 'no' });

    const made = await engine.read(ask(['a', 'b']), never);
    expect(made.images).toEqual({ [IMAGE]: true });
    expect(made.networks).toEqual([{ name: cluster, labels: labelsOf(cluster), subnet }]);
    expect(made.volumes.map(({ name }) => name)).toEqual([`${cluster}-a`, `${cluster}-b`]);
    expect(made.containers).toMatchObject([
      {
        name: `${cluster}-a`,
        labels: labelsOf(cluster, 'a'),
        status: 'running',
        image: IMAGE,
        restart: 'always',
        memoryBytes: 200_000_000,
        cpus: 0.5,
        nofile: 0,
        network: cluster,
        fixedIp: '10.219.77.11',
        ip: '10.219.77.11',
        publish: '',
        volumes: [`${cluster}-a`],
      },
      { name: `${cluster}-b`, restart: 'no', nofile: 4096, fixedIp: '10.219.77.12' },
    ]);

    const redis = await redisAt('10.219.77.11');
    expect(await redis.command(['CONFIG', 'GET', 'dir'], 2000)).toEqual({ dir: '/data' });
    redis.close();

    await engine.updateContainer(`${cluster}-a`, { restart: 'no', memoryBytes: 300_000_000, cpus: 1 });
    await engine.stopContainer(`${cluster}-a`, 10_000);
    await engine.stopContainer(`${cluster}-a`, 10_000);
    const stopped = (await engine.read(ask(['a']), never)).containers[0];
    expect(stopped).toMatchObject({
      status: 'exited',
      exitCode: 0,
      restart: 'no',
      memoryBytes: 300_000_000,
      cpus: 1,
    });
    expect(stopped?.finishedAt).toBeGreaterThan(stopped?.startedAt ?? Number.MAX_VALUE);

    await engine.startContainer(`${cluster}-a`);
    await engine.startContainer(`${cluster}-a`);
    expect((await engine.read(ask(['a']), never)).containers[0]).toMatchObject({ status: 'running' });
    expect(await engine.logs(`${cluster}-a`, 50)).toContain('Ready to accept connections');

    for (const node of ['a', 'b']) {
      await engine.stopContainer(`${cluster}-${node}`, 10_000);
      await engine.removeContainer(`${cluster}-${node}`);
      await engine.removeContainer(`${cluster}-${node}`);
    }
    const kept = await engine.read(ask(['a', 'b']), never);
    expect(kept.containers).toEqual([]);
    expect(kept.volumes).toHaveLength(2);

    for (const node of ['a', 'b']) {
      await engine.removeVolume(`${cluster}-${node}`);
      await engine.removeVolume(`${cluster}-${node}`);
    }
    await engine.removeNetwork(cluster);
    await engine.removeNetwork(cluster);
    expect(await engine.read(ask(['a', 'b']), never)).toMatchObject({
      containers: [],
      volumes: [],
      networks: [],
    });
  });

  it('keeps its data when its container is made again on the same volume', async () => {
    const name = await makeNode('a');
    const before = await redisAt(await ipOf(name));
    const id = await before.command(['CLUSTER', 'MYID'], 2000);
    before.close();
    await engine.stopContainer(name, 10_000);
    await engine.removeContainer(name);
    await engine.runContainer(nodePlan(cluster, 'a'));
    const after = await redisAt(await ipOf(name));
    expect(await after.command(['CLUSTER', 'MYID'], 2000)).toBe(id);
    after.close();
  });

  it('is told in events, each with its node', async () => {
    const name = await makeNode('a');
    const seen: EngineEvent[] = [];
    const listening = new AbortController();
    const reader = (async () => {
      for await (const event of engine.events(cluster, listening.signal)) seen.push(event);
    })();
    // Events are not kept for those who come late: provoke them until the first is heard.
    await eventually('the first event', async () => {
      await engine.stopContainer(name, 10_000);
      await engine.startContainer(name);
      return seen.length > 0;
    });
    seen.length = 0;
    await engine.stopContainer(name, 10_000);
    await eventually('die and stop', () =>
      ['die', 'stop'].every((action) => seen.some((e) => e.action === action)),
    );
    expect(seen[0]).toMatchObject({ container: name, node: 'a' });
    expect(Math.abs(Date.now() - (seen[0]?.at ?? 0))).toBeLessThan(60_000);
    listening.abort();
    await reader;
  });

  it('removes only stopped containers', async () => {
    const name = await makeNode('a');
    expect(await failure(engine.removeContainer(name))).toMatchObject({ code: 'conflict' });
    expect((await engine.read(ask(['a']), never)).containers[0]?.status).toBe('running');
  });

  it('makes a network once, however many hosts ask at the same time', async () => {
    await Promise.all(
      Array.from({ length: 6 }, () => engine.createNetwork(cluster, undefined, labelsOf(cluster))),
    );
    expect(await docker.listNetworks({ filters: { name: [cluster] } })).toHaveLength(1);
  });
});

describe('files', () => {
  it('belong to the user that redis-server runs as, with their modes, and @DATA@ is filled in', async () => {
    const name = await makeNode('a');
    const stdout = await execIn(
      name,
      'stat',
      '-c',
      '%U %a %n',
      '/data',
      '/data/conf',
      '/data/conf/redis.conf',
      '/data/conf/users.acl',
    );
    expect(stdout.trim().split('\n')).toEqual([
      'redis 755 /data',
      'redis 700 /data/conf',
      'redis 600 /data/conf/redis.conf',
      'redis 600 /data/conf/users.acl',
    ]);
    const user = await execIn(name, 'stat', '-c', '%U', '/proc/1');
    expect(user.trim()).toBe('redis');
  });

  it.each([['running'], ['stopped']])('are replaced in a %s container', async (state) => {
    const name = await makeNode('a');
    if (state === 'stopped') await engine.stopContainer(name, 10_000);
    await engine.putFiles(name, [
      usersFile(['user extra reset on nopass +ping']),
      { path: 'tls/ca.pem', content: 'certificate at @DATA@', mode: 0o640 },
    ]);
    if (state === 'stopped') await engine.startContainer(name);
    const stdout = await execIn(
      name,
      'sh',
      '-c',
      'cat /data/conf/tls/ca.pem; stat -c " %U %a" /data/conf/tls/ca.pem; if [ -d /data/conf/.incoming ]; then find /data/conf/.incoming -type f; fi',
    );
    expect(stdout).toBe('certificate at /data redis 640\n');
    const redis = await redisAt(await ipOf(name));
    await redis.command(['ACL', 'LOAD'], 2000);
    expect(await redis.command(['ACL', 'LIST'], 2000)).toContainEqual(
      expect.stringContaining('user extra on'),
    );
    redis.close();
  });

  it('never show a reader a missing or empty file while they are replaced', async () => {
    const name = await makeNode('a');
    await engine.putFiles(name, [{ path: 'watched', content: 'x'.repeat(5000), mode: 0o644 }]);
    const script =
      'n=0; while [ ! -e /data/stop ]; do [ "$(wc -c </data/conf/watched)" = 5000 ] || exit 1; n=$((n+1)); done; echo $n';
    const watcher = execIn(name, 'sh', '-c', script);
    for (let round = 0; round < 10; round += 1) {
      await engine.putFiles(name, [{ path: 'watched', content: 'y'.repeat(5000), mode: 0o644 }]);
    }
    await execIn(name, 'touch', '/data/stop');
    expect(Number(await watcher)).toBeGreaterThan(10);
  });
});

describe('secrets', () => {
  it('are in neither the container, the events, the command lines nor the messages', async () => {
    const since = Math.floor(Date.now() / 1000) - 1;
    const name = await makeNode('a');
    await engine.putFiles(name, [configFile({ masterauth: 'another-secret-55' })]);
    const inspected = JSON.stringify(await docker.getContainer(name).inspect());
    const until = Math.ceil(Date.now() / 1000);
    const events = await textOf(await docker.getEvents({ since, until }));
    expect(events).toContain(name);
    const processes = (await run('ps', ['axww', '-o', 'args'])).stdout;
    expect(processes).toContain('redis-server');
    for (const secret of [PASSWORD, REPLICATION_PASSWORD, 'another-secret-55']) {
      expect(inspected).not.toContain(secret);
      expect(events).not.toContain(secret);
      expect(processes).not.toContain(secret);
    }
  });

  it('are not repeated from the log of a redis-server that does not like its configuration', async () => {
    const files = [configFile({ masterauth: 'two words-secret' }), usersFile()];
    const error = await failure(makeNode('a', { files }));
    expect(error).toMatchObject({ code: 'refused' });
    expect(error.message).toContain('masterauth');
    expect(error.message).not.toContain('words-secret');
  });
});

describe('what cannot be made', () => {
  it('an image that does not exist is not-found, and leaves nothing behind', async () => {
    const error = await failure(makeNode('a', { image: 'no-such-image:1' }));
    expect(error).toMatchObject({ code: 'not-found', retry: 'never' });
    expect(error.message).toContain('no-such-image:1');
    expect((await engine.read(ask(['a']), never)).containers).toEqual([]);
  });

  it('a published port that is taken is port-in-use, and leaves nothing but the volume', async () => {
    const server = await listen();
    try {
      const error = await failure(makeNode('a', { publish: `127.0.0.1:${portOf(server)}` }));
      expect(error).toMatchObject({ code: 'port-in-use' });
      const after = await engine.read(ask(['a']), never);
      expect(after.containers).toEqual([]);
      expect(after.volumes).toHaveLength(1);
    } finally {
      server.close();
    }
  });

  it('a port that is taken on the host is port-in-use, with the words of redis-server', async () => {
    const server = await listen();
    try {
      const files = [configFile({ port: `${portOf(server)}`, bind: '127.0.0.1' }), usersFile()];
      const error = await failure(makeNode('a', { network: 'host', files }));
      expect(error).toMatchObject({ code: 'port-in-use' });
      expect(error.message).toMatch(/address already in use/i);
      expect((await engine.read(ask(['a']), never)).containers).toEqual([]);
    } finally {
      server.close();
    }
  });

  it('a configuration that redis-server refuses is told with its words', async () => {
    const files = [configFile({ 'no-such-directive': '1' }), usersFile()];
    const error = await failure(makeNode('a', { files }));
    expect(error).toMatchObject({ code: 'refused' });
    expect(error.message).toContain('no-such-directive');
    expect((await engine.read(ask(['a']), never)).containers).toEqual([]);
  });

  it('an address that is taken in the network is a conflict', async () => {
    await engine.createNetwork(cluster, '10.219.78.0/24', labelsOf(cluster));
    await makeNode('a', { network: cluster, ip: '10.219.78.11' });
    expect(await failure(makeNode('b', { network: cluster, ip: '10.219.78.11' }))).toMatchObject({
      code: 'conflict',
    });
  });

  it('a volume that is missing is not made in passing', async () => {
    expect(await failure(engine.runContainer(nodePlan(cluster, 'a')))).toMatchObject({ code: 'not-found' });
    expect((await engine.read(ask(['a']), never)).volumes).toEqual([]);
  });

  it('a limit is not lifted in passing, because the engine would not do it', async () => {
    const name = await makeNode('a', { memoryBytes: 200_000_000 });
    const error = await failure(engine.updateContainer(name, { restart: 'always', memoryBytes: 0, cpus: 0 }));
    expect(error).toMatchObject({ code: 'refused' });
    expect((await engine.read(ask(['a']), never)).containers[0]?.memoryBytes).toBe(200_000_000);
  });

  it('an image from a registry that does not answer is unreachable', async () => {
    const error = await failure(engine.pullImage('127.0.0.1:1/nothing:1', never));
    expect(error).toMatchObject({ code: 'unreachable' });
  });

  it('a running container of the same name is a conflict, and goes on running', async () => {
    const name = await makeNode('a');
    const before = await docker.getContainer(name).inspect();
    expect(await failure(engine.runContainer(nodePlan(cluster, 'a')))).toMatchObject({ code: 'conflict' });
    expect((await docker.getContainer(name).inspect()).State.StartedAt).toBe(before.State.StartedAt);
  });
});

describe('after a crash of ours', () => {
  it('a container that was made and never started is made again', async () => {
    const name = `${cluster}-a`;
    await engine.createVolume(name, labelsOf(cluster, 'a'));
    await docker.createContainer({ name, Image: IMAGE, Labels: labelsOf(cluster, 'a') });
    await engine.runContainer(nodePlan(cluster, 'a'));
    expect((await engine.read(ask(['a']), never)).containers).toMatchObject([{ name, status: 'running' }]);
  });
});

describe('what is not ours', () => {
  const created: (() => Promise<unknown>)[] = [];
  let foreign: string;

  beforeAll(async () => {
    foreign = uniqueCluster();
    const container = await docker.createContainer({ name: foreign, Image: IMAGE });
    created.push(() => container.remove({ force: true, v: true }));
    await docker.createVolume({ Name: foreign });
    created.push(() => docker.getVolume(foreign).remove());
    const network = await docker.createNetwork({ Name: foreign });
    created.push(() => network.remove());
  });
  afterAll(async () => {
    for (const remove of created) await remove();
  });

  it('is seen when its name is asked for, without labels of ours', async () => {
    const reading = await engine.read(
      { cluster, containers: [foreign], volumes: [foreign], networks: [foreign], images: [] },
      never,
    );
    expect(reading.containers).toMatchObject([{ name: foreign, labels: {}, status: 'created' }]);
    expect(reading.volumes).toEqual([{ name: foreign, labels: {} }]);
    expect(reading.networks).toMatchObject([{ name: foreign, labels: {} }]);
  });

  it('is never started, stopped, changed, written to, removed or taken over', async () => {
    const attempts: [string, () => Promise<unknown>][] = [
      ['denied', () => engine.startContainer(foreign)],
      ['denied', () => engine.stopContainer(foreign, 1000)],
      ['denied', () => engine.updateContainer(foreign, { restart: 'no', memoryBytes: 0, cpus: 0 })],
      ['denied', () => engine.putFiles(foreign, [])],
      ['denied', () => engine.removeContainer(foreign)],
      ['denied', () => engine.removeVolume(foreign)],
      ['denied', () => engine.removeNetwork(foreign)],
      ['conflict', () => engine.createVolume(foreign, labelsOf(cluster, 'a'))],
      ['conflict', () => engine.createNetwork(foreign, undefined, labelsOf(cluster))],
      ['conflict', () => engine.runContainer(nodePlan(cluster, 'a', { volume: foreign }))],
    ];
    for (const [code, attempt] of attempts)
      expect(await failure(attempt()), String(attempt)).toMatchObject({ code });
    await engine.createVolume(`${cluster}-a`, labelsOf(cluster, 'a'));
    const taken = nodePlan(cluster, 'a', { name: foreign });
    expect(await failure(engine.runContainer(taken))).toMatchObject({ code: 'conflict' });
    expect((await docker.getContainer(foreign).inspect()).State.Status).toBe('created');
    await docker.getVolume(foreign).inspect();
  });

  it('of another of our clusters is not taken over either', async () => {
    const other = uniqueCluster();
    try {
      await engine.createVolume(`${cluster}-a`, labelsOf(other, 'a'));
      expect(await failure(engine.createVolume(`${cluster}-a`, labelsOf(cluster, 'a')))).toMatchObject({
        code: 'conflict',
      });
    } finally {
      await removeCluster(other);
    }
  });

  it('is not found by the beginning of its id', async () => {
    const { Id } = await docker.getContainer(foreign).inspect();
    const prefix = Id.slice(0, 12);
    expect(
      (await engine.read({ cluster, containers: [prefix], volumes: [], networks: [], images: [] }, never))
        .containers,
    ).toEqual([]);
    expect(await failure(engine.startContainer(prefix))).toMatchObject({ code: 'not-found' });
  });
});

describe('an engine that does not answer', () => {
  it('is unreachable when nothing listens', async () => {
    const nobody = new DockerEngine(new UnixTransport('/nonexistent/docker.sock'));
    const error = await failure(nobody.read(ask([]), never));
    expect(error).toMatchObject({ code: 'unreachable', retry: 'soon' });
    expect(error.message).toContain('/nonexistent/docker.sock');
  });
});

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

async function listen(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}
