/** Specs of clusters that were found running: read back without complaint, with nothing in them that nobody said. */
import { describe, expect, test } from 'vitest';
import { type Adoption, adopt } from '../../reconciler/engine/adopt.ts';
import type { Endpoint } from '../../reconciler/model/facts.ts';
import type { AclUserReading, MemberView, NodeReading } from '../../reconciler/model/readings.ts';
import { parseSlots } from '../../reconciler/model/slots.ts';
import { type Engines, PortError, type Redis, type RedisNode, Secret } from '../../reconciler/ports.ts';
import { canonicalRules } from '../../reconciler/wire/acl.ts';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import { DIRECTIVES } from '../../spec-schema/directive-table.ts';
import { readSpec } from '../../spec-schema/read-spec.ts';

/** One server: `a` is short for its id. */
interface Server {
  readonly at: string;
  readonly slots?: string;
  /** Short id of the primary that it follows. */
  readonly of?: string;
  readonly version?: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly users?: readonly AclUserReading[];
  readonly down?: boolean;
  readonly failing?: MemberView['failing'];
}

const DEFAULT: AclUserReading = {
  name: 'default',
  enabled: true,
  nopass: true,
  passwordHashes: [],
  rules: 'sanitize-payload ~* &* +@all',
};

const THREE: Readonly<Record<string, Server>> = {
  a: { at: '10.0.1.1:6379', slots: '0-5460' },
  b: { at: '10.0.2.1:6379', slots: '5461-10922' },
  c: { at: '10.0.3.1:6379', slots: '10923-16383' },
  d: { at: '10.0.2.2:6379', of: 'a' },
  e: { at: '10.0.3.2:6379', of: 'b' },
  f: { at: '10.0.1.2:6379', of: 'c' },
};

const idOf = (short: string) => short.repeat(40);

function addressOf({ at }: Server): { ip: string; port: number; busPort: number } {
  const [endpoint = '', bus] = at.split('@');
  const colon = endpoint.lastIndexOf(':');
  const port = Number(endpoint.slice(colon + 1));
  return { ip: endpoint.slice(0, colon), port, busPort: bus === undefined ? port + 10_000 : Number(bus) };
}

function viewOf(short: string, server: Server, myself: boolean): MemberView {
  return {
    id: idOf(short),
    ...addressOf(server),
    hostname: '',
    myself,
    role: server.of === undefined ? 'primary' : 'replica',
    failing: server.failing ?? 'no',
    handshake: false,
    noAddress: false,
    primaryId: server.of === undefined ? null : idOf(server.of),
    configEpoch: 1,
    linkConnected: true,
    slots: parseSlots(server.slots ?? ''),
    migrating: [],
    importing: [],
  };
}

function readingOf(
  short: string,
  cluster: Readonly<Record<string, Server>>,
  asked: readonly string[],
): NodeReading {
  const server = cluster[short]!;
  const all = Object.fromEntries(DIRECTIVES.map(({ name, default: value }) => [name, value]));
  const config = { ...all, port: String(addressOf(server).port), ...server.config };
  return {
    nodeId: idOf(short),
    version: server.version ?? '8.6.3',
    runId: short,
    uptimeMs: 1,
    loading: false,
    clusterOk: true,
    currentEpoch: 1,
    role: server.of === undefined ? 'primary' : 'replica',
    primaryLink: null,
    replicas: [],
    offset: 0,
    keys: 1,
    usedMemoryBytes: 1,
    maxmemoryBytes: 0,
    saving: false,
    rewriting: false,
    members: Object.entries(cluster).map(([other, member]) => viewOf(other, member, other === short)),
    config: Object.fromEntries(Object.entries(config).filter(([name]) => asked.includes(name))),
    users: server.users ?? [DEFAULT],
    migrations: [],
  };
}

/** Servers that can be read, and nothing else. */
function redisOf(cluster: Readonly<Record<string, Server>>): Redis {
  const read = async (endpoints: readonly Endpoint[], asked: readonly string[]): Promise<NodeReading> => {
    for (const endpoint of endpoints) {
      const found = Object.entries(cluster).find(([, server]) => {
        const { ip, port } = addressOf(server);
        return ip === endpoint.ip && port === endpoint.port && server.down !== true;
      });
      if (found !== undefined) return readingOf(found[0], cluster, asked);
    }
    throw new PortError('unreachable', `${endpoints[0]?.ip}:${endpoints[0]?.port}: connection refused`);
  };
  return {
    at: (endpoints) => ({ read: (asked: readonly string[]) => read(endpoints, asked) }) as RedisNode,
    close: async () => undefined,
  };
}

const noEngines: Engines = {
  of: () => {
    throw new Error('no engine was named');
  },
  close: async () => undefined,
};

async function adopted(cluster: Readonly<Record<string, Server>>, name?: string): Promise<Adoption> {
  const [first] = Object.values(cluster);
  return adopt(
    {
      seed: addressOf(first!),
      credentials: { username: 'default', password: new Secret('') },
      cluster: name,
      docker: undefined,
    },
    { redis: redisOf(cluster), engines: noEngines },
  );
}

/** The spec, which must be in order. */
async function specOf(
  cluster: Readonly<Record<string, Server>>,
): Promise<{ spec: ClusterSpec; text: string }> {
  const { text, problems } = await adopted(cluster, 'orders');
  expect(problems).toEqual([]);
  const { spec } = readSpec(text, 'cluster.yaml', { checkRules: canonicalRules });
  return { spec: spec!, text };
}

/** Remarks for a person, in one line each. */
function checks(text: string): string[] {
  return text
    .replace(/\n *# (?!CHECK|Slots|What|No slots)/g, ' ')
    .split('\n')
    .filter((line) => line.includes('CHECK: '))
    .map((line) => line.replace(/.*CHECK: /, ''));
}

describe('a cluster of several machines', () => {
  test('becomes shards, roles and hosts as they are, and nothing that is a default', async () => {
    const { spec } = await specOf(THREE);
    expect(
      spec.nodes.map(({ name, shard, host, role, port }) => `${name} ${shard} ${host} ${role} ${port}`),
    ).toEqual([
      'orders-1 s1 h1 primary 6379',
      'orders-1r s1 h4 replica 6379',
      'orders-2 s2 h3 primary 6379',
      'orders-2r s2 h6 replica 6379',
      'orders-3 s3 h5 primary 6379',
      'orders-3r s3 h2 replica 6379',
    ]);
    expect(spec.hosts.map(({ name, zone, address }) => `${name} ${zone} ${address}`)).toEqual([
      'h1 z1 10.0.1.1',
      'h2 z2 10.0.1.2',
      'h3 z3 10.0.2.1',
      'h4 z4 10.0.2.2',
      'h5 z5 10.0.3.1',
      'h6 z6 10.0.3.2',
    ]);
    expect(spec).toMatchObject({ placement: 'zone', network: { mode: 'host' }, users: [] });
    // Servers that RedisForge did not start are not taken over by the first apply.
    expect(spec.paused).toEqual({ reason: 'adopted from a running cluster and not taken over' });
    // RedisForge would set 5000 unless the spec says what is: all else is what Redis does by itself.
    expect(spec.redis).toEqual({ image: 'redis:8.6.3', config: { 'cluster-node-timeout': 15_000 } });
  });

  test('tells what most nodes have for all, and what few have by node', async () => {
    const { spec, text } = await specOf({
      ...THREE,
      a: { ...THREE['a']!, config: { maxmemory: '8589934592', 'cluster-node-timeout': '5000', save: '' } },
      b: { ...THREE['b']!, config: { maxmemory: '8589934592', 'cluster-node-timeout': '5000', save: '' } },
      c: { ...THREE['c']!, config: { maxmemory: '8589934592', 'cluster-node-timeout': '5000', save: '' } },
      d: { ...THREE['d']!, config: { maxmemory: '1073741825', 'cluster-node-timeout': '5000', save: '' } },
      e: { ...THREE['e']!, config: { maxmemory: '8589934592', 'cluster-node-timeout': '5000' } },
      f: {
        ...THREE['f']!,
        config: { maxmemory: '8589934592', 'cluster-node-timeout': '5000', 'replica-priority': '7' },
      },
    });
    expect(spec.redis.config).toEqual({ maxmemory: '8gb', save: '' });
    expect(spec.nodes.map(({ config }) => config)).toEqual([
      undefined,
      { maxmemory: 1_073_741_825 },
      undefined,
      { save: '3600 1 300 100 60 10000' },
      undefined,
      { 'replica-priority': 7, save: '3600 1 300 100 60 10000' },
    ]);
    expect(text).not.toContain('cluster-node-timeout');
  });

  test('keeps users and rules, wants their passwords from a person, and says who will be locked out', async () => {
    const hash = '0'.repeat(64);
    const app = {
      name: 'app',
      enabled: true,
      nopass: false,
      passwordHashes: [hash],
      rules: 'sanitize-payload ~app:* resetchannels -@all +@read',
    };
    const off = { ...app, name: 'old app!', enabled: false, passwordHashes: [] };
    const users = [DEFAULT, app, off, { ...app, name: 'open', nopass: true, passwordHashes: [] }];
    const cluster = Object.fromEntries(
      Object.entries(THREE).map(([short, server]) => [
        short,
        {
          ...server,
          users: short === 'd' ? [DEFAULT, { ...app, rules: `${app.rules} +get` }, ...users.slice(2)] : users,
        },
      ]),
    );
    const { text } = await adopted(cluster, 'orders');
    // A name with a blank is one that no spec can have: the reader says so.
    expect(text).toContain('  - name: old app!\n');
    const { spec } = await specOf(
      Object.fromEntries(
        Object.entries(cluster).map(([short, server]) => [
          short,
          {
            ...server,
            users: server.users.map((user) => ({ ...user, name: user.name.replace(/ |!/g, '') })),
          },
        ]),
      ),
    );
    expect(spec.users).toEqual([
      { name: 'app', enabled: true, rules: app.rules, password: { file: 'app-password' } },
      { name: 'oldapp', enabled: false, rules: app.rules },
      { name: 'open', enabled: true, rules: app.rules, password: { file: 'open-password' } },
    ]);
    expect(text).not.toContain(hash.slice(0, 8));
    expect(checks(text)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('whoever connects without a password and no name is the default user'),
        'this user is not the same on all nodes; this is how most have it',
        'put the password that it has today into the file: the servers know its hash alone',
        'anybody may log in as this user today, and will need the password',
      ]),
    );
  });

  test('says what could not be read, and goes by the others', async () => {
    const { text, problems, unread } = await adopted({
      ...THREE,
      e: { ...THREE['e']!, down: true, failing: 'failed' },
    });
    expect(problems).toEqual([]);
    expect(unread).toEqual([{ address: '10.0.3.2:6379', reason: '10.0.3.2:6379: connection refused' }]);
    expect(checks(text)).toEqual(
      expect.arrayContaining([
        'it could not be asked (10.0.3.2:6379: connection refused): what is said of it is what the others say',
        'the cluster takes it for dead',
      ]),
    );
    expect(text).toMatch(/adopted-2r, shard: s2, host: h6, role: replica/);
  });

  test('leaves members out that are dead and own nothing', async () => {
    const { text, problems } = await adopted({
      ...THREE,
      g: { at: '10.0.9.9:6379', failing: 'failed', down: true },
    });
    expect(problems).toEqual([]);
    expect(text).not.toMatch(/address: 10\.0\.9\.9/);
    expect(checks(text).join('\n')).toContain(
      'left out: member gggggggg at 10.0.9.9:6379, which is dead and owns nothing',
    );
  });

  test('keeps names that nodes announce, if every one has its own', async () => {
    const named = (name: string): Partial<Server> => ({
      config: { 'cluster-announce-human-nodename': name },
    });
    const cluster = Object.fromEntries(
      Object.entries(THREE).map(([short, server]) => [short, { ...server, ...named(`cache-${short}`) }]),
    );
    expect((await specOf(cluster)).spec.nodes.map(({ name }) => name).join(' ')).toBe(
      'cache-a cache-d cache-b cache-e cache-c cache-f',
    );
    const twice = { ...cluster, f: { ...cluster['f']!, ...named('cache-a') } };
    expect((await specOf(twice)).spec.nodes[0]?.name).toBe('orders-1');
  });

  test('may have IPv6 addresses and bus ports of its own', async () => {
    const { spec, text } = await specOf({
      a: { at: 'fd00::1:7001@7101', slots: '0-5460' },
      b: { at: 'fd00::2:7001@7101', slots: '5461-10922' },
      c: { at: 'fd00::a:7001@7101', slots: '10923-16383' },
    });
    expect(spec.hosts.map(({ address, docker }) => `${address} ${docker}`)).toEqual([
      'fd00::1 ssh://ops@[fd00::1]',
      'fd00::2 ssh://ops@[fd00::2]',
      'fd00::a ssh://ops@[fd00::a]',
    ]);
    expect(spec.nodes.every(({ port, busPort }) => port === 7001 && busPort === 7101)).toBe(true);
    expect(text).toContain('# Slots 0-5460');
  });
});

test('a cluster of one machine is said to be on one host', async () => {
  const { spec } = await specOf(
    Object.fromEntries(
      Object.entries(THREE).map(([short, server], index) => [
        short,
        { ...server, at: `127.0.0.1:${7001 + index}` },
      ]),
    ),
  );
  expect(spec.placement).toBe('single-host');
  expect(spec.hosts.map(({ address }) => address)).toEqual(['127.0.0.1']);
  expect(spec.nodes.map(({ port }) => port)).toEqual([7001, 7004, 7002, 7005, 7003, 7006]);
});

test('roles that put most primaries onto one host are no wish', async () => {
  const { spec, text } = await specOf({
    ...THREE,
    b: { at: '10.0.1.1:6380', slots: '5461-10922' },
    d: { at: '10.0.2.1:6380', of: 'a' },
  });
  expect(spec.nodes.every(({ role }) => role === undefined)).toBe(true);
  expect(checks(text).join('\n')).toContain('put half of the primaries or more into one zone');
});

test('what no spec can describe is written all the same, with the problem beside it', async () => {
  const old = await adopted(
    Object.fromEntries(
      Object.entries(THREE).map(([short, server]) => [short, { ...server, version: '7.2.4' }]),
    ),
  );
  expect(old.problems.map(({ code }) => code)).toContain('version-too-old');
  expect(old.text).toContain('image: redis:7.2.4');
  const two = await adopted({
    a: { at: '10.0.1.1:6379', slots: '0-8191' },
    b: { at: '10.0.2.1:6379', slots: '8192-16383' },
  });
  expect(two.problems.map(({ code }) => code)).toContain('too-few-shards');
});

test('slots that are shared unevenly stay so, and a shard without any is told of', async () => {
  const uneven = {
    ...THREE,
    a: { ...THREE['a']!, slots: '0-8191' },
    b: { ...THREE['b']!, slots: '8192-12287' },
    c: { ...THREE['c']!, slots: '12288-16383' },
  };
  const { spec } = await specOf(uneven);
  expect(spec.shards).toEqual([
    { name: 's1', weight: 1.5 },
    { name: 's2', weight: 0.75 },
    { name: 's3', weight: 0.75 },
  ]);
  const { spec: four, text } = await specOf({ ...uneven, g: { at: '10.0.4.1:6379' } });
  expect(four.shards.map(({ weight }) => weight)).toEqual([2, 1, 1]);
  expect(checks(text)).toContain('a shard without slots gets a share in any case');
});

test('versions that differ are told', async () => {
  const { text } = await specOf({ ...THREE, f: { ...THREE['f']!, version: '8.4.2' } });
  expect(checks(text)).toContain('other nodes run 8.4.2: they would be made 8.6.3');
});

test('a server that knows nobody is no cluster', async () => {
  await expect(adopted({ a: { at: '10.0.1.1:6379' } })).rejects.toThrow('it is no member of a cluster');
});

test('nodes behind published ports are found where they were asked for, if they are who they should be', async () => {
  const inside = Object.fromEntries(
    Object.entries(THREE).map(([short, server], index) => [
      short,
      { ...server, at: `172.18.0.${index + 2}:${7001 + index}` },
    ]),
  );
  const redis = redisOf(inside);
  const published: Redis = {
    ...redis,
    at: (endpoints, credentials) => {
      const [endpoint] = endpoints;
      const index = (endpoint?.port ?? 0) - 7001;
      // 127.0.0.1:7004 leads to another one.
      const shown = endpoint?.port === 7004 ? 1 : index;
      const real =
        endpoint?.ip === '127.0.0.1'
          ? [{ ip: `172.18.0.${shown + 2}`, port: 7001 + shown }]
          : [{ ip: '0.0.0.0', port: 1 }];
      return redis.at(real, credentials);
    },
  };
  const adoption = await adopt(
    {
      seed: { ip: '127.0.0.1', port: 7001 },
      credentials: { username: 'default', password: new Secret('') },
      cluster: 'x',
      docker: undefined,
    },
    { redis: published, engines: noEngines },
  );
  expect(adoption.unread.map(({ address }) => address)).toEqual(['172.18.0.5:7004']);
});
