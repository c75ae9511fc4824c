/**
 * Random valid specs, and random edits of them that keep them valid, for properties over the whole reconciler.
 *
 * Specs are made as documents (what a user writes), because edits are edits of the file; {@link specFrom} gives
 * the parsed form.
 */
import fc from 'fast-check';
import { type ClusterSpec, clusterSpecSchema } from '../../../spec-schema/cluster-spec.ts';

export interface HostEntry {
  readonly name: string;
  readonly zone: string;
  readonly docker: string;
  readonly address?: string;
  readonly ssh?: object;
}

export interface NodeEntry {
  readonly name: string;
  readonly shard: string;
  readonly host: string;
  readonly port: number;
  readonly role?: 'primary' | 'replica' | 'surge';
  readonly address?: string;
}

export interface UserEntry {
  readonly name: string;
  readonly rules: string;
  readonly password: { readonly file: string };
}

/** A `cluster.yaml` as data. */
export interface SpecDocument {
  readonly placement: 'zone' | 'host' | 'single-host';
  readonly network: { readonly mode: 'host' } | { readonly mode: 'bridge'; readonly subnet: string };
  readonly redis: { readonly image: string; readonly config: Readonly<Record<string, string>> };
  readonly resources: { readonly memory?: string; readonly cpus?: number };
  readonly hosts: readonly HostEntry[];
  readonly nodes: readonly NodeEntry[];
  readonly users: readonly UserEntry[];
}

export interface SpecShape {
  readonly shards: number;
  readonly replicas: number;
  readonly zones: number;
  readonly hostsPerZone: number;
  readonly network: 'host' | 'bridge' | 'bridge-fixed';
  readonly persistent: boolean;
  /** Whether the spec names who is to be primary. */
  readonly roles: boolean;
  /** Whether each shard has a surge replica, where there is a place for one. */
  readonly surge?: boolean;
  readonly config: Readonly<Record<string, string>>;
  readonly users: number;
}

export const specShapes: fc.Arbitrary<SpecShape> = fc.record({
  shards: fc.integer({ min: 3, max: 12 }),
  replicas: fc.integer({ min: 0, max: 3 }),
  zones: fc.integer({ min: 1, max: 5 }),
  hostsPerZone: fc.integer({ min: 1, max: 3 }),
  network: fc.constantFrom('host', 'host', 'host', 'bridge', 'bridge-fixed'),
  persistent: fc.boolean(),
  roles: fc.boolean(),
  config: fc.dictionary(fc.constant('maxmemory-policy'), fc.constantFrom('noeviction', 'allkeys-lru')),
  users: fc.integer({ min: 0, max: 2 }),
});

export const specDocuments: fc.Arbitrary<SpecDocument> = fc
  .tuple(specShapes, fc.boolean())
  .map(([shape, surge]) => documentOf({ ...shape, surge }));

export function documentOf(shape: SpecShape): SpecDocument {
  const { shards, replicas, zones, hostsPerZone, network } = shape;
  const bridge = network !== 'host';
  const hosts = Array.from({ length: zones * hostsPerZone }, (_, index): HostEntry => {
    const address = `10.${(index % zones) + 1}.0.${Math.floor(index / zones) + 1}`;
    const base = { name: `h${index + 1}`, zone: `z${(index % zones) + 1}` };
    // A bridge network ends at its engine, so all its hosts are one machine.
    if (bridge) return { ...base, docker: 'unix:///var/run/docker.sock' };
    return { ...base, docker: `ssh://ops@${address}`, address, ssh: SSH };
  });
  const nodes = Array.from({ length: shards }, (_, shard) =>
    Array.from({ length: replicas + 1 }, (_, member): NodeEntry => {
      const index = shard * (replicas + 1) + member;
      return {
        name: `n${shard + 1}${'abcd'[member]}`,
        shard: `s${shard + 1}`,
        // Neighbours in this order are in different zones while there are enough, on different hosts otherwise.
        host: `h${((shard + member) % hosts.length) + 1}`,
        port: 7001 + index,
        ...(shape.roles ? { role: member === 0 ? 'primary' : 'replica' } : {}),
        ...(network === 'bridge-fixed' ? { address: `10.213.47.${10 + index}` } : {}),
      };
    }),
  ).flat();
  const document: SpecDocument = {
    placement: placementOf(shape),
    network: bridge ? { mode: 'bridge', subnet: '10.213.47.0/24' } : { mode: 'host' },
    redis: {
      image: 'redis:8.6.3',
      config: {
        appendonly: shape.persistent ? 'yes' : 'no',
        save: '',
        'cluster-node-timeout': '2000',
        ...shape.config,
      },
    },
    resources: {},
    hosts,
    nodes,
    users: Array.from({ length: shape.users }, (_, index) => userEntry(index + 1)),
  };
  return shape.surge === true ? shardsOf(document).reduce(withSurge, document) : document;
}

function withSurge(document: SpecDocument, shard: string): SpecDocument {
  const members = document.nodes.filter((node) => node.shard === shard);
  const host = document.hosts.find((candidate) => isFree(document, candidate, members));
  if (host === undefined) return document;
  return { ...document, nodes: [...document.nodes, newNode(document, shard, host, 'surge')] };
}

const SSH = { hostKey: `SHA256:${'A'.repeat(43)}`, identity: { file: 'id_ed25519' } };

/** The strictest that the layout can keep. */
function placementOf({ replicas, zones, hostsPerZone }: SpecShape): SpecDocument['placement'] {
  if (zones >= Math.max(3, replicas + 1)) return 'zone';
  return zones * hostsPerZone >= Math.max(3, replicas + 1) ? 'host' : 'single-host';
}

function userEntry(number: number): UserEntry {
  return {
    name: `app${number}`,
    rules: `~app${number}:* +@read +@write`,
    password: { file: `app${number}` },
  };
}

/** @throws ZodError when the document is none. */
export function specFrom(document: SpecDocument): ClusterSpec {
  return clusterSpecSchema.parse(rawFrom(document));
}

/** The whole document, as JSON can carry it. */
export function rawFrom(document: SpecDocument): Record<string, unknown> {
  return {
    apiVersion: 'redisforge.dev/v1',
    kind: 'RedisCluster',
    metadata: { name: 'random' },
    auth: {
      operator: { password: { file: 'operator' } },
      replication: { password: { file: 'replication' } },
    },
    ...document,
  };
}

/**
 * One change of the file. Numbers pick among what there is (modulo), so that every edit means something for every
 * document.
 */
export type SpecEdit =
  | { readonly kind: 'config'; readonly directive: string; readonly value: string }
  | { readonly kind: 'image'; readonly image: string }
  | { readonly kind: 'resources'; readonly memory: string; readonly cpus: number }
  | { readonly kind: 'user'; readonly number: number; readonly rules: string }
  | { readonly kind: 'remove-user'; readonly pick: number }
  | { readonly kind: 'roles'; readonly shard: number; readonly member: number }
  | { readonly kind: 'add-replica'; readonly shard: number }
  | { readonly kind: 'remove-replica'; readonly shard: number }
  | { readonly kind: 'move-node'; readonly node: number; readonly host: number }
  | { readonly kind: 'add-shard' }
  | { readonly kind: 'remove-shard'; readonly shard: number };

const number = fc.nat({ max: 999 });

/** Changes that leave the nodes where and what they are. */
export const settingEdits: fc.Arbitrary<SpecEdit> = fc.oneof(
  fc.record({
    kind: fc.constant('config' as const),
    // Some can be set on a running server, others need a restart.
    directive: fc.constantFrom('hz', 'timeout', 'tcp-keepalive', 'tcp-backlog', 'io-threads'),
    value: fc.integer({ min: 1, max: 100 }).map(String),
  }),
  fc.record({
    kind: fc.constant('resources' as const),
    memory: fc.constantFrom('512mb', '1gb', '2gb'),
    cpus: fc.constantFrom(0.5, 1, 2),
  }),
  fc.record({
    kind: fc.constant('user' as const),
    number: fc.integer({ min: 1, max: 3 }),
    rules: fc.constantFrom('~* +@read', '~app:* &app:* +@all -@dangerous', '~app:* +get +set'),
  }),
  fc.record({ kind: fc.constant('remove-user' as const), pick: number }),
  fc.record({ kind: fc.constant('image' as const), image: fc.constant('redis:8.6.4') }),
);

/** Changes of what nodes there are and what they are for. */
export const nodeEdits: fc.Arbitrary<SpecEdit> = fc.oneof(
  fc.record({ kind: fc.constant('roles' as const), shard: number, member: number }),
  fc.record({ kind: fc.constant('add-replica' as const), shard: number }),
  fc.record({ kind: fc.constant('remove-replica' as const), shard: number }),
  fc.record({ kind: fc.constant('move-node' as const), node: number, host: number }),
);

/** Changes that move slots. */
export const scaleEdits: fc.Arbitrary<SpecEdit> = fc.oneof(
  fc.record({ kind: fc.constant('add-shard' as const) }),
  fc.record({ kind: fc.constant('remove-shard' as const), shard: number }),
);

/** Carries an edit out. Returns the very same document where it would break a rule, or change nothing. */
export function applyEdit(document: SpecDocument, edit: SpecEdit): SpecDocument {
  switch (edit.kind) {
    case 'config': {
      const value = edit.directive === 'io-threads' ? String((Number(edit.value) % 4) + 1) : edit.value;
      return withConfig(document, { [edit.directive]: value });
    }
    case 'image':
      return { ...document, redis: { ...document.redis, image: edit.image } };
    case 'resources':
      // A limit without `maxmemory` would let the kernel kill what Redis does not bound.
      return {
        ...withConfig(document, { maxmemory: '256mb' }),
        resources: { memory: edit.memory, cpus: edit.cpus },
      };
    case 'user': {
      const user = { ...userEntry(edit.number), rules: edit.rules };
      const others = document.users.filter(({ name }) => name !== user.name);
      return { ...document, users: [...others, user] };
    }
    case 'remove-user': {
      const gone = picked(document.users, edit.pick);
      return gone === undefined
        ? document
        : { ...document, users: document.users.filter((user) => user !== gone) };
    }
    case 'roles':
      return withRoles(document, edit.shard, edit.member);
    case 'add-replica':
      return withReplica(document, edit.shard);
    case 'remove-replica': {
      const members = membersOf(document, edit.shard);
      const gone = members.findLast(({ role }) => role !== 'primary');
      if (gone === undefined || members.length < 2) return document;
      return { ...document, nodes: document.nodes.filter((node) => node !== gone) };
    }
    case 'move-node':
      return withMove(document, edit.node, edit.host);
    case 'add-shard':
      return withShard(document);
    case 'remove-shard': {
      const [first] = membersOf(document, edit.shard);
      if (shardsOf(document).length <= 3) return document;
      return keepMajority(document, {
        ...document,
        nodes: document.nodes.filter(({ shard }) => shard !== first?.shard),
      });
    }
  }
}

function withConfig(document: SpecDocument, config: Readonly<Record<string, string>>): SpecDocument {
  return { ...document, redis: { ...document.redis, config: { ...document.redis.config, ...config } } };
}

function picked<T>(list: readonly T[], pick: number): T | undefined {
  return list[pick % Math.max(1, list.length)];
}

function shardsOf(document: SpecDocument): string[] {
  return [...new Set(document.nodes.map(({ shard }) => shard))];
}

function membersOf(document: SpecDocument, pick: number): NodeEntry[] {
  const shard = picked(shardsOf(document), pick);
  return document.nodes.filter((node) => node.shard === shard);
}

function withRoles(document: SpecDocument, shard: number, member: number): SpecDocument {
  const members = membersOf(document, shard);
  const primary = picked(members, member);
  if (primary?.role === undefined || primary.role === 'primary') return document;
  return keepMajority(document, {
    ...document,
    nodes: document.nodes.map((node) =>
      node.shard === primary.shard ? { ...node, role: node === primary ? 'primary' : 'replica' } : node,
    ),
  });
}

function withReplica(document: SpecDocument, shard: number): SpecDocument {
  const members = membersOf(document, shard);
  const host = document.hosts.find((candidate) => isFree(document, candidate, members));
  const [first] = members;
  if (host === undefined || first === undefined || members.length > 3) return document;
  return {
    ...document,
    nodes: [...document.nodes, newNode(document, first.shard, host, first.role && 'replica')],
  };
}

/** A node that moves is another node under another name: the old one leaves, the new one comes. */
function withMove(document: SpecDocument, node: number, host: number): SpecDocument {
  const mover = picked(document.nodes, node);
  if (mover === undefined) return document;
  const others = document.nodes.filter(({ shard, name }) => shard === mover.shard && name !== mover.name);
  const target = picked(document.hosts, host);
  if (target === undefined || target.name === mover.host || !isFree(document, target, others))
    return document;
  const moved = newNode(document, mover.shard, target, mover.role);
  return keepMajority(document, {
    ...document,
    nodes: document.nodes.map((each) => (each === mover ? moved : each)),
  });
}

function withShard(document: SpecDocument): SpecDocument {
  const shards = shardsOf(document);
  if (shards.length >= 12) return document;
  const size = document.nodes.length / shards.length;
  const shard = `s${1 + Math.max(...shards.map((name) => Number(name.slice(1))))}`;
  const roles = document.nodes.some(({ role }) => role !== undefined);
  let grown = document;
  for (let member = 0; member < Math.max(1, Math.round(size)); member += 1) {
    const members = grown.nodes.filter((node) => node.shard === shard);
    const host = [...grown.hosts]
      .sort((a, b) => load(grown, a) - load(grown, b))
      .find((candidate) => isFree(grown, candidate, members));
    if (host === undefined) break;
    const role = member === 0 ? 'primary' : 'replica';
    grown = { ...grown, nodes: [...grown.nodes, newNode(grown, shard, host, roles ? role : undefined)] };
  }
  return keepMajority(document, grown);
}

function load(document: SpecDocument, host: HostEntry): number {
  return document.nodes.filter((node) => node.host === host.name).length;
}

/** Whether a member of that shard may be placed on the host beside the others. */
function isFree(document: SpecDocument, host: HostEntry, members: readonly NodeEntry[]): boolean {
  if (document.placement === 'single-host') return true;
  const zoneOf = (name: string) => document.hosts.find((each) => each.name === name)?.zone;
  return members.every(
    (member) =>
      member.host !== host.name && (document.placement === 'host' || zoneOf(member.host) !== host.zone),
  );
}

function newNode(document: SpecDocument, shard: string, host: HostEntry, role: NodeEntry['role']): NodeEntry {
  const taken = new Set(document.nodes.map(({ port }) => port));
  let port = 7001;
  while (taken.has(port)) port += 1;
  const names = new Set(document.nodes.map(({ name }) => name));
  let serial = 1;
  while (names.has(`n${shard.slice(1)}x${serial}`)) serial += 1;
  const fixed = document.nodes.some(({ address }) => address !== undefined);
  return {
    name: `n${shard.slice(1)}x${serial}`,
    shard,
    host: host.name,
    port,
    ...(role === undefined ? {} : { role }),
    ...(fixed ? { address: `10.213.47.${10 + port - 7001}` } : {}),
  };
}

/**
 * The edited document, unless the named primaries now crowd one zone or host that they did not have to: then the
 * document as it was.
 */
function keepMajority(before: SpecDocument, after: SpecDocument): SpecDocument {
  const most = Math.floor((shardsOf(after).length - 1) / 2);
  const zoneOf = new Map(after.hosts.map(({ name, zone }) => [name, zone]));
  const primaries = shardsOf(after).flatMap((shard) => {
    const members = after.nodes.filter((node) => node.shard === shard);
    return members.find(({ role }) => role === 'primary') ?? members[0] ?? [];
  });
  for (const domain of [(node: NodeEntry) => zoneOf.get(node.host), (node: NodeEntry) => node.host]) {
    const held = Map.groupBy(primaries, domain);
    if ([...held.values()].some((each) => each.length > most)) return before;
  }
  return after;
}
