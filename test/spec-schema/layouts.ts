/** Random specs that are in order: shards spread over zones as every rule asks, nodes in any order. */
import fc from 'fast-check';

export interface Layout {
  readonly hosts: readonly object[];
  readonly nodes: readonly { name: string; shard: string; host: string; role?: string; port: number }[];
  readonly [section: string]: unknown;
}

const shape = fc.record({
  zones: fc.integer({ min: 3, max: 5 }),
  hostsPerZone: fc.integer({ min: 1, max: 3 }),
  shards: fc.integer({ min: 3, max: 12 }),
  replicas: fc.integer({ min: 0, max: 2 }),
  roles: fc.boolean(),
  bridge: fc.boolean(),
  ipv6: fc.boolean(),
  config: fc.record(
    {
      'maxmemory-policy': fc.constantFrom('noeviction', 'allkeys-lru', 'volatile-ttl'),
      appendonly: fc.constantFrom('yes', 'no', true, false),
      save: fc.constantFrom('3600 1', '900 1 300 10'),
      hz: fc.integer({ min: 1, max: 500 }),
      'cluster-node-timeout': fc.integer({ min: 1000, max: 60_000 }),
    },
    { requiredKeys: [] },
  ),
  limited: fc.boolean(),
});

/** Specs as plain data. */
export const layouts: fc.Arbitrary<Layout> = shape.chain((chosen) => {
  const layout = build(chosen);
  return fc
    .shuffledSubarray([...layout.nodes], { minLength: layout.nodes.length, maxLength: layout.nodes.length })
    .map((nodes) => ({ ...layout, nodes }));
});

type Shape = typeof shape extends fc.Arbitrary<infer S> ? S : never;

function build({
  zones,
  hostsPerZone,
  shards,
  replicas,
  roles,
  bridge,
  ipv6,
  config,
  limited,
}: Shape): Layout {
  const hosts = Array.from({ length: zones * hostsPerZone }, (_, index) => {
    const zone = index % zones;
    const docker = bridge ? 'unix:///var/run/docker.sock' : `unix:///run/host${index}.sock`;
    const address = ipv6 ? `fd00::${zone}:${index}` : `10.${zone}.0.${index + 1}`;
    return { name: `h${index}`, zone: `z${zone}`, docker, ...(bridge ? {} : { address }) };
  });
  const nodes = Array.from({ length: shards * (replicas + 1) }, (_, index) => {
    const shard = index % shards;
    const member = Math.floor(index / shards);
    // Member by member one zone further: a shard never meets itself, and primaries are spread evenly.
    const zone = (shard + member) % zones;
    const host = zone + zones * (Math.floor(index / zones) % hostsPerZone);
    return {
      name: `n${index}`,
      shard: `s${shard}`,
      host: `h${host}`,
      port: 7000 + index,
      ...(roles ? { role: member === 0 ? 'primary' : 'replica' } : {}),
      ...(bridge && !ipv6 ? { address: `10.213.47.${index + 2}` } : {}),
    };
  });
  return {
    apiVersion: 'redisforge.dev/v1',
    kind: 'RedisCluster',
    metadata: { name: 'random' },
    redis: { image: 'redis:8.6.3', config: { ...config, ...(limited ? { maxmemory: '1gb' } : {}) } },
    ...(limited ? { resources: { memory: '2gb' } } : {}),
    auth: { operator: { password: { file: 'o' } }, replication: { password: { file: 'r' } } },
    ...(bridge ? { network: { mode: 'bridge', ...(ipv6 ? {} : { subnet: '10.213.47.0/24' }) } } : {}),
    users: [{ name: 'app', rules: ['~*', '+@all'], password: { env: 'APP' } }],
    hosts,
    nodes,
  };
}
