/** What a claim about Redis needs to be proven on: a few redis-servers that can be started, killed and moved. */
import assert from 'node:assert/strict';
import type { MemberAddress } from '../../../reconciler/model/facts.ts';
import type { NodeReading } from '../../../reconciler/model/readings.ts';
import { evenSplit } from '../../../reconciler/model/slots.ts';
import type { Clock, RedisNode } from '../../../reconciler/ports.ts';

export interface LabNode {
  readonly name: string;
  /** RedisForge's administration of it, at the address that it has now. */
  readonly redis: RedisNode;
  address(): MemberAddress;
  /** SIGKILL. Under `restart: 'always'` its engine starts it again at once. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Starts it again on its volume, with changing addresses under one that no node had before. Waits until it answers. */
  start(): Promise<void>;
  /** Kills it, removes everything but its configuration files from its volume, and starts it at its address. */
  wipe(): Promise<void>;
}

export interface LabOptions {
  /** Directives beside the lab's own: cluster mode, users, `save ""`, `appendonly yes`. */
  readonly config?: Readonly<Record<string, string>>;
  readonly addresses?: 'fixed' | 'changing';
  readonly restart?: 'always' | 'no';
  /** For how long the nodes of a cluster run before they are made one. */
  readonly ageMs?: number;
}

export interface RedisLab {
  /** Simulated or real; waiting goes through it. */
  readonly clock: Clock;
  /** Starts empty nodes that know nobody, and waits until they answer. */
  start(count: number, options?: LabOptions): Promise<LabNode[]>;
  /** Writes new keys through a cluster client, spread over many slots. @returns how many were acknowledged. */
  write(keys: number): Promise<number>;
}

/** A fact about Redis that RedisForge relies on, and that must hold in the simulation as on a real server. */
export interface Claim {
  /** One sentence. */
  readonly says: string;
  /** Where it was measured: `M10`, `redis86.md 3`. */
  readonly fact: string;
  readonly prove: (lab: RedisLab) => Promise<void>;
}

/** Waits for a condition. @returns the milliseconds that it took. */
export async function until(
  clock: Clock,
  what: string,
  deadlineMs: number,
  holds: () => Promise<boolean>,
): Promise<number> {
  const start = clock.now();
  for (;;) {
    if (await holds()) return clock.now() - start;
    if (clock.now() - start > deadlineMs) assert.fail(`not within ${deadlineMs} ms: ${what}`);
    await clock.sleep(25);
  }
}

/** Checks again and again that something goes on being so. */
export async function always(
  clock: Clock,
  what: string,
  forMs: number,
  holds: () => Promise<boolean>,
): Promise<void> {
  const end = clock.now() + forMs;
  while (clock.now() < end) {
    assert.ok(await holds(), what);
    await clock.sleep(Math.min(500, Math.max(25, forMs / 20)));
  }
}

export async function idOf(node: LabNode): Promise<string> {
  return (await node.redis.read([])).nodeId;
}

/** A reading, or undefined while the node does not answer. */
export async function look(node: LabNode): Promise<NodeReading | undefined> {
  try {
    return await node.redis.read([]);
  } catch {
    return undefined;
  }
}

export async function everyNode(
  nodes: readonly LabNode[],
  holds: (reading: NodeReading) => boolean,
): Promise<boolean> {
  const readings = await Promise.all(nodes.map(look));
  return readings.every((reading) => reading !== undefined && holds(reading));
}

export function isOk(reading: NodeReading): boolean {
  return reading.clusterOk;
}

export function isLinked(reading: NodeReading): boolean {
  return reading.role === 'replica' && reading.primaryLink?.up === true;
}

/** The server refuses with a text that matches. */
export async function refuses(call: Promise<unknown>, text: RegExp): Promise<void> {
  await assert.rejects(call, (error: Error & { code?: string }) => {
    assert.equal(error.code, 'refused', error.message);
    assert.match(error.message, text);
    return true;
  });
}

export async function meetAll(nodes: readonly LabNode[]): Promise<void> {
  const pairs = nodes.flatMap((node, index) => nodes.slice(index + 1).map((other) => [node, other] as const));
  await Promise.all(pairs.map(([node, other]) => node.redis.meet(other.address())));
}

export async function knowEachOther(
  lab: RedisLab,
  nodes: readonly LabNode[],
  deadlineMs = 10_000,
): Promise<number> {
  return until(lab.clock, 'all nodes know each other', deadlineMs, () =>
    everyNode(
      nodes,
      ({ members }) =>
        members.length === nodes.length &&
        members.every(({ handshake, myself, linkConnected }) => !handshake && (myself || linkConnected)),
    ),
  );
}

export interface LabCluster {
  readonly primaries: readonly LabNode[];
  /** `replicas[i]` follow `primaries[i]`. */
  readonly replicas: readonly (readonly LabNode[])[];
  readonly nodes: readonly LabNode[];
  /** From the assignment of the slots until every node said ok. */
  readonly servingAfterMs: number;
}

/** A serving cluster, made with direct commands as RedisForge makes it; all replicas are in sync. */
export async function formCluster(
  lab: RedisLab,
  shards: number,
  replicasEach: number,
  options: LabOptions = {},
): Promise<LabCluster> {
  const nodes = await lab.start(shards * (1 + replicasEach), {
    ...options,
    config: { 'repl-diskless-sync-delay': '0', 'cluster-allow-replica-migration': 'no', ...options.config },
  });
  await lab.clock.sleep(options.ageMs ?? 0);
  const primaries = nodes.slice(0, shards);
  const replicas = primaries.map((_, index) =>
    nodes.slice(shards + index * replicasEach, shards + (index + 1) * replicasEach),
  );
  await Promise.all(nodes.map((node, index) => node.redis.setConfigEpoch(index + 1)));
  const assignedAt = lab.clock.now();
  await Promise.all(
    evenSplit(shards).map((slots, index) => (primaries[index] as LabNode).redis.addSlots(slots)),
  );
  await meetAll(nodes);
  await knowEachOther(lab, nodes);
  for (const [index, members] of replicas.entries()) {
    const id = await idOf(primaries[index] as LabNode);
    await Promise.all(members.map((member) => member.redis.replicate(id)));
  }
  await serving(lab, nodes);
  const servingAfterMs = lab.clock.now() - assignedAt;
  await linked(lab, replicas.flat());
  return { primaries, replicas, nodes, servingAfterMs };
}

/** The first replica of a shard, counted from 0. */
export function replicaOf({ replicas }: Pick<LabCluster, 'replicas'>, shard: number): LabNode {
  const node = replicas[shard]?.[0];
  assert.ok(node, `shard ${shard} has a replica`);
  return node;
}

export async function serving(
  lab: RedisLab,
  nodes: readonly LabNode[],
  deadlineMs = 20_000,
): Promise<number> {
  return until(lab.clock, 'every node says ok', deadlineMs, () => everyNode(nodes, isOk));
}

export async function linked(
  lab: RedisLab,
  replicas: readonly LabNode[],
  deadlineMs = 20_000,
): Promise<number> {
  return until(lab.clock, 'every replica is linked', deadlineMs, () => everyNode(replicas, isLinked));
}

/** Keys that a node holds, once nothing is on its way any more. */
export async function keysOf(node: LabNode): Promise<number> {
  return (await node.redis.read([])).keys;
}

export async function totalKeysOf(nodes: readonly LabNode[]): Promise<number> {
  const counts = await Promise.all(nodes.map(keysOf));
  return counts.reduce((sum, keys) => sum + keys, 0);
}
