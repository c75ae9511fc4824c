/**
 * The directives of redis.conf that Redis 8.4 to 8.6 know, as data.
 *
 * Names, bounds, defaults and hidden ones come from the table in the 8.6.3 server's own config.c; that a directive
 * can or cannot be set on a running server was found by trying it on one (`test/integration/directives.test.ts`
 * does so again). What came after 8.4 is from the release notes of 8.6.
 */

/** How the server reads and prints a value. Bounds are inclusive; memory is in bytes. */
export type DirectiveType =
  | { readonly kind: 'boolean' }
  /** `clamp`: the server accepts what lies outside, and prints the nearest bound. */
  | {
      readonly kind: 'integer';
      readonly min: bigint;
      readonly max: bigint;
      readonly clamp?: readonly [bigint, bigint];
    }
  /** Permission bits in base eight. */
  | { readonly kind: 'octal'; readonly min: bigint; readonly max: bigint }
  /** `percent`: `0%` to `100%` may be said instead, and is printed as said. */
  | { readonly kind: 'memory'; readonly min: bigint; readonly max: bigint; readonly percent?: true }
  /** One word. `printed`: words for which CONFIG GET prints another. */
  | {
      readonly kind: 'enum';
      readonly values: readonly string[];
      readonly printed?: Readonly<Record<string, string>>;
    }
  /** One or several words, each standing for bits; of `exclusive` only one may be said. */
  | {
      readonly kind: 'flags';
      readonly values: Readonly<Record<string, number>>;
      readonly exclusive?: readonly string[];
    }
  | { readonly kind: 'string'; readonly form?: 'file-name' | 'title' }
  /** Words between blanks, kept as they are, 16 at most. */
  | { readonly kind: 'words' }
  /** Pairs of seconds and changes; '' for no snapshots. */
  | { readonly kind: 'save' }
  /** Groups of class, hard limit, soft limit, soft seconds. */
  | { readonly kind: 'client-output-buffer-limit' }
  /** Letters for the classes of events. */
  | { readonly kind: 'keyspace-events' }
  /** Numbers from 0 to 100; '' for none. */
  | { readonly kind: 'percentiles' }
  /** Three numbers, for a primary, a replica and a background process. */
  | { readonly kind: 'oom-score-adj-values' }
  /** Exists in the file only: CONFIG GET and CONFIG SET do not know it. */
  | { readonly kind: 'file-only' };

/** One directive of redis.conf. */
export interface Directive {
  readonly name: string;
  /** Older names that the server takes too; CONFIG GET * prints them as well. */
  readonly aliases: readonly string[];
  readonly type: DirectiveType;
  /** Whether CONFIG SET can change it on a running server; but see `startOnly`. */
  readonly live: boolean;
  /** `redisforge`: a spec must not set it in `config`; RedisForge writes it, or relies on its default. */
  readonly owner: 'redisforge' | 'user';
  /** What CONFIG GET prints on a server without any configuration. */
  readonly default: string;
  /** CONFIG GET prints it when asked for by its exact name only, not for `*`. */
  readonly hidden?: true;
  /** First version that knows it, where that is later than 8.4. */
  readonly since?: string;
  /** First version that ignores it: the file may still hold it, without any effect. */
  readonly removed?: string;
  /** First version that knows these values, where that is later than 8.4. */
  readonly valuesSince?: Readonly<Record<string, string>>;
  /**
   * Words that a running 8.6 server refuses unless one of them, of this or another such directive, is in force:
   * per-key memory accounting begins at the start or never, and once ended it does not begin again.
   */
  readonly startOnly?: readonly string[];
  /** What the server must have been built with to accept anything but the default. */
  readonly requires?: 'bundled-jemalloc';
}

type Options = Partial<Omit<Directive, 'name' | 'type' | 'default'>>;

const INT = 2_147_483_647n;
const UINT = 4_294_967_295n;
const LONG = 9_223_372_036_854_775_807n;
const ULONG = 18_446_744_073_709_551_615n;

const OURS: Options = { owner: 'redisforge' };
const AT_START: Options = { live: false };
const HIDDEN: Options = { hidden: true };
/** Delays and debugging aids of the server's own tests: never in a cluster that serves anybody. */
const TEST_ONLY: Options = { hidden: true, owner: 'redisforge' };

const SHUTDOWN_FLAGS: DirectiveType = {
  kind: 'flags',
  values: { default: 0, save: 1, nosave: 2, now: 4, force: 8 },
  exclusive: ['save', 'nosave'],
};
const SLOT_STATS_FLAGS: DirectiveType = { kind: 'flags', values: { no: 0, yes: 7, cpu: 1, net: 2, mem: 4 } };

/** Every directive, by topic, in alphabetical order within each. */
export const DIRECTIVES: readonly Directive[] = [
  // Network and clients.
  row('bind', { kind: 'words' }, '* -::*', OURS),
  text('bind-source-addr', ''),
  integer('busy-reply-threshold', 0n, LONG, '5000', { aliases: ['lua-time-limit'] }),
  row(
    'client-output-buffer-limit',
    { kind: 'client-output-buffer-limit' },
    'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
  ),
  memory('client-query-buffer-limit', 1_048_576n, LONG, '1073741824'),
  integer('io-threads', 1n, 128n, '1', AT_START),
  text('locale-collate', ''),
  integer('lookahead', 1n, INT, '16'),
  integer('max-new-connections-per-cycle', 1n, 1000n, '10'),
  integer('max-new-tls-connections-per-cycle', 1n, 1000n, '1'),
  // The server takes 2^32 - 1, and then tries every limit of open files from there downwards, 16 at a time: at
  // 2.5 thousand million it answered nobody for 35 s. Kernels do not grant a process more than 2^20 by default.
  integer('maxclients', 1n, 1_000_000n, '10000'),
  row('maxmemory-clients', { kind: 'memory', min: 0n, max: LONG, percent: true }, '0'),
  integer('port', 0n, 65535n, '6379', OURS),
  integer('prefetch-batch-max-size', 0n, 128n, '16', HIDDEN),
  boolean('protected-mode', 'yes', OURS),
  memory('proto-max-bulk-len', 1_048_576n, LONG, '536870912'),
  integer('socket-mark-id', 0n, UINT, '0', AT_START),
  integer('tcp-backlog', 0n, INT, '511', AT_START),
  integer('tcp-keepalive', 0n, INT, '300'),
  integer('timeout', 0n, INT, '0'),
  integer('tracking-table-max-keys', 0n, LONG, '1000000'),
  text('unixsocket', '', { ...AT_START, ...OURS }),
  octal('unixsocketperm', 0n, 0o777n, '0', { ...AT_START, ...OURS }),

  // TLS: all of it comes from the `tls` section of the spec.
  oneOf('tls-auth-clients', ['no', 'yes', 'optional'], 'yes', OURS),
  oneOf('tls-auth-clients-user', ['CN', 'off'], 'off', { ...OURS, since: '8.6' }),
  text('tls-ca-cert-dir', '', OURS),
  text('tls-ca-cert-file', '', OURS),
  text('tls-cert-file', '', OURS),
  text('tls-ciphers', '', OURS),
  text('tls-ciphersuites', '', OURS),
  text('tls-client-cert-file', '', OURS),
  text('tls-client-key-file', '', OURS),
  text('tls-client-key-file-pass', '', OURS),
  boolean('tls-cluster', 'no', OURS),
  text('tls-dh-params-file', '', OURS),
  text('tls-key-file', '', OURS),
  text('tls-key-file-pass', '', OURS),
  integer('tls-port', 0n, 65535n, '0', OURS),
  boolean('tls-prefer-server-ciphers', 'no', OURS),
  text('tls-protocols', '', OURS),
  boolean('tls-replication', 'no', OURS),
  integer('tls-session-cache-size', 0n, INT, '20480', OURS),
  integer('tls-session-cache-timeout', 0n, INT, '300', OURS),
  boolean('tls-session-caching', 'yes', OURS),

  // Process, files and logging.
  boolean('always-show-logo', 'no', AT_START),
  text('aof-rewrite-cpulist', '', { aliases: ['aof_rewrite_cpulist'], ...AT_START }),
  text('bgsave-cpulist', '', { aliases: ['bgsave_cpulist'], ...AT_START }),
  text('bio-cpulist', '', { aliases: ['bio_cpulist'], ...AT_START }),
  boolean('crash-log-enabled', 'yes'),
  boolean('crash-memcheck-enabled', 'yes'),
  boolean('daemonize', 'no', { ...AT_START, ...OURS }),
  integer('databases', 1n, INT, '16', { ...AT_START, ...OURS }),
  row('dir', { kind: 'string' }, './', { ...AT_START, ...OURS }),
  boolean('disable-thp', 'yes', AT_START),
  boolean('dynamic-hz', 'yes'),
  oneOf('enable-debug-command', ['no', 'yes', 'local'], 'no', { ...AT_START, ...OURS }),
  oneOf('enable-module-command', ['no', 'yes', 'local'], 'no', { ...AT_START, ...OURS }),
  oneOf('enable-protected-configs', ['no', 'yes', 'local'], 'no', { ...AT_START, ...OURS }),
  boolean('hide-user-data-from-log', 'no'),
  row('hz', { kind: 'integer', min: 0n, max: INT, clamp: [1n, 500n] }, '10'),
  text('ignore-warnings', ''),
  boolean('jemalloc-bg-thread', 'yes'),
  integer('key-load-delay', -INT - 1n, INT, '0', TEST_ONLY),
  integer('latency-monitor-threshold', 0n, LONG, '0'),
  boolean('latency-tracking', 'yes'),
  row('latency-tracking-info-percentiles', { kind: 'percentiles' }, '50 99 99.9'),
  integer('loading-process-events-interval-bytes', 1024n, INT, '524288', HIDDEN),
  text('logfile', '', { ...AT_START, ...OURS }),
  oneOf('loglevel', ['debug', 'verbose', 'notice', 'warning', 'nothing'], 'notice'),
  boolean('lua-enable-deprecated-api', 'no', { ...AT_START, ...HIDDEN }),
  row(
    'oom-score-adj',
    { kind: 'enum', values: ['no', 'yes', 'relative', 'absolute'], printed: { relative: 'yes' } },
    'no',
  ),
  row('oom-score-adj-values', { kind: 'oom-score-adj-values' }, '0 200 800'),
  text('pidfile', '', { ...AT_START, ...OURS }),
  row('proc-title-template', { kind: 'string', form: 'title' }, '{title} {listen-addr} {server-mode}'),
  oneOf('propagation-error-behavior', ['ignore', 'panic', 'panic-on-replicas'], 'ignore'),
  text('server-cpulist', '', { aliases: ['server_cpulist'], ...AT_START }),
  boolean('set-proc-title', 'yes', AT_START),
  row('shutdown-on-sigint', SHUTDOWN_FLAGS, 'default'),
  row('shutdown-on-sigterm', SHUTDOWN_FLAGS, 'default'),
  integer('shutdown-timeout', 0n, INT, '10'),
  integer('slowlog-log-slower-than', -1n, LONG, '10000'),
  integer('slowlog-max-len', 0n, LONG, '128'),
  oneOf('supervised', ['upstart', 'systemd', 'auto', 'no'], 'no', { ...AT_START, ...OURS }),
  boolean('syslog-enabled', 'no', { ...AT_START, ...OURS }),
  oneOf(
    'syslog-facility',
    ['user', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
    'local0',
    { ...AT_START, ...OURS },
  ),
  text('syslog-ident', 'redis', { ...AT_START, ...OURS }),
  boolean('use-exit-on-panic', 'no', HIDDEN),
  integer('watchdog-period', 0n, INT, '0', TEST_ONLY),

  // Access control.
  oneOf('acl-pubsub-default', ['allchannels', 'resetchannels'], 'resetchannels', OURS),
  text('aclfile', '', { ...AT_START, ...OURS }),
  integer('acllog-max-len', 0n, LONG, '128'),
  text('masterauth', '', OURS),
  text('masteruser', '', OURS),
  text('requirepass', '', OURS),

  // Memory, eviction and expiry.
  integer('active-defrag-cycle-max', 1n, 99n, '25'),
  integer('active-defrag-cycle-min', 1n, 99n, '1'),
  memory('active-defrag-ignore-bytes', 1n, LONG, '104857600'),
  integer('active-defrag-max-scan-fields', 1n, LONG, '1000'),
  integer('active-defrag-threshold-lower', 0n, 1000n, '10'),
  integer('active-defrag-threshold-upper', 0n, 1000n, '100'),
  integer('active-expire-effort', 1n, 10n, '1'),
  boolean('activedefrag', 'no', { requires: 'bundled-jemalloc' }),
  boolean('activerehashing', 'yes'),
  boolean('key-memory-histograms', 'no', { since: '8.6', startOnly: ['yes'] }),
  boolean('lazyexpire-nested-arbitrary-keys', 'yes', HIDDEN),
  boolean('lazyfree-lazy-eviction', 'no'),
  boolean('lazyfree-lazy-expire', 'no'),
  boolean('lazyfree-lazy-server-del', 'no'),
  boolean('lazyfree-lazy-user-del', 'no'),
  boolean('lazyfree-lazy-user-flush', 'no'),
  integer('lfu-decay-time', 0n, INT, '1'),
  integer('lfu-log-factor', 0n, INT, '10'),
  memory('maxmemory', 0n, ULONG, '0'),
  integer('maxmemory-eviction-tenacity', 0n, 100n, '10'),
  oneOf(
    'maxmemory-policy',
    [
      'volatile-lru',
      'volatile-lfu',
      'volatile-random',
      'volatile-ttl',
      'volatile-lrm',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'allkeys-lrm',
      'noeviction',
    ],
    'noeviction',
    { valuesSince: { 'volatile-lrm': '8.6', 'allkeys-lrm': '8.6' } },
  ),
  integer('maxmemory-samples', 1n, 64n, '5'),
  row('notify-keyspace-events', { kind: 'keyspace-events' }, ''),

  // Append-only file.
  boolean('aof-disable-auto-gc', 'no', TEST_ONLY),
  integer('aof-load-corrupt-tail-max-size', 0n, LONG, '0'),
  boolean('aof-load-truncated', 'yes'),
  boolean('aof-rewrite-incremental-fsync', 'yes'),
  boolean('aof-timestamp-enabled', 'no'),
  boolean('aof-use-rdb-preamble', 'yes'),
  row('appenddirname', { kind: 'string', form: 'file-name' }, 'appendonlydir', { ...AT_START, ...OURS }),
  row('appendfilename', { kind: 'string', form: 'file-name' }, 'appendonly.aof', { ...AT_START, ...OURS }),
  oneOf('appendfsync', ['everysec', 'always', 'no'], 'everysec'),
  boolean('appendonly', 'no'),
  memory('auto-aof-rewrite-min-size', 0n, LONG, '67108864'),
  integer('auto-aof-rewrite-percentage', 0n, INT, '100'),
  boolean('no-appendfsync-on-rewrite', 'no'),

  // Snapshots.
  row('dbfilename', { kind: 'string', form: 'file-name' }, 'dump.rdb', { ...AT_START, ...OURS }),
  boolean('rdb-del-sync-files', 'no'),
  integer('rdb-key-save-delay', -INT - 1n, INT, '0', TEST_ONLY),
  boolean('rdb-save-incremental-fsync', 'yes'),
  boolean('rdbchecksum', 'yes', AT_START),
  boolean('rdbcompression', 'yes'),
  oneOf('sanitize-dump-payload', ['no', 'yes', 'clients'], 'no'),
  row('save', { kind: 'save' }, '3600 1 300 100 60 10000'),
  boolean('stop-writes-on-bgsave-error', 'yes'),

  // Replication.
  integer('min-replicas-max-lag', 0n, INT, '10', { aliases: ['min-slaves-max-lag'] }),
  integer('min-replicas-to-write', 0n, INT, '0', { aliases: ['min-slaves-to-write'] }),
  // CONFIG SET takes less than 16 KiB, but makes it 16 KiB; the file keeps what it says.
  memory('repl-backlog-size', 16_384n, LONG, '1048576'),
  integer('repl-backlog-ttl', 0n, LONG, '3600'),
  boolean('repl-disable-tcp-nodelay', 'no'),
  oneOf('repl-diskless-load', ['disabled', 'on-empty-db', 'swapdb', 'flushdb'], 'disabled', {
    valuesSince: { flushdb: '8.6' },
  }),
  boolean('repl-diskless-sync', 'yes'),
  integer('repl-diskless-sync-delay', 0n, INT, '5'),
  integer('repl-diskless-sync-max-replicas', 0n, INT, '0'),
  integer('repl-ping-replica-period', 1n, INT, '10', { aliases: ['repl-ping-slave-period'] }),
  boolean('repl-rdb-channel', 'yes', HIDDEN),
  integer('repl-timeout', 1n, INT, '60'),
  text('replica-announce-ip', '', { aliases: ['slave-announce-ip'], ...OURS }),
  integer('replica-announce-port', 0n, 65535n, '0', { aliases: ['slave-announce-port'], ...OURS }),
  boolean('replica-announced', 'yes'),
  memory('replica-full-sync-buffer-limit', 0n, LONG, '0'),
  boolean('replica-ignore-disk-write-errors', 'no'),
  boolean('replica-ignore-maxmemory', 'yes', { aliases: ['slave-ignore-maxmemory'] }),
  boolean('replica-lazy-flush', 'no', { aliases: ['slave-lazy-flush'] }),
  integer('replica-priority', 0n, INT, '100', { aliases: ['slave-priority'] }),
  boolean('replica-read-only', 'yes', { aliases: ['slave-read-only'] }),
  boolean('replica-serve-stale-data', 'yes', { aliases: ['slave-serve-stale-data'] }),
  row('replicaof', { kind: 'words' }, '', { aliases: ['slaveof'], ...AT_START, ...OURS }),

  // Cluster.
  boolean('cluster-allow-pubsubshard-when-down', 'yes'),
  boolean('cluster-allow-reads-when-down', 'no'),
  boolean('cluster-allow-replica-migration', 'yes', OURS),
  integer('cluster-announce-bus-port', 0n, 65535n, '0', OURS),
  text('cluster-announce-hostname', '', OURS),
  text('cluster-announce-human-nodename', '', OURS),
  text('cluster-announce-ip', '', OURS),
  integer('cluster-announce-port', 0n, 65535n, '0', OURS),
  integer('cluster-announce-tls-port', 0n, 65535n, '0', OURS),
  integer('cluster-compatibility-sample-ratio', 0n, 100n, '0'),
  text('cluster-config-file', 'nodes.conf', { ...AT_START, ...OURS }),
  boolean('cluster-enabled', 'no', { ...AT_START, ...OURS }),
  memory('cluster-link-sendbuf-limit', 0n, ULONG, '0'),
  integer('cluster-migration-barrier', 0n, INT, '1'),
  integer('cluster-node-timeout', 0n, LONG, '15000'),
  integer('cluster-ping-interval', 0n, LONG, '0', HIDDEN),
  integer('cluster-port', 0n, 65535n, '0', { ...AT_START, ...OURS }),
  oneOf('cluster-preferred-endpoint-type', ['ip', 'hostname', 'unknown-endpoint'], 'ip', OURS),
  boolean('cluster-replica-no-failover', 'no', { aliases: ['cluster-slave-no-failover'] }),
  integer('cluster-replica-validity-factor', 0n, INT, '10', { aliases: ['cluster-slave-validity-factor'] }),
  boolean('cluster-require-full-coverage', 'yes'),
  memory('cluster-slot-migration-handoff-max-lag-bytes', 0n, LONG, '1048576'),
  integer('cluster-slot-migration-max-archived-tasks', 1n, INT, '32', HIDDEN),
  integer('cluster-slot-migration-sync-buffer-drain-timeout', 0n, LONG, '60000', HIDDEN),
  integer('cluster-slot-migration-write-pause-timeout', 0n, LONG, '10000'),
  row('cluster-slot-stats-enabled', SLOT_STATS_FLAGS, 'no', {
    startOnly: ['yes', 'mem'],
    valuesSince: { cpu: '8.6', net: '8.6', mem: '8.6' },
  }),

  // Encodings of small values.
  integer('hash-max-listpack-entries', 0n, LONG, '512', { aliases: ['hash-max-ziplist-entries'] }),
  memory('hash-max-listpack-value', 0n, LONG, '64', { aliases: ['hash-max-ziplist-value'] }),
  memory('hll-sparse-max-bytes', 0n, LONG, '3000'),
  integer('list-compress-depth', 0n, INT, '0'),
  integer('list-max-listpack-size', -INT - 1n, INT, '-2', { aliases: ['list-max-ziplist-size'] }),
  integer('set-max-intset-entries', 0n, LONG, '512'),
  integer('set-max-listpack-entries', 0n, LONG, '128'),
  integer('set-max-listpack-value', 0n, LONG, '64'),
  integer('stream-idmp-duration', 1n, 86400n, '100', { since: '8.6' }),
  integer('stream-idmp-maxsize', 1n, 10000n, '100', { since: '8.6' }),
  memory('stream-node-max-bytes', 0n, LONG, '4096'),
  integer('stream-node-max-entries', 0n, LONG, '100'),
  integer('zset-max-listpack-entries', 0n, LONG, '128', { aliases: ['zset-max-ziplist-entries'] }),
  memory('zset-max-listpack-value', 0n, LONG, '64', { aliases: ['zset-max-ziplist-value'] }),

  // Only in the file. RedisForge writes one file, without modules, and keeps users in an ACL file.
  row('include', { kind: 'file-only' }, '', { ...AT_START, ...OURS }),
  row('loadmodule', { kind: 'file-only' }, '', { ...AT_START, ...OURS }),
  row('rename-command', { kind: 'file-only' }, '', { ...AT_START, ...OURS }),
  row('sentinel', { kind: 'file-only' }, '', { ...AT_START, ...OURS }),
  row('user', { kind: 'file-only' }, '', { ...AT_START, ...OURS }),

  // Read and ignored, so that old files still load.
  row('io-threads-do-reads', { kind: 'file-only' }, '', { ...AT_START, removed: '8.0' }),
  row('list-max-ziplist-entries', { kind: 'file-only' }, '', { ...AT_START, removed: '3.2' }),
  row('list-max-ziplist-value', { kind: 'file-only' }, '', { ...AT_START, removed: '3.2' }),
  row('lua-replicate-commands', { kind: 'file-only' }, '', { ...AT_START, removed: '7.0' }),
];

function row(name: string, type: DirectiveType, byDefault: string, options: Options = {}): Directive {
  return { name, aliases: [], type, live: true, owner: 'user', default: byDefault, ...options };
}

function boolean(name: string, byDefault: 'yes' | 'no', options?: Options): Directive {
  return row(name, { kind: 'boolean' }, byDefault, options);
}

function integer(name: string, min: bigint, max: bigint, byDefault: string, options?: Options): Directive {
  return row(name, { kind: 'integer', min, max }, byDefault, options);
}

function octal(name: string, min: bigint, max: bigint, byDefault: string, options?: Options): Directive {
  return row(name, { kind: 'octal', min, max }, byDefault, options);
}

function memory(name: string, min: bigint, max: bigint, byDefault: string, options?: Options): Directive {
  return row(name, { kind: 'memory', min, max }, byDefault, options);
}

function oneOf(name: string, values: readonly string[], byDefault: string, options?: Options): Directive {
  return row(name, { kind: 'enum', values }, byDefault, options);
}

function text(name: string, byDefault: string, options?: Options): Directive {
  return row(name, { kind: 'string' }, byDefault, options);
}
