/** The `cluster.yaml` of a real test cluster: small, on one engine, with names and addresses of its own. */

export const ENGINE = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
export const LOADER_PASSWORD = 'loader-password';
export const OPERATOR_PASSWORD = 'operator-password';

export interface RealShape {
  readonly shards?: number;
  readonly replicas?: number;
  readonly config?: Readonly<Record<string, string | number>>;
  /** Leave addresses to the engine, so that recreated containers get others. */
  readonly floating?: boolean;
  /** Fields of the document that replace those above. */
  readonly more?: Readonly<Record<string, unknown>>;
}

interface NodeEntry {
  name: string;
  shard: string;
  host: string;
  role?: 'primary' | 'replica' | 'surge';
  port: number;
  address?: string;
  config?: Record<string, string | number>;
}

/** As a user would write it; tests change it as a commit would. */
export interface SpecDocument {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  redis: { image: string; version?: string; config: Record<string, string | number> };
  resources?: { memory?: string; cpus?: number; nofile?: number };
  network: { mode: string; subnet?: string; publish?: string };
  auth: Record<string, { password: { file: string } }>;
  users: { name: string; rules: string; password?: { file: string } }[];
  hosts: { name: string; zone: string; docker: string; address?: string }[];
  nodes: NodeEntry[];
  shards?: { name: string; weight?: number }[];
  policies?: { parallelShards?: number; allowDowntime?: boolean; canarySoak?: number; retireAfter?: number };
  recovery?: { takeover: string[]; reason: string; hostsAreOff?: string[] };
}

/**
 * Three shards with one replica each over three zones, unless asked otherwise; `1a` is the first member of shard s1.
 * @param subnet the first three bytes of the network of its own.
 */
export function documentOf(
  name: string,
  subnet: string,
  { shards = 3, replicas = 1, config = {}, floating = false, more = {} }: RealShape,
): SpecDocument {
  const nodes = Array.from({ length: shards }, (_, shard) =>
    Array.from(
      { length: replicas + 1 },
      (_, member): NodeEntry => ({
        name: `${name}-${shard + 1}${'abcd'[member]}`,
        shard: `s${shard + 1}`,
        host: `h${((shard + member) % 3) + 1}`,
        role: member === 0 ? 'primary' : 'replica',
        port: 7000 + shard * 10 + member,
        ...(floating ? {} : { address: `${subnet}.${10 + shard * 10 + member}` }),
      }),
    ),
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
    hosts: [1, 2, 3].map((zone) => ({ name: `h${zone}`, zone: `z${zone}`, docker: ENGINE })),
    nodes,
    ...more,
  };
}
