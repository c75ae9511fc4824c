/** INFO: what one server says of itself. */
import { type Fields, parseFields } from './fields.ts';
import { WireError } from './wire-error.ts';

/** A replica's link to its primary. */
export interface PrimaryLink {
  /** The address that it dials, which may be one that its primary has no longer. */
  readonly host: string;
  readonly port: number;
  /** `up` stays until a time-out even when the primary is gone: look at `lastIoSecondsAgo` too. */
  readonly status: 'up' | 'down';
  readonly syncInProgress: boolean;
  /** -1 while the link is down. */
  readonly lastIoSecondsAgo: number;
  /** -1 while the link is up, or when it was never up. */
  readonly downSeconds: number;
  /** Bytes of the primary's stream that it has applied. */
  readonly offset: number;
}

/** A replica as its primary sees it. */
export interface ConnectedReplica {
  readonly ip: string;
  /** The port that it listens on. */
  readonly port: number;
  /** Only `online` ones are in step; the others wait for, or receive, a copy of the whole data. */
  readonly state: 'online' | 'wait_bgsave' | 'send_bulk' | 'send_bulk_and_stream';
  /** Bytes of the stream that it has acknowledged. */
  readonly offset: number;
  /** Seconds since it was last heard of; 0 while it is not online. */
  readonly lagSeconds: number;
}

export interface InfoReading {
  /** `8.6.3` */
  readonly version: string;
  /** Changes with every start of the process. */
  readonly runId: string;
  readonly uptimeSeconds: number;
  readonly executable: string;
  /** '' when it runs without one; CONFIG REWRITE fails then. */
  readonly configFile: string;
  readonly role: 'primary' | 'replica';
  readonly primaryLink: PrimaryLink | null;
  /** Listed ones only: `connected_slaves` also counts the channels of a slot migration. */
  readonly replicas: readonly ConnectedReplica[];
  /** Replicas that count for `min-replicas-to-write`; null while that directive is 0. */
  readonly minReplicasGood: number | null;
  /** What a primary has written, in bytes; of a replica the same as its link's offset. */
  readonly replicationOffset: number;
  /** Reads its data set, and refuses most commands. */
  readonly loading: boolean;
  /** A replica that loads new data while it answers from the old. */
  readonly asyncLoading: boolean;
  readonly usedMemoryBytes: number;
  /** 0 for no limit. */
  readonly maxmemoryBytes: number;
  /** Resident over used memory; null when the server has no figure. */
  readonly memoryFragmentation: number | null;
  readonly rdbBgsaveInProgress: boolean;
  readonly lastBgsaveStatus: 'ok' | 'err';
  readonly aofEnabled: boolean;
  readonly aofRewriteInProgress: boolean;
  readonly lastAofRewriteStatus: 'ok' | 'err';
  readonly lastAofWriteStatus: 'ok' | 'err';
  /** Keys in database 0, the only one of a cluster; while it loads, those read so far. */
  readonly keys: number;
  /** Without replicas. */
  readonly connectedClients: number;
  /** Since the start. */
  readonly evictedKeys: number;
}

/**
 * Reads the reply of INFO without arguments, or of `INFO everything`.
 * @throws WireError `info`
 */
export function parseInfo(text: string): InfoReading {
  const fields = parseFields(text, 'info');
  const role = fields.word('role', ['master', 'slave']) === 'master' ? 'primary' : 'replica';
  const fragmentation = Number(fields.optional('mem_fragmentation_ratio') ?? Number.NaN);
  return {
    version: fields.text('redis_version'),
    runId: fields.text('run_id'),
    uptimeSeconds: fields.integer('uptime_in_seconds'),
    executable: fields.text('executable'),
    configFile: fields.text('config_file'),
    role,
    primaryLink: role === 'replica' ? primaryLink(fields) : null,
    replicas: fields.entries(/^slave\d+$/).map(([, value]) => connectedReplica(value)),
    minReplicasGood:
      fields.optional('min_slaves_good_slaves') === undefined
        ? null
        : fields.integer('min_slaves_good_slaves'),
    replicationOffset: fields.integer('master_repl_offset'),
    loading: fields.flag('loading'),
    asyncLoading: fields.flag('async_loading'),
    usedMemoryBytes: fields.integer('used_memory'),
    maxmemoryBytes: fields.integer('maxmemory'),
    memoryFragmentation: Number.isFinite(fragmentation) ? fragmentation : null,
    rdbBgsaveInProgress: fields.flag('rdb_bgsave_in_progress'),
    lastBgsaveStatus: fields.word('rdb_last_bgsave_status', ['ok', 'err']),
    aofEnabled: fields.flag('aof_enabled'),
    aofRewriteInProgress: fields.flag('aof_rewrite_in_progress'),
    lastAofRewriteStatus: fields.word('aof_last_bgrewrite_status', ['ok', 'err']),
    lastAofWriteStatus: fields.word('aof_last_write_status', ['ok', 'err']),
    keys: keysOf(fields),
    connectedClients: fields.integer('connected_clients'),
    evictedKeys: fields.integer('evicted_keys'),
  };
}

function primaryLink(fields: Fields): PrimaryLink {
  const status = fields.word('master_link_status', ['up', 'down']);
  return {
    host: fields.text('master_host'),
    port: fields.integer('master_port'),
    status,
    syncInProgress: fields.flag('master_sync_in_progress'),
    lastIoSecondsAgo: fields.integer('master_last_io_seconds_ago'),
    downSeconds: status === 'up' ? -1 : fields.integer('master_link_down_since_seconds'),
    offset: fields.integer('slave_repl_offset'),
  };
}

const REPLICA_STATES = ['online', 'wait_bgsave', 'send_bulk', 'send_bulk_and_stream'] as const;

/** `ip=10.0.0.1,port=6379,state=online,offset=14,lag=1,io-thread=0` */
function connectedReplica(text: string): ConnectedReplica {
  const parts = new Map(
    text.split(',').map((part) => part.split(/=(.*)/s, 2) as [string, string | undefined]),
  );
  const fail = (): never => {
    throw new WireError('info', 'no line of a replica', text);
  };
  const integer = (name: string): number => {
    const number = Number(parts.get(name) ?? Number.NaN);
    return /^-?\d+$/.test(parts.get(name) ?? '') && Number.isSafeInteger(number) ? number : fail();
  };
  return {
    ip: parts.get('ip') ?? fail(),
    port: integer('port'),
    state: REPLICA_STATES.find((state) => state === parts.get('state')) ?? fail(),
    offset: integer('offset'),
    lagSeconds: integer('lag'),
  };
}

/** `db0:keys=201,expires=1,…`; the line is missing while there are none. */
function keysOf(fields: Fields): number {
  const text = fields.optional('db0');
  if (text === undefined) return 0;
  const keys = Number(/^keys=(\d{1,16}),/.exec(text)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(keys)) throw new WireError('info', 'no number of keys', text);
  return keys;
}
