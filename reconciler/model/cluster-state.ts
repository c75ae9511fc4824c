/**
 * `ClusterState`: the one document that exists twice, desired and live.
 *
 * It holds small enums, booleans and short texts only, so that the effect of a step can be predicted exactly.
 * Lists are maps keyed by name, because JSON Patch compares arrays by index. Quantities and identities that
 * nothing converges (node ids, offsets, bytes, failed readings) travel beside it in {@link Facts}.
 */

export type HostName = string;
export type NodeName = string;
export type ShardName = string;
export type ZoneName = string;
/** Redis' own 40-digit hexadecimal node id. */
export type NodeId = string;

/** A cluster, as it is (live) or as it should be (desired). Both are equal exactly when the cluster is converged. */
export interface ClusterState {
  /** `metadata.name` of the spec. */
  cluster: string;
  /** Every reachable member says `cluster_state:ok` and all 16,384 slots have an owner. */
  serving: 'yes' | 'no' | 'unknown';
  /** All reachable members tell the same slot map, and no slot is open (importing or migrating). */
  agreement: 'yes' | 'no' | 'unknown';
  /** Slots that some node has open (importing or migrating), in the form of `formatSlots`; none when all is well. */
  openSlots: string;
  hosts: Record<HostName, HostState>;
  nodes: Record<NodeName, NodeState>;
  /** Volumes of nodes that left the spec: `due` when their time is over. The desired document has those that are kept. */
  retired: Record<string, 'kept' | 'due'>;
  /** Members that some node still knows, but that are none of our nodes. The desired document has none. */
  ghosts: Record<NodeId, GhostState>;
}

export interface HostState {
  /** Whether the Docker Engine answers. */
  engine: 'yes' | 'no';
  /** The cluster's own Docker network; `none` where nodes use the host's network. */
  network: 'none' | 'absent' | 'ready' | 'foreign' | 'unknown';
  /** The images that nodes of this host are to run, by reference. */
  images: Record<string, 'present' | 'absent' | 'unknown'>;
}

export interface NodeState {
  host: HostName;
  zone: ZoneName;
  shard: ShardName;
  /** A replica that is there only while other members of its shard are restarted; otherwise nothing of it is. */
  surge: boolean;
  /**
   * `foreign`: a volume of that name exists without our labels. `used`: it belonged to a member that the cluster has
   * gone on without; what is in it is old, and is never taken up again silently.
   */
  volume: 'absent' | 'ready' | 'used' | 'foreign' | 'unknown';
  /** `foreign`: a container of that name exists without our labels, or a server in none of ours has the node's address. */
  container: 'absent' | 'running' | 'stopped' | 'foreign' | 'unknown';
  /** What the container was made with; null while there is none. */
  launch: LaunchState | null;
  /** Whether redis-server answers us; `loading` answers, but reads its data set; `unknown` when nobody could tell. */
  reachable: 'yes' | 'loading' | 'no' | 'unknown';
  /**
   * `none`: nothing is running and no member knows it. `alone`: knows nobody but itself. `parted`: some links
   * between it and other members are broken though both run (new addresses, half a MEET). `elsewhere`: a member
   * of a cluster that none of our other nodes belong to.
   */
  membership: 'none' | 'alone' | 'parted' | 'joined' | 'elsewhere' | 'unknown';
  /** Whether it holds keys. Never converged: it decides what may be done to the node. */
  contents: 'empty' | 'keys' | 'unknown';
  /** `unset`: alone with configuration epoch 0, whose claims on slots any gossip would beat. */
  epoch: 'unset' | 'set' | 'unknown';
  /** By its own word, or by the others' while it does not answer. */
  role: 'primary' | 'replica' | 'none' | 'unknown';
  /** Name of the primary it replicates; a node id when that is none of our nodes. */
  replicaOf: string | null;
  /** Slots it owns by agreement of the members, in the form of `formatSlots`. */
  slots: string;
  /** Slots of an atomic slot migration that this node is the target of, in the form of `formatSlots`. */
  imports: string;
  /** The other end of that migration: a node name, or an id that is none of ours; '' when there is none. */
  importsFrom: string;
  /** Whether it writes a snapshot or rewrites its log: no migration can start from it then. Never converged. */
  saving: boolean;
  /** Whether it has run long enough to be trusted, by the policy's `canarySoak`. Never converged. */
  soaked: boolean;
  /**
   * The replication link. `stale-address`: it dials an address that is no longer its primary's, so that the
   * cluster says `ok` while the redundancy is gone (measured fact M8). Primaries have `none`.
   */
  link: 'none' | 'up' | 'syncing' | 'down' | 'stale-address' | 'unknown';
  /** A replica whose link is up and whose offset has reached its primary's. Always true for primaries. */
  synced: boolean;
  /**
   * Whether it holds a complete, if perhaps lagging, copy of its shard's data: only such a replica may ever take
   * over (Redis itself lets a manual failover promote one that never synchronised). Primaries hold theirs.
   */
  copy: 'whole' | 'partial' | 'unknown';
  /** Slots that nobody owns, but of which this node holds keys, in the form of `formatSlots`. */
  strandedKeys: string;
  /** The directives that RedisForge converges, as CONFIG GET prints them; secrets as keyed digests. */
  config: Record<string, string>;
  /** Access-control users: canonical rules and keyed password digests, one text per user. */
  users: Record<string, string>;
}

/** What cannot be changed in a container that exists, except `memoryBytes`, `cpus` and `restart`. */
export interface LaunchState {
  image: string;
  /** Docker's restart policy. `no` for a node without persistence (measured fact M11). */
  restart: 'always' | 'no';
  /** Container memory limit in bytes, 0 for none. */
  memoryBytes: number;
  /** CPU limit in cores, 0 for none. */
  cpus: number;
  /** Limit of open files, 0 for the engine's default. */
  nofile: number;
  /** Name of the Docker network, or `host`. */
  network: string;
  /** Fixed address inside the network; '' when the engine chooses or the host's network is used. */
  ip: string;
  /** `address:port` on which the client port is published on the host, '' when it is not. */
  publish: string;
}

export interface GhostState {
  /**
   * `lost`: failed, or without an address, for every member. `alive`: somebody is connected to it. `unclear`: it may
   * be one of our own nodes that cannot be asked for its identity now.
   */
  state: 'lost' | 'alive' | 'unclear';
  role: 'primary' | 'replica' | 'unknown';
  /** Slots it owns, in the form of `formatSlots`. */
  slots: string;
  /** Names or ids of nodes that replicate it: forgetting it now would leave them headless (measured fact M10). */
  replicas: string;
  /** The node of ours whose address it has or had, '' when there is none: a former identity of that node. */
  formerly: NodeName | '';
  /** `ip:port` as the members know it. */
  address: string;
}
