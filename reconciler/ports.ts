/**
 * The interfaces to the outside. Everything above them is plain data and decisions; everything that really
 * talks to an engine, a server, a repository or a clock implements one of these (`adapters/`), and so does the
 * simulated fleet of the tests.
 *
 * Every call takes an `AbortSignal` or has a deadline of its own, and rejects with a {@link PortError} only.
 */
import type { HostSpec, SecretRef } from '../spec-schema/cluster-spec.ts';
import type { NodeId } from './model/cluster-state.ts';
import type { Endpoint, MemberAddress } from './model/facts.ts';
import type { EngineReading, MigrationTask, NodeReading, SlotStats } from './model/readings.ts';
import type { SlotSet } from './model/slots.ts';

/** What went wrong outside, classified once in the adapter, never by message text above it. */
export type PortErrorCode =
  | 'unreachable' // nobody answers, or the connection broke: the outcome of a command is unknown
  | 'timeout' // no answer within the deadline: the outcome is unknown
  | 'auth' // credentials were refused
  | 'identity' // the other side is not who it should be: host key, certificate, node id
  | 'denied' // the other side knows us and forbids it
  | 'not-found' // the image, container, volume or file does not exist
  | 'conflict' // it exists already, or is in a state that forbids the call
  | 'port-in-use' // a port on the host is taken
  | 'refused' // the other side understood and said no
  | 'protocol' // an answer that we do not understand
  | 'aborted' // we gave up ourselves
  | 'secret'; // a secret reference cannot be read

export class PortError extends Error {
  readonly code: PortErrorCode;
  /** When trying again may help: soon (seconds), after a time (minutes), or never without a change. */
  readonly retry: 'soon' | 'later' | 'never';

  constructor(
    code: PortErrorCode,
    message: string,
    options: { retry?: 'soon' | 'later' | 'never'; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PortError';
    this.code = code;
    this.retry = options.retry ?? (code === 'unreachable' || code === 'timeout' ? 'soon' : 'never');
  }
}

/** Time, so that tests and simulations own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, or at once when `signal` is aborted (never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A secret value that prints as `[secret]` whatever prints it; only {@link Secret.reveal} gives it away. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return '[secret]';
  }
  toJSON(): string {
    return '[secret]';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

export interface Secrets {
  /** @throws PortError `secret` when the reference cannot be read or is empty. */
  read(ref: SecretRef): Promise<Secret>;
}

/** A file to put into a volume. */
export interface FileToPut {
  /** Relative to the directory given to the call, without leading slash. */
  readonly path: string;
  /** `@DATA@` in it stands for the image's data directory, which only the engine's adapter knows. */
  readonly content: string;
  /** Permission bits, for example 0o600. */
  readonly mode: number;
}

/** How a node's container is made. Everything that is secret is in `files`. */
export interface ContainerPlan {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly volume: string;
  readonly restart: 'always' | 'no';
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly nofile: number;
  /** `host`, or the name of a Docker network. */
  readonly network: string;
  readonly ip: string;
  /** `address:port` to publish `port` on, '' for none. */
  readonly publish: string;
  readonly port: number;
  /** Files for the `conf/` directory beside the data, owned by the image's redis user. */
  readonly files: readonly FileToPut[];
}

/** What of a container can change while it runs. */
export interface ContainerLimits {
  readonly restart: 'always' | 'no';
  readonly memoryBytes: number;
  readonly cpus: number;
}

export interface EngineEvent {
  readonly action: 'die' | 'oom' | 'health_status' | 'start' | 'stop' | 'destroy';
  readonly container: string;
  readonly node: string;
  readonly at: number;
}

/** One Docker Engine. Reading calls never change anything; the others are the only way to change a host. */
export interface Engine {
  /** @param ask names and references whose existence must be known even when they carry no labels of ours. */
  read(ask: EngineQuestion, signal: AbortSignal): Promise<EngineReading>;
  createNetwork(
    name: string,
    subnet: string | undefined,
    labels: Readonly<Record<string, string>>,
  ): Promise<void>;
  removeNetwork(name: string): Promise<void>;
  pullImage(reference: string, signal: AbortSignal): Promise<void>;
  createVolume(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  removeVolume(name: string): Promise<void>;
  /** Creates the container, puts its files into the volume and starts it. Leaves nothing behind when it fails. */
  runContainer(plan: ContainerPlan): Promise<void>;
  /** Replaces files in a stopped or running container's `conf/` directory, each by rename. */
  putFiles(container: string, files: readonly FileToPut[]): Promise<void>;
  startContainer(name: string): Promise<void>;
  /** Stops it with SIGTERM, and with SIGKILL after `graceMs`. Already stopped is success. */
  stopContainer(name: string, graceMs: number): Promise<void>;
  updateContainer(name: string, limits: ContainerLimits): Promise<void>;
  /** Removes a stopped container; its volume stays. Already gone is success. */
  removeContainer(name: string): Promise<void>;
  /** The last lines that a container wrote, for evidence. */
  logs(container: string, lines: number): Promise<string>;
  /** Events of one cluster's containers until `signal` is aborted; ends when the connection does. */
  events(cluster: string, signal: AbortSignal): AsyncIterable<EngineEvent>;
}

export interface EngineQuestion {
  readonly cluster: string;
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
  readonly networks: readonly string[];
  readonly images: readonly string[];
}

export interface Engines {
  /** The engine of a host; connections are kept and shared between hosts with the same address. */
  of(host: HostSpec): Engine;
  close(): Promise<void>;
}

/** RedisForge's log-in on the nodes of one cluster. */
export interface RedisCredentials {
  readonly username: string;
  readonly password: Secret;
}

/** The administration of one redis-server. Nothing here can read or write a key. */
export interface RedisNode {
  /**
   * One round of questions: CLUSTER NODES, CLUSTER INFO, INFO, CONFIG GET, ACL LIST, CLUSTER MIGRATION STATUS ALL.
   * @param directives the directives to read.
   */
  read(directives: readonly string[]): Promise<NodeReading>;
  meet(address: MemberAddress): Promise<void>;
  setConfigEpoch(epoch: number): Promise<void>;
  addSlots(slots: SlotSet): Promise<void>;
  replicate(primary: NodeId): Promise<void>;
  /** Members whose own connection to this node stands: what they send, their votes for example, comes only that way. */
  linkedFrom(): Promise<ReadonlySet<NodeId>>;
  /** Asks this replica to take over; returns when the server has accepted, which is before it has happened. */
  failover(mode: 'graceful' | 'force' | 'takeover'): Promise<void>;
  forget(id: NodeId): Promise<void>;
  /** CLUSTER RESET. Redis itself refuses it on a primary that holds keys. */
  reset(mode: 'soft' | 'hard'): Promise<void>;
  /** CONFIG SET of all pairs in one command (all or nothing), then CONFIG REWRITE. */
  configure(config: Readonly<Record<string, string | Secret>>): Promise<void>;
  /** ACL SETUSER `reset` and the rules for each user, ACL DELUSER for the others, then ACL SAVE. */
  setUsers(set: readonly AclUserToSet[], remove: readonly string[]): Promise<void>;
  /** Keys per slot, for slots that this node holds keys of; only slots with keys are returned. */
  keysInSlots(slots: SlotSet): Promise<ReadonlyMap<number, number>>;
  /** CLUSTER SLOT-STATS of all slots that this node owns. What the server does not measure is 0. */
  slotStats(): Promise<ReadonlyMap<number, SlotStats>>;
  importSlots(slots: SlotSet): Promise<string>;
  cancelMigration(taskId: string): Promise<void>;
  migrations(): Promise<readonly MigrationTask[]>;
}

export interface AclUserToSet {
  readonly name: string;
  readonly enabled: boolean;
  /** SHA-256 of each password, 64 hexadecimal digits. */
  readonly passwordHashes: readonly string[];
  readonly rules: string;
}

export interface Redis {
  /**
   * The node that answers at one of the endpoints, tried in order. Connections are kept, one per endpoint; a
   * broken one is opened again at the next call, and a command is never sent twice.
   */
  at(endpoints: readonly Endpoint[], credentials: RedisCredentials): RedisNode;
  close(): Promise<void>;
}

/** One commit of a branch. */
export interface Commit {
  readonly id: string;
  readonly author: string;
  /** First line of the message. */
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A Git repository, read without ever being checked out. */
export interface SpecRepository {
  /** Fetches and returns the head of the watched branch. */
  fetchHead(signal: AbortSignal): Promise<Commit>;
  /** Whether `ancestor` is contained in `descendant`; false after a force push. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /**
   * Brings what refs were announced to point at into reach of the other calls: one fetch for all, none when all are here.
   * @throws PortError once the others are here, for refs that are gone (`not-found`) or have moved on (`conflict`).
   */
  fetchRefs(refs: readonly AnnouncedRef[], signal: AbortSignal): Promise<void>;
  /** What merging `head` into `base` would give: a tree to read from, or the paths where they contradict each other. */
  mergeResult(base: string, head: string): Promise<MergeResult>;
  /**
   * The commit by which a file came to be as it is in `head`, among those that were made on the branch itself: for what a
   * pull request brought along its merge, not the commits that were merged. Undefined when there is no such file.
   */
  lastChange(head: string, path: string): Promise<string | undefined>;
  /** Paths of all `cluster.yaml` files in a commit or a tree, as Git stores them. */
  listSpecs(commitOrTree: string): Promise<readonly SpecFile[]>;
  /** Content of a file in a commit or a tree. @throws PortError `refused` for symbolic links, submodules and files above the limit. */
  readFile(commitOrTree: string, path: string): Promise<Uint8Array>;
}

/** A ref of the repository, `refs/pull/7/head` for example, and the commit that it is said to point at. */
export interface AnnouncedRef {
  readonly ref: string;
  readonly commit: string;
}

export type MergeResult = { readonly tree: string } | { readonly conflicts: readonly string[] };

export interface SpecFile {
  readonly path: string;
  readonly kind: 'file' | 'symlink' | 'submodule';
  readonly sizeBytes: number;
  /** Id of the content: the same id is the same content. */
  readonly content: string;
}

/** Small durable documents: the lease, the journal, the last good spec. */
export interface StateStore {
  read(key: string): Promise<string | undefined>;
  /** Durable and atomic: after a crash either the old or the new content is there. */
  write(key: string, content: string): Promise<void>;
  append(key: string, line: string): Promise<void>;
}

/** The right to act on one cluster. */
export interface Lease {
  /** Grows by one each time the lease changes hands. */
  readonly epoch: number;
  /** Aborted when the lease is lost. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export interface Leases {
  /** @throws PortError `conflict` naming the holder while somebody else holds it. */
  acquire(cluster: string, holder: string): Promise<Lease>;
}
