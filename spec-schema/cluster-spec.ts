/**
 * The shape of `cluster.yaml`: every field, its form, its default and its meaning.
 *
 * Only what can be said of one field stands here. Rules between fields are in `rules/`, so that both kinds of
 * problem are reported together (zod does not run refinements of an object whose structure is wrong).
 */
import { z } from 'zod';

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Names become container, volume and label names: the common subset of what Docker and DNS allow. */
const name = z.string().regex(NAME, {
  error: 'must be 1 to 63 lower-case letters, digits and hyphens, and begin and end with a letter or digit',
});

const port = z.int().min(1).max(65535);

/** A reference to a secret: the value itself never stands in a spec. */
export const secretRefSchema = z
  .union([
    z.strictObject({
      file: z
        .string()
        .regex(/^(?!.*\.\.)[\w.-]+(?:\/[\w.-]+)*$/, {
          error: 'must be the name of a file below the secrets directory, without `..`',
        })
        .describe('File that holds the secret; relative to the secrets directory of RedisForge'),
    }),
    z.strictObject({
      env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be the name of an environment variable' })
        .describe('Environment variable of RedisForge that holds the secret'),
    }),
  ])
  .describe(
    'Reference to a secret: `{ file: … }` or `{ env: … }`. The value itself never stands in the spec',
  );

/** A number of bytes, or a size as Redis writes it. */
export const byteSizeSchema = z
  .union(
    [z.int().min(0), z.string().regex(/^\d+[kKmMgG]?[bB]?$/, { error: 'must be a whole number and a unit' })],
    {
      error: 'must be a number of bytes, or a whole number and a unit',
    },
  )
  .describe("Bytes, or a number with one of Redis' units: k 1000, kb 1024, m, mb, g, gb");

const configValue = z.union([z.string(), z.number(), z.boolean()], {
  error: 'must be text, a number, `true` or `false`',
});
const config = z.record(z.string(), configValue);

const hostSchema = z.strictObject({
  name: name.describe('Name of the machine, unique in the cluster'),
  zone: name.describe('Failure domain: members of one shard are kept in different zones'),
  address: z
    .string()
    .optional()
    .describe(
      'IP address under which the nodes of this host reach each other and clients reach them. Needed when `network.mode` is `host`',
    ),
  docker: z
    .string()
    .regex(/^(?:unix:\/\/\/|ssh:\/\/|tcp\+tls:\/\/)\S+$/, {
      error: 'must be unix:///path, ssh://user@host[:port] or tcp+tls://host:port',
    })
    .describe(
      'Where its Docker Engine listens: `unix:///var/run/docker.sock`, `ssh://user@host[:port]` or `tcp+tls://host:port`',
    ),
  ssh: z
    .strictObject({
      hostKey: z
        .string()
        .regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, {
          error: 'must be a fingerprint as `ssh-keygen -lf` prints it: SHA256:…',
        })
        .describe(
          'Fingerprint of the host key, as `ssh-keygen -lf` prints it. Connections to any other key are refused',
        ),
      identity: secretRefSchema.describe('Private key to log in with'),
      socket: z
        .string()
        .regex(/^\/\S*$/, { error: 'must be a path that begins with /' })
        .default('/var/run/docker.sock')
        .describe("Path of the engine's socket on that machine"),
    })
    .optional()
    .describe('How to log in; needed for `ssh://`'),
  tls: z
    .strictObject({
      ca: secretRefSchema.describe('Certificate of the authority that signed the certificate of the engine'),
      certificate: secretRefSchema.describe('Certificate that RedisForge shows'),
      key: secretRefSchema.describe('Its private key'),
    })
    .optional()
    .describe('Certificates for the engine; needed for `tcp+tls://`'),
});

const resourcesSchema = z.strictObject({
  memory: byteSizeSchema
    .optional()
    .describe('Memory limit of the container. Leave room beside `maxmemory` for forks and buffers'),
  cpus: z.number().positive().optional().describe('CPU limit in cores'),
  nofile: z.int().min(1024).optional().describe('Limit of open files'),
});

const nodeSchema = z.strictObject({
  name: name.describe('Name of the node, unique in the cluster; also the name of its container'),
  shard: name.describe('Shard that it is a member of'),
  host: name.describe('Host that it runs on'),
  role: z
    .enum(['primary', 'replica', 'surge'])
    .optional()
    .describe(
      'Preference, not a fact: roles are always live. `surge`: a replica that exists only while other members of its shard are restarted, so that redundancy stays full; made and in sync before the first of them is touched, removed with its volume afterwards',
    ),
  port: port.default(6379).describe('Port for clients'),
  busPort: port.optional().describe('Port of the cluster bus; by default `port` + 10000'),
  address: z
    .string()
    .optional()
    .describe(
      'IP address to announce. By default the address of the host, or in a bridge network the one that the engine gives',
    ),
  config: config.optional().describe('Directives for this node alone; they win over `redis.config`'),
  resources: resourcesSchema.optional().describe('Limits for this node alone; they win over `resources`'),
});

const userSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[^\s"'\\]{1,64}$/, { error: 'must be 1 to 64 characters without blanks and quotes' })
    .describe('Name to log in with'),
  rules: z
    .union([z.string(), z.array(z.string())], { error: 'must be text or a list of texts' })
    .describe('Access rules as Redis writes them: `~app:* &app:* +@all -@dangerous`. No passwords here'),
  password: secretRefSchema.optional().describe('Its password. Without one nobody can log in as this user'),
  enabled: z.boolean().default(true).describe('Whether it may log in'),
});

const networkSchema = z.discriminatedUnion('mode', [
  z.strictObject({
    mode: z.literal('host').describe('Nodes use the network of their host: the way to run across machines'),
  }),
  z.strictObject({
    mode: z
      .literal('bridge')
      .describe('Nodes share a Docker network on one engine: for demos, tests and single machines'),
    subnet: z
      .string()
      .optional()
      .describe('Subnet of that network, for example 10.213.47.0/24; needed when nodes have fixed addresses'),
    publish: z
      .string()
      .optional()
      .describe("Host address on which each node's client port is published under the same number"),
    hostname: z
      .string()
      .regex(/^[A-Za-z0-9.-]{1,253}$/, { error: 'must be a host name: letters, digits, hyphens and dots' })
      .optional()
      .describe(
        "Name that clients are redirected to instead of the nodes' addresses (`localhost` lets clients on the host follow redirections to published ports)",
      ),
  }),
]);

const policiesSchema = z.strictObject({
  parallelShards: z
    .int()
    .min(1)
    .default(8)
    .describe(
      'How many shards may be disturbed, or have a surge replica, at the same time; never more than one member of each',
    ),
  allowDowntime: z
    .boolean()
    .default(false)
    .describe('Whether a primary without a replica may be restarted, which stops its slots for that time'),
  syncTimeout: z
    .int()
    .min(1)
    .default(3600)
    .describe('Seconds that a replica may take to synchronise before it counts as failed'),
  canarySoak: z
    .int()
    .min(0)
    .default(30)
    .describe(
      'Seconds that the first shard of a rolling change has to run well before the next one is touched',
    ),
  retireAfter: z
    .int()
    .min(0)
    .optional()
    .describe(
      'Days after which the volume of a node that left the spec is removed. Without it volumes are kept',
    ),
});

const balanceSchema = z.strictObject({
  by: z
    .enum(['slots', 'memory', 'load'])
    .default('slots')
    .describe(
      'What shards share evenly: the number of slots, the bytes in them, or the work that they make (CPU time). The latter two ask the servers (CLUSTER SLOT-STATS) and are as exact as `cluster-slot-stats-enabled` lets them be',
    ),
  threshold: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe(
      'Percent by which a shard may miss its share before slots are moved; by default 2 for slots, 20 otherwise',
    ),
});

const shardSchema = z.strictObject({
  name: name.describe('Name of a shard that nodes are members of'),
  weight: z.number().positive().default(1).describe('Its share of the slots, relative to the other shards'),
});

const maintenanceSchema = z.strictObject({
  timezone: z.string().default('UTC').describe('Time zone of the windows, for example Europe/Berlin'),
  windows: z
    .array(
      z.strictObject({
        cron: z
          .string()
          .describe('When the window opens, as five cron fields: minute hour day month weekday'),
        minutes: z.int().min(1).max(10_080).describe('How long it stays open'),
        risks: z
          .array(z.enum(['disruptive', 'destructive']))
          .min(1)
          .default(['disruptive', 'destructive'])
          .describe('Classes of steps that this window is for'),
      }),
    )
    .default([])
    .describe('Steps of these classes run only while a window for them is open. Repairs never wait'),
  freeze: z
    .strictObject({
      reason: z.string().min(1).describe('Why, for whoever wonders'),
      until: z.iso.datetime({ offset: true }).optional().describe('When it ends by itself'),
    })
    .optional()
    .describe('While present nothing disruptive or destructive is done, windows or not'),
});

const recoverySchema = z.strictObject({
  takeover: z
    .array(name)
    .min(1)
    .describe('Replicas that take over without a vote, because the majority of primaries is gone for good'),
  hostsAreOff: z
    .array(name)
    .default([])
    .describe(
      'Hosts that do not answer and of which you know that they are off: what ran there cannot be stopped',
    ),
  reason: z.string().min(1).describe('Why what the lost primaries had and the replicas had not is given up'),
});

export const clusterSpecSchema = z
  .strictObject({
    apiVersion: z.literal('redisforge.dev/v1').describe('Version of this format'),
    kind: z.literal('RedisCluster').describe('What the file describes'),
    metadata: z
      .strictObject({
        name: name.describe('Name of the cluster, unique among all that share an engine'),
        description: z.string().optional().describe('What it is for, for people'),
      })
      .describe('What the cluster is called'),
    redis: z
      .strictObject({
        image: z
          .string()
          .regex(/^\S+$/, { error: 'must be an image reference without blanks' })
          .describe('Image reference, for example redis:8.6.3; a digest may follow after @'),
        version: z
          .string()
          .regex(/^\d+\.\d+\.\d+$/, { error: 'must be three numbers: 8.6.3' })
          .optional()
          .describe('Version of Redis in that image; by default read from its tag'),
        config: config.prefault({}).describe('Directives of redis.conf for every node'),
      })
      .describe('The software and its settings'),
    resources: resourcesSchema.prefault({}).describe("Limits of each node's container"),
    placement: z
      .enum(['zone', 'host', 'single-host'])
      .default('zone')
      .describe(
        'What two members of a shard must not share: a `zone`, a `host`, or nothing (`single-host`: a demo)',
      ),
    network: networkSchema.prefault({ mode: 'host' }).describe('How nodes and clients reach each other'),
    auth: z
      .strictObject({
        operator: z
          .strictObject({
            password: secretRefSchema.describe("Password of RedisForge's own user (`redisforge`)"),
          })
          .describe("RedisForge's own user (`redisforge`)"),
        replication: z
          .strictObject({
            password: secretRefSchema.describe(
              'Password of the user that replicas log in as (`replication`)',
            ),
          })
          .describe('The user that replicas log in as (`replication`)'),
      })
      .describe('Passwords of the two users that RedisForge itself needs'),
    users: z.array(userSchema).default([]).describe('Users for applications and people'),
    hosts: z.array(hostSchema).min(1).describe('Machines with a Docker Engine'),
    nodes: z.array(nodeSchema).min(1).describe('The redis-servers of the cluster, each by name'),
    shards: z
      .array(shardSchema)
      .default([])
      .describe('Shards that are not like the others; all need no entry'),
    balance: balanceSchema.prefault({}).describe('When slots are moved between shards'),
    policies: policiesSchema.prefault({}).describe('How careful changes are made'),
    maintenance: maintenanceSchema.optional().describe('When changes may be made'),
    recovery: recoverySchema
      .optional()
      .describe('What a person decided when the quorum was lost; remove it afterwards'),
    paused: z
      .strictObject({ reason: z.string().min(1).describe('Why, for whoever wonders') })
      .optional()
      .describe('While present nothing is changed on the cluster; plans and drift are still shown'),
  })
  .describe('A Redis Cluster that RedisForge keeps equal to this file');

/** A `cluster.yaml` after defaults; every rule between its fields holds once `readSpec` has accepted it. */
export type ClusterSpec = z.output<typeof clusterSpecSchema>;
export type HostSpec = ClusterSpec['hosts'][number];
export type NodeSpec = ClusterSpec['nodes'][number];
export type UserSpec = ClusterSpec['users'][number];
export type SecretRef = z.output<typeof secretRefSchema>;

/** Names that RedisForge's own users have on every node. */
export const OPERATOR_USER = 'redisforge';
export const REPLICATION_USER = 'replication';
