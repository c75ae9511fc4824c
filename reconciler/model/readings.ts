/** What one node, one container and one engine say of themselves, parsed but not yet interpreted. */
import type { NodeId } from './cluster-state.ts';
import type { SlotSet } from './slots.ts';

/** One line of CLUSTER NODES: how the answering node sees one member. */
export interface MemberView {
  readonly id: NodeId;
  /** Empty when the answering node does not know it (it has met nobody, or the member has no address). */
  readonly ip: string;
  readonly port: number;
  readonly busPort: number;
  readonly hostname: string;
  readonly myself: boolean;
  readonly role: 'primary' | 'replica' | 'unknown';
  readonly failing: 'no' | 'suspected' | 'failed';
  readonly handshake: boolean;
  readonly noAddress: boolean;
  readonly primaryId: NodeId | null;
  readonly configEpoch: number;
  readonly linkConnected: boolean;
  readonly slots: SlotSet;
  /** Slots this node has open; only ever told of itself. */
  readonly migrating: readonly { readonly slot: number; readonly to: NodeId }[];
  readonly importing: readonly { readonly slot: number; readonly from: NodeId }[];
}

/** One record of CLUSTER MIGRATION STATUS: an atomic slot migration, on either end. */
export interface MigrationTask {
  readonly id: string;
  readonly slots: SlotSet;
  readonly source: NodeId;
  readonly target: NodeId;
  readonly operation: 'import' | 'migrate';
  readonly state: string;
  readonly lastError: string;
  readonly retries: number;
  /** Milliseconds since the epoch; -1 when not yet. */
  readonly createdAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly writePauseMs: number;
}

/** A failed import is tried again by Redis for ever; only these states are the end of one. */
const FINAL: ReadonlySet<string> = new Set(['completed', 'canceled']);

/** The import that a node is busy with, among its tasks; it takes part in one migration at a time. */
export function activeImport(tasks: readonly MigrationTask[]): MigrationTask | undefined {
  return tasks.find((task) => task.operation === 'import' && !FINAL.has(task.state));
}

/** What the server has counted for one slot. */
export interface SlotStats {
  readonly keys: number;
  readonly memoryBytes: number;
  /** Since the slot came to this node. */
  readonly cpuMicroseconds: number;
  readonly networkBytes: number;
}

/** An access-control user as ACL LIST tells it; see `wire/acl.ts`. */
export interface AclUserReading {
  readonly name: string;
  readonly enabled: boolean;
  readonly nopass: boolean;
  readonly passwordHashes: readonly string[];
  readonly rules: string;
}

/** Everything that one redis-server says of itself in one round of questions. */
export interface NodeReading {
  readonly nodeId: NodeId;
  /** `redis_version`, for example `8.6.3`. */
  readonly version: string;
  readonly runId: string;
  readonly uptimeMs: number;
  /** While it reads its data set most questions are refused: then only what INFO tells is filled in. */
  readonly loading: boolean;
  readonly clusterOk: boolean;
  readonly currentEpoch: number;
  readonly role: 'primary' | 'replica';
  /** A replica's link to its primary. */
  readonly primaryLink: {
    readonly ip: string;
    readonly port: number;
    readonly up: boolean;
    readonly syncing: boolean;
    /** Seconds since the link went down; -1 when it is up or was never up. */
    readonly downSeconds: number;
  } | null;
  /** A primary's connected replicas, as they announced themselves. */
  readonly replicas: readonly {
    readonly ip: string;
    readonly port: number;
    readonly online: boolean;
    readonly offset: number;
  }[];
  /** Replication offset in bytes: what a primary wrote, or what a replica has applied. */
  readonly offset: number;
  readonly keys: number;
  readonly usedMemoryBytes: number;
  readonly maxmemoryBytes: number;
  readonly saving: boolean;
  readonly rewriting: boolean;
  readonly members: readonly MemberView[];
  readonly config: Readonly<Record<string, string>>;
  readonly users: readonly AclUserReading[];
  readonly migrations: readonly MigrationTask[];
}

/** The truth of one container, from the engine. */
export interface ContainerReading {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: 'created' | 'running' | 'restarting' | 'paused' | 'exited' | 'dead' | 'removing';
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Milliseconds since the epoch; 0 when it never started or never ended. */
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly error: string;
  /** The reference that it was created from, for example `redis:8.6.3`. */
  readonly image: string;
  readonly restart: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly nofile: number;
  /** Network mode (`host`) or the name of its first network. */
  readonly network: string;
  /** Address it was asked to have in that network, '' when the engine chose. */
  readonly fixedIp: string;
  /** Address it has now, '' when it has none or uses the host's network. */
  readonly ip: string;
  /** `address:port` of the first published port, '' when none. */
  readonly publish: string;
  /** Names of the volumes that are mounted. */
  readonly volumes: readonly string[];
}

export interface VolumeReading {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface NetworkReading {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly subnet: string;
}

/** One engine's answer about one cluster. */
export interface EngineReading {
  readonly engineId: string;
  readonly version: string;
  /** Containers with our cluster's label, and containers of other origin that use one of the asked names. */
  readonly containers: readonly ContainerReading[];
  readonly volumes: readonly VolumeReading[];
  readonly networks: readonly NetworkReading[];
  /** Presence of the images that were asked for. */
  readonly images: Readonly<Record<string, boolean>>;
}
