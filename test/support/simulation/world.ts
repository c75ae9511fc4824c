/**
 * The simulated world as data: machines with their engines, and the redis-servers that run on them.
 *
 * Behaviour lives in the files beside this one, by topic; here is only what they all look at.
 */
import type { NodeId } from '../../../reconciler/model/cluster-state.ts';
import type { Endpoint } from '../../../reconciler/model/facts.ts';
import type { ContainerReading, NodeReading } from '../../../reconciler/model/readings.ts';
import type { SlotSet } from '../../../reconciler/model/slots.ts';
import type { ContainerPlan } from '../../../reconciler/ports.ts';
import type { AclTable } from './acl-table.ts';
import { type KeyCounts, KeyedSlots } from './keys.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import type { ServerConfig } from './server-config.ts';
import { type Claim, SlotMap } from './slot-map.ts';

/** What simulated hardware and clients are like. */
export interface WorldSettings {
  readonly seed: number;
  /** Simulated time of the start, in milliseconds since the epoch. */
  readonly startAt: number;
  /** How many slots hold keys; the others stay empty, which keeps the bookkeeping small. */
  readonly keyedSlots: number;
  /** Milliseconds between two bursts of writes by the simulated clients; 0 for no clients. */
  readonly writeEveryMs: number;
  readonly writesPerBurst: number;
  readonly bytesPerKey: number;
  /** Keys that a full synchronisation or a slot migration carries per millisecond. */
  readonly keysPerMs: number;
  /** How likely a replica that started with an outdated table keeps dialling the old address (measured fact M8). */
  readonly staleAddressProbability: number;
  /** Whether a container may get an address that another one had before: then old tables lead to strangers. */
  readonly reuseAddresses: boolean;
  /** After which time a call to somebody who stays silent is given up. */
  readonly engineDeadlineMs: number;
  readonly redisDeadlineMs: number;
}

/** Whose action something was: that of the code under test, an injected fault, or the cluster's own doing. */
export type Cause = 'redisforge' | 'fault' | 'cluster';

export interface Machine {
  /** Its engine's address; hosts of a spec with the same one are the same machine. */
  readonly docker: string;
  readonly name: string;
  readonly engineId: string;
  /** Address of nodes that use the host's network. */
  address: string;
  power: 'on' | 'off';
  engine: 'running' | 'stopped';
  /** What a caller meets while the engine or the machine is down. */
  answer: 'silence' | 'refusal';
  readonly images: Set<string>;
  readonly volumes: Map<string, Volume>;
  readonly networks: Map<string, Network>;
  readonly containers: Map<string, Container>;
  /** Ports in the host's network that something else has taken. */
  readonly takenPorts: Set<number>;
}

export interface Network {
  readonly name: string;
  readonly subnet: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Addresses that the engine has ever given out here. */
  readonly given: Set<string>;
}

export interface Volume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Files of the `conf/` directory by path. */
  readonly files: Map<string, string>;
  /** nodes.conf: the identity and what the node knew of the others. */
  conf: NodesConf | null;
  /** What the append-only file, and what the snapshot file holds. */
  aof: KeyCounts | null;
  rdb: KeyCounts | null;
}

export interface Container {
  readonly id: string;
  readonly plan: ContainerPlan;
  readonly machine: Machine;
  readonly volume: Volume;
  status: ContainerReading['status'];
  restart: 'always' | 'no';
  memoryBytes: number;
  cpus: number;
  exitCode: number;
  oomKilled: boolean;
  error: string;
  startedAt: number;
  finishedAt: number;
  /** Stopped through the engine: its policy does not start it again. */
  stopped: boolean;
  restarts: number;
  /** Address inside its Docker network while it runs. */
  ip: string;
  server: Server | null;
  readonly log: string[];
}

/** What redis-server keeps in nodes.conf, so what outlives the process. */
export interface NodesConf {
  id: NodeId;
  currentEpoch: number;
  configEpoch: number;
  role: 'primary' | 'replica';
  primaryId: NodeId | null;
  map: SlotMap;
  readonly members: Map<NodeId, Member>;
  /** Its own address as it has learnt it; '' while it has met nobody. */
  ownIp: string;
}

/** How one server sees another. */
export interface Member {
  readonly id: NodeId;
  ip: string;
  port: number;
  busPort: number;
  claim: Claim;
  failing: 'no' | 'suspected' | 'failed';
  failedAt: number;
  connected: boolean;
  /** When silence turns into suspicion; Infinity while connected. */
  suspectAt: number;
  noAddress: boolean;
  /** The address is what nodes.conf had at the start, and nobody has answered there since. */
  fromFile: boolean;
  /** What both knew when their members were last compared. */
  compared: number;
  /** Who answers at the address, as of `peerVersion` of the world's network. */
  peer: Server | null;
  peerVersion: number;
}

export interface Handshake {
  readonly id: NodeId;
  readonly ip: string;
  readonly port: number;
  readonly busPort: number;
  readyAt: number;
  readonly expiresAt: number;
}

/** A replica's connection to its primary. */
export interface ReplicaLink {
  readonly replica: Server;
  dials: Endpoint;
  state: 'connecting' | 'syncing' | 'up';
  /** Who it is connected to while it synchronises or is up. */
  primary: Server | null;
  /** Milliseconds since the epoch; 0 when it was never up in this process's life. */
  downSince: number;
  /** Grows with each new attempt, so that what an abandoned one had planned does nothing. */
  attempt: number;
  /** Writes on their way: index of the slot, and when it arrives, in turn. */
  readonly queue: number[];
  /** Since when nothing arrives though the connection still stands; Infinity when all is well. */
  stalledAt: number;
}

/** One end of a slot migration. */
export interface MigrationRecord {
  readonly id: string;
  readonly slots: SlotSet;
  source: NodeId;
  readonly target: NodeId;
  readonly operation: 'import' | 'migrate';
  state: string;
  lastError: string;
  retries: number;
  readonly createdAt: number;
  startedAt: number;
  endedAt: number;
  writePauseMs: number;
  /** Grows with each attempt. */
  attempt: number;
}

/** A redis-server process: what it holds in memory, from its start to its end. */
export class Server {
  readonly world: World;
  readonly name: string;
  readonly machine: Machine;
  /** Null for a foreign server, which nobody's engine here knows. */
  readonly container: Container | null;
  readonly volume: Volume;
  readonly conf: NodesConf;
  readonly config: ServerConfig;
  readonly acl: AclTable;
  keys: KeyCounts;
  readonly ip: string;
  port: number;
  readonly busPort: number;
  readonly version: string;
  readonly runId: string;
  readonly startedAt: number;
  /** `booting`: not listening yet. */
  state: 'booting' | 'loading' | 'ready' | 'ended' = 'booting';
  clusterOk = false;
  inMinority = false;
  minorityEndedAt = 0;
  readonly handshakes: Handshake[] = [];
  /** Members that it was told to forget, and until when it will not learn of them again from others. */
  readonly bans = new Map<NodeId, number>();
  link: ReplicaLink | null = null;
  readonly replicas = new Set<ReplicaLink>();
  offset = 0;
  /** Name of the replication history, and of the one that it grew out of. */
  history: string;
  formerHistory = '';
  migrations: MigrationRecord[] = [];
  writesPausedUntil = 0;
  lastVoteEpoch = 0;
  readonly votedAt = new Map<NodeId, number>();
  electionAt = 0;
  manualFailoverUntil = 0;
  claim: Claim;
  /** Exclusive-or over all members' hashes: equal when two servers know the same members. */
  knownHash = 0;
  /** Grows with every change of what CLUSTER NODES prints. */
  viewVersion = 0;
  /** Somebody else was promoted in its place: whose doing that was. */
  superseded: Cause | null = null;
  reading: { version: number; members: NodeReading['members'] } | null = null;

  constructor(world: World, init: ServerInit) {
    this.world = world;
    this.name = init.name;
    this.machine = init.machine;
    this.container = init.container;
    this.volume = init.volume;
    this.conf = init.conf;
    this.config = init.config;
    this.acl = init.acl;
    this.keys = init.keys;
    this.ip = init.ip;
    this.port = init.port;
    this.busPort = init.busPort;
    this.version = init.version;
    this.startedAt = world.now;
    this.runId = world.chance.hex(40);
    this.history = world.chance.hex(40);
    this.claim = claimOf(this);
  }

  get id(): NodeId {
    return this.conf.id;
  }

  get isPrimary(): boolean {
    return this.conf.role === 'primary';
  }

  /** Slots that it believes to own. */
  get slots(): SlotSet {
    return this.conf.map.of(this.conf.id);
  }

  /** Takes part in the cluster: it listens, and nothing has ended it. */
  get listening(): boolean {
    return this.state === 'loading' || this.state === 'ready';
  }
}

export interface ServerInit {
  readonly name: string;
  readonly machine: Machine;
  readonly container: Container | null;
  readonly volume: Volume;
  readonly conf: NodesConf;
  readonly config: ServerConfig;
  readonly acl: AclTable;
  readonly keys: KeyCounts;
  readonly ip: string;
  readonly port: number;
  readonly busPort: number;
  readonly version: string;
}

/** What the server says of itself just now. */
export function claimOf(server: Server): Claim {
  const { conf, config } = server;
  return {
    id: conf.id,
    role: conf.role,
    primaryId: conf.primaryId,
    configEpoch: conf.configEpoch,
    slots: conf.map.of(conf.id),
    ip: config.get('cluster-announce-ip') || server.ip,
    port: Number(config.get('cluster-announce-port')) || server.port,
    busPort: Number(config.get('cluster-announce-bus-port')) || server.busPort,
    hostname: config.get('cluster-announce-hostname'),
  };
}

/** RedisForge's own place, for partitions. */
export const REDISFORGE = 'redisforge';

export class World {
  readonly settings: WorldSettings;
  readonly scheduler: Scheduler;
  /** Chance in the cluster, in the calls to it, and in what its clients do: streams that do not disturb each other. */
  readonly chance: Random;
  readonly callChance: Random;
  readonly clientChance: Random;
  readonly machines = new Map<string, Machine>();
  readonly servers = new Set<Server>();
  /** Listening servers by `scope|ip:port`, for client ports and bus ports alike. */
  readonly listeners = new Map<string, Server>();
  /** Pairs of places that cannot talk, as `a|b` in alphabetical order. */
  readonly cuts = new Set<string>();
  /** Grows whenever who can reach whom may have changed. */
  networkVersion = 0;
  /** When gossip is next worked through; Infinity while all is quiet. */
  #gossipAt = Number.POSITIVE_INFINITY;
  /** Works through one round of gossip. */
  gossip: () => void = () => {};
  readonly keyed: KeyedSlots;
  readonly emptyMap = SlotMap.empty();
  readonly history: { readonly at: number; readonly what: string }[] = [];
  /** Images that no registry has, and images whose server ends at once. */
  readonly missingImages = new Set<string>();
  readonly brokenImages = new Set<string>();
  /** Told of every server that ended, before it is gone. */
  readonly onServerEnd: ((server: Server, cause: Cause) => void)[] = [];
  /** Told when a server was made a primary in another's place. */
  readonly onPromotion: ((server: Server, former: Server | undefined, by: Cause) => void)[] = [];
  /** Told when an engine stops answering: connections to it end. */
  readonly onEngineLost: ((machine: Machine) => void)[] = [];
  /** Told of what happens to containers, as `docker events` tells. */
  readonly onContainerEvent: ((container: Container, action: ContainerAction) => void)[] = [];

  constructor(settings: WorldSettings) {
    this.settings = settings;
    this.scheduler = new Scheduler(settings.startAt);
    this.chance = new Random(settings.seed, 'cluster');
    this.callChance = new Random(settings.seed, 'calls');
    this.clientChance = new Random(settings.seed, 'clients');
    this.keyed = new KeyedSlots(settings.keyedSlots, new Random(settings.seed, 'slots'));
  }

  get now(): number {
    return this.scheduler.now;
  }

  tell(what: string): void {
    this.history.push({ at: this.now, what });
  }

  /** Asks for a round of gossip soon: something may have changed. */
  stir(): void {
    this.planGossip(this.now + 100);
  }

  planGossip(at: number): void {
    if (at >= this.#gossipAt || at === Number.POSITIVE_INFINITY) return;
    this.#gossipAt = at;
    this.scheduler.later(at - this.now, () => {
      if (this.#gossipAt !== at) return;
      this.#gossipAt = Number.POSITIVE_INFINITY;
      this.gossip();
    });
  }

  /** Who can reach whom may have changed: a process, a machine or a cable came or went. */
  networkChanged(): void {
    this.networkVersion += 1;
    this.stir();
  }

  /** Whether packets pass between two places: machines' engine addresses, or {@link REDISFORGE}. */
  passes(from: string, to: string): boolean {
    if (this.cuts.size === 0 || from === to) return true;
    return !this.cuts.has(from < to ? `${from}|${to}` : `${to}|${from}`);
  }

  /** The listening server behind an address, as seen from a machine; undefined when nobody can be reached there. */
  serverAt(from: Machine, ip: string, port: number): Server | undefined {
    const server = this.listeners.get(`|${ip}:${port}`) ?? this.listeners.get(`${from.docker}|${ip}:${port}`);
    if (server === undefined || !server.listening || server.machine.power === 'off') return undefined;
    return this.passes(from.docker, server.machine.docker) ? server : undefined;
  }
}

export type ContainerAction = 'die' | 'oom' | 'start' | 'stop' | 'destroy';
