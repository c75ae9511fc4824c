/** The Redis adapter against real redis-servers, under a user that may do no more than RedisForge's own. */
import { connect, createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DockerEngine } from '../../reconciler/adapters/docker/engine.ts';
import { UnixTransport } from '../../reconciler/adapters/docker/transport.ts';
import { Connection } from '../../reconciler/adapters/redis/connection.ts';
import { IoRedis } from '../../reconciler/adapters/redis/redis.ts';
import type { Endpoint } from '../../reconciler/model/facts.ts';
import { evenSplit, slotCount } from '../../reconciler/model/slots.ts';
import { type PortError, type RedisNode, Secret } from '../../reconciler/ports.ts';
import {
  CREDENTIALS,
  configFile,
  ENGINE_SOCKET,
  eventually,
  execIn,
  labelsOf,
  nodePlan,
  OPERATOR_RULES,
  PASSWORD,
  REPLICATION_PASSWORD,
  removeCluster,
  sha256,
  uniqueCluster,
  usersFile,
} from '../support/lab-containers.ts';

const engine = new DockerEngine(new UnixTransport(ENGINE_SOCKET));
const never = new AbortController().signal;
/** A user for the test itself, to write keys with; RedisForge's own cannot. */
const WRITER = `user writer reset on #${sha256('writer-password')} ~* &* +@all`;
const writer = { username: 'writer', password: new Secret('writer-password') };

const cluster = uniqueCluster();
let redis = new IoRedis();

afterEach(async () => {
  await redis.close();
  redis = new IoRedis();
});
afterAll(async () => {
  await redis.close();
  await removeCluster(cluster);
  engine.close();
});

async function makeNode(node: string, directives: Record<string, string> = {}): Promise<Endpoint> {
  const name = `${cluster}-${node}`;
  await engine.createVolume(name, labelsOf(cluster, node));
  const files = [configFile(directives), usersFile([WRITER])];
  await engine.runContainer(nodePlan(cluster, node, { files }));
  return endpointOf(node);
}

async function endpointOf(node: string): Promise<Endpoint> {
  const { containers } = await engine.read(
    { cluster, containers: [], volumes: [], networks: [], images: [] },
    never,
  );
  const ip = containers.find(({ name }) => name === `${cluster}-${node}`)?.ip ?? '';
  await eventually(`redis of ${node}`, async () => {
    (await Connection.open({ ip, port: 6379 }, CREDENTIALS, never)).close();
    return true;
  });
  return { ip, port: 6379 };
}

function at(...endpoints: Endpoint[]): RedisNode {
  return redis.at(endpoints, CREDENTIALS);
}

async function failure(work: Promise<unknown>): Promise<PortError> {
  return work.then(
    () => expect.fail('was accepted'),
    (error: PortError) => error,
  );
}

/** A TCP proxy that counts what passes, and can break its connections or keep silent. */
async function proxy(target: Endpoint) {
  const open = new Set<Socket>();
  const state = { silent: false, accepted: 0, sent: '' };
  const server = createServer((socket) => {
    state.accepted += 1;
    open.add(socket);
    const far = connect({ host: target.ip, port: target.port });
    socket.on('data', (chunk) => {
      state.sent += chunk.toString('latin1');
      if (!state.silent) far.write(chunk);
    });
    far.on('data', (chunk) => {
      if (!state.silent) socket.write(chunk);
    });
    for (const each of [socket, far]) each.on('error', () => undefined);
    socket.on('close', () => far.destroy());
    far.on('close', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    state,
    endpoint: { ip: '127.0.0.1', port: (server.address() as { port: number }).port },
    breakAll: () => {
      for (const socket of open) socket.destroy();
      open.clear();
    },
    close: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

function times(text: string, word: string): number {
  return text.split(word).length - 1;
}

describe('one node', () => {
  let node: Endpoint;
  beforeAll(async () => {
    node = await makeNode('single');
  });

  it('is read in one round trip, with everything that the model holds', async () => {
    const reading = await at(node).read(['maxmemory', 'masterauth', 'no-such-directive']);
    expect(reading).toMatchObject({
      nodeId: expect.stringMatching(/^[0-9a-f]{40}$/),
      version: '8.6.3',
      loading: false,
      clusterOk: false,
      currentEpoch: 0,
      role: 'primary',
      primaryLink: null,
      replicas: [],
      keys: 0,
      members: [{ myself: true, ip: '', slots: [] }],
      config: { maxmemory: '0', masterauth: REPLICATION_PASSWORD },
      migrations: [],
    });
    expect(reading.users.map(({ name }) => name)).toEqual(['default', 'redisforge', 'replication', 'writer']);
    expect(await at(node).read([])).toMatchObject({ config: {} });
  });

  it('keeps one connection for all calls', async () => {
    const through = await proxy(node);
    await Promise.all(Array.from({ length: 20 }, () => at(through.endpoint).read(['maxmemory'])));
    await at(through.endpoint).migrations();
    expect(through.state.accepted).toBe(1);
    through.close();
  });

  it('is configured with all pairs or none, and keeps it over a restart', async () => {
    await at(node).configure({ maxmemory: '100mb', masterauth: new Secret('new-master-auth') });
    expect((await at(node).read(['maxmemory', 'masterauth'])).config).toEqual({
      maxmemory: '104857600',
      masterauth: 'new-master-auth',
    });
    const error = await failure(at(node).configure({ maxmemory: '50mb', 'no-such-directive': 'x' }));
    expect(error).toMatchObject({ code: 'refused', retry: 'never' });
    expect(error.message).toContain('no-such-directive');
    const immutable = await failure(at(node).configure({ maxmemory: '50mb', 'cluster-port': '1234' }));
    expect(immutable.message).toContain("can't set immutable config");
    expect((await at(node).read(['maxmemory'])).config).toEqual({ maxmemory: '104857600' });
    await engine.stopContainer(`${cluster}-single`, 10_000);
    await engine.startContainer(`${cluster}-single`);
    node = await endpointOf('single');
    expect((await at(node).read(['maxmemory', 'masterauth'])).config).toEqual({
      maxmemory: '104857600',
      masterauth: 'new-master-auth',
    });
  });

  it('has its users set and removed, our own included, and saves them', async () => {
    const own = {
      name: 'redisforge',
      enabled: true,
      passwordHashes: [sha256(PASSWORD)],
      rules: OPERATOR_RULES,
    };
    const app = {
      name: 'app',
      enabled: true,
      passwordHashes: [sha256('app')],
      rules: '~app:* &* +@read (%R~x +get)',
    };
    await at(node).setUsers(
      [own, app, { ...app, name: 'off', enabled: false, passwordHashes: [] }],
      ['replication'],
    );
    const { users } = await at(node).read([]);
    expect(users.map(({ name, enabled }) => `${name} ${enabled}`)).toEqual([
      'app true',
      'default false',
      'off false',
      'redisforge true',
      'writer true',
    ]);
    expect(users.find(({ name }) => name === 'app')).toMatchObject({
      passwordHashes: [sha256('app')],
      rules: expect.stringContaining('~app:*'),
    });
    expect(await execIn(`${cluster}-single`, 'cat', '/data/conf/users.acl')).toContain('user app on');
  });

  it('removes and saves nothing when one user cannot be set, and repeats no password', async () => {
    const secret = sha256('never-shown').slice(1);
    const bad = { name: 'bad', enabled: true, passwordHashes: [secret], rules: '+get' };
    const wrong = { name: 'wrong', enabled: true, passwordHashes: [], rules: '+nosuchcommand' };
    const error = await failure(at(node).setUsers([bad, wrong], ['writer']));
    expect(error).toMatchObject({ code: 'refused' });
    expect(error.message).toContain('user bad');
    expect(error.message).toContain('user wrong');
    expect(error.message).toContain('nosuchcommand');
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
    expect((await at(node).read([])).users.map(({ name }) => name)).toContain('writer');
  });

  it('tells who is refused: a wrong password, a missing right', async () => {
    const wrong = redis.at([node], { username: 'redisforge', password: new Secret('wrong-password-1') });
    const error = await failure(wrong.read([]));
    expect(error).toMatchObject({ code: 'auth', retry: 'never' });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('wrong-password-1');
    await at(node).setUsers(
      [{ name: 'weak', enabled: true, passwordHashes: [sha256('weak')], rules: '+info +hello' }],
      [],
    );
    const weak = redis.at([node], { username: 'weak', password: new Secret('weak') });
    const denied = await failure(weak.read([]));
    expect(denied).toMatchObject({ code: 'denied', retry: 'never' });
    for (const right of ['cluster|myid', 'cluster|nodes', 'acl|list'])
      expect(denied.message).toContain(right);
  });

  it('takes up a replaced password at the next call', async () => {
    const rotating = (hash: string) => [
      { name: 'rotating', enabled: true, passwordHashes: [sha256(hash)], rules: '+@all' },
    ];
    await at(node).setUsers(rotating('one'), []);
    const as = (password: string) =>
      redis.at([node], { username: 'rotating', password: new Secret(password) });
    await as('one').migrations();
    await at(node).setUsers(rotating('two'), []);
    await as('two').migrations();
    expect(await failure(as('one').migrations())).toMatchObject({ code: 'auth' });
  });
});

describe('a connection', () => {
  let node: Endpoint;
  beforeAll(async () => {
    node = await makeNode('line');
  });

  it('that breaks under a command leaves its outcome unknown, and the command is not sent again', async () => {
    const through = await proxy(node);
    await at(through.endpoint).migrations();
    through.state.silent = true;
    through.state.sent = '';
    const pending = failure(at(through.endpoint).reset('hard'));
    await eventually('the command is on its way', () => through.state.sent.includes('RESET'));
    through.breakAll();
    expect(await pending).toMatchObject({ code: 'unreachable', retry: 'soon' });
    through.state.silent = false;
    await at(through.endpoint).migrations();
    await at(through.endpoint).read([]);
    expect(times(through.state.sent, 'RESET')).toBe(1);
    expect(through.state.accepted).toBe(2);
    through.close();
  });

  it('that was broken while nothing ran is replaced at the next call', async () => {
    const through = await proxy(node);
    await at(through.endpoint).migrations();
    through.breakAll();
    await eventually('works again', async () => (await at(through.endpoint).migrations()).length === 0);
    expect(through.state.accepted).toBe(2);
    through.close();
  });

  it('that keeps silent is given up at the deadline, and nothing of it comes through later', async () => {
    const through = await proxy(node);
    await at(through.endpoint).migrations();
    through.state.silent = true;
    const started = performance.now();
    expect(await failure(at(through.endpoint).forget('0'.repeat(40)))).toMatchObject({ code: 'timeout' });
    expect(performance.now() - started).toBeLessThan(7_000);
    through.state.silent = false;
    through.state.sent = '';
    await at(through.endpoint).migrations();
    expect(through.state.sent).not.toContain('FORGET');
    through.close();
  });

  it('to a server that accepts and never answers is given up', async () => {
    const through = await proxy(node);
    through.state.silent = true;
    const started = performance.now();
    expect(await failure(at(through.endpoint).migrations())).toMatchObject({ code: 'timeout' });
    expect(performance.now() - started).toBeLessThan(6_000);
    through.close();
  });

  it('is made to the first endpoint that lets us in, soon also when an earlier one is silent', async () => {
    const through = await proxy(node);
    through.state.silent = true;
    const started = performance.now();
    await at({ ip: '127.0.0.1', port: 1 }, through.endpoint, node).migrations();
    expect(performance.now() - started).toBeLessThan(1_500);
    through.close();
  });

  it('that nobody accepts is unreachable, and every endpoint is named', async () => {
    const error = await failure(at({ ip: '127.0.0.1', port: 1 }, { ip: '127.0.0.1', port: 2 }).migrations());
    expect(error).toMatchObject({ code: 'unreachable', retry: 'soon' });
    expect(error.message).toContain('127.0.0.1:1: connect');
    expect(error.message).toContain('127.0.0.1:2: connect');
    expect(await failure(at().migrations())).toMatchObject({ code: 'unreachable' });
  });
});

describe('a cluster', () => {
  const names = ['c1', 'c2', 'c3', 'c4'];
  let endpoints: Endpoint[];
  const node = (index: number) => at(endpoints[index] as Endpoint);

  beforeAll(async () => {
    endpoints = await Promise.all(names.map((name) => makeNode(name)));
  });

  it('is made, grown, asked, moved, switched over and shrunk by our commands alone', async () => {
    const parts = evenSplit(3);
    for (const index of [0, 1, 2, 3]) await node(index).setConfigEpoch(index + 1);
    await Promise.all(parts.map((slots, index) => node(index).addSlots(slots)));
    for (const [index, endpoint] of endpoints.entries()) {
      if (index > 0) await node(0).meet({ ...endpoint, busPort: 16379 });
    }
    await eventually('all know all', async () => {
      const readings = await Promise.all(endpoints.map((_, index) => node(index).read([])));
      return readings.every(
        ({ members }) => members.length === 4 && members.every((m) => !m.handshake && m.linkConnected),
      );
    });
    await eventually('the cluster serves', async () => (await node(0).read([])).clusterOk);

    const [first, , third] = await Promise.all(endpoints.map((_, index) => node(index).read([])));
    expect(await failure(node(0).replicate(first?.nodeId ?? ''))).toMatchObject({ code: 'refused' });
    await node(3).replicate(third?.nodeId ?? '');
    const replica = await eventually('the replica is in step', async () => {
      const reading = await node(3).read([]);
      return reading.primaryLink?.up && reading.offset > 0 ? reading : undefined;
    });
    expect(replica).toMatchObject({
      role: 'replica',
      primaryLink: { ip: endpoints[2]?.ip, port: 6379, downSeconds: -1 },
    });
    await eventually('the primary counts it', async () => {
      const { replicas } = await node(2).read([]);
      return replicas.some(({ ip, online }) => ip === endpoints[3]?.ip && online);
    });

    const keys = redis.at([endpoints[0] as Endpoint], writer);
    await writeKeys(endpoints[0] as Endpoint, 50);
    const counted = await node(0).keysInSlots(parts[0] ?? []);
    expect([...counted.values()].reduce((sum, count) => sum + count, 0)).toBe((await keys.read([])).keys);
    expect([...counted.values()].every((count) => count > 0)).toBe(true);

    const task = await node(1).importSlots([
      [0, 99],
      [200, 299],
    ]);
    expect(task).toMatch(/^[0-9a-f]{40}$/);
    const record = await eventually('the slots have moved', async () =>
      (await node(1).migrations()).find(({ id, state }) => id === task && state === 'completed'),
    );
    expect(record).toMatchObject({
      slots: [
        [0, 99],
        [200, 299],
      ],
      source: first?.nodeId,
      operation: 'import',
      lastError: '',
    });
    await node(1).cancelMigration(task);
    const own = (await node(1).read([])).members.find(({ myself }) => myself);
    expect(slotCount(own?.slots ?? [])).toBe(slotCount(parts[1] ?? []) + 200);
    expect((await node(1).read([])).migrations).toHaveLength(1);
    expect(await failure(node(1).importSlots([[0, 5]]))).toMatchObject({ code: 'refused' });

    await node(3).failover('graceful');
    await eventually('the replica has taken over', async () => (await node(3).read([])).role === 'primary');
    await eventually('the former primary follows', async () => (await node(2).read([])).primaryLink?.up);

    for (const index of [0, 1, 3]) await node(index).forget(third?.nodeId ?? '');
    await node(2).reset('hard');
    expect(await node(2).read([])).toMatchObject({ role: 'primary', currentEpoch: 0, keys: 0 });
    const refused = await failure(node(0).reset('hard'));
    expect(refused.message).toContain('containing keys');
  });

  it('tells a failed primary, and its replica takes over when it is forced to', async () => {
    await node(2).meet({ ...(endpoints[0] as Endpoint), busPort: 16379 });
    const primary = (await node(3).read([])).nodeId;
    await eventually('it is a replica again', async () => {
      await node(2).replicate(primary);
      return (await node(2).read([])).primaryLink?.up;
    });
    await engine.stopContainer(`${cluster}-c4`, 10_000);
    await eventually(
      'its replica sees it gone',
      async () => (await node(2).read([])).primaryLink?.up === false,
    );
    await node(2).failover('force');
    await eventually('it has taken over', async () => (await node(2).read([])).role === 'primary');
    await eventually('the others see it failed', async () => {
      const { members } = await node(0).read([]);
      return members.find(({ id }) => id === primary)?.failing === 'failed';
    });
  });
});

describe('a node that reads its data set', () => {
  it('says so, and tells what INFO tells', async () => {
    const endpoint = await makeNode('slow');
    await at(endpoint).addSlots([[0, 16383]]);
    await eventually('it serves', async () => (await at(endpoint).read([])).clusterOk);
    await writeKeys(endpoint, 6_000);
    await engine.stopContainer(`${cluster}-slow`, 10_000);
    const slowly = { 'key-load-delay': '2000', 'loading-process-events-interval-bytes': '1024' };
    await engine.putFiles(`${cluster}-slow`, [configFile(slowly), usersFile([WRITER])]);
    await engine.startContainer(`${cluster}-slow`);
    const again = await endpointOf('slow');
    const loading = await eventually('it loads', async () => {
      const reading = await at(again).read(['maxmemory']);
      return reading.loading ? reading : undefined;
    });
    expect(loading).toMatchObject({ nodeId: '', version: '8.6.3', members: [], config: {}, users: [] });
    expect(await failure(at(again).forget('0'.repeat(40)))).toMatchObject({ code: 'refused', retry: 'soon' });
    // It would take 12 s in all; what was to be seen has been seen.
    await redis.at([again], writer).configure({ 'key-load-delay': '0' });
    await eventually('it is done', async () => (await at(again).read([])).keys === 6_000, 60_000);
  });
});

/** Keys in slots that the node owns, by a user that may write. */
async function writeKeys(endpoint: Endpoint, count: number): Promise<void> {
  const connection = await Connection.open(endpoint, writer, never);
  const all = Array.from({ length: count * 4 }, (_, index) => `key:${index}`);
  const replies = await connection.batch(
    all.slice(0, count).map((key) => ['SET', key, key] as const),
    10_000,
  );
  connection.close();
  expect(replies).toContain('OK');
}
