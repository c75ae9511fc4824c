/** How bare a cluster is on the way: shards without their replicas in sync, and slots that nobody serves for a time. */
import type { Operation } from 'fast-json-patch';
import type { ClusterState, NodeName, NodeState, ShardName } from '../model/cluster-state.ts';
import { parseSlots, SLOT_COUNT, slotCount } from '../model/slots.ts';
import { isSyncedReplica, isUnformed, nodeOf, ownsSlots, shardMembers } from '../model/topology.ts';
import type { Guess } from './guess.ts';
import type { Wave } from './law.ts';

/** From the end or the course of one wave to the end of another. */
export interface Period {
  /** 0: from the start. */
  readonly fromWave: number;
  /** The wave that ends it; null when it lasts beyond the plan. */
  readonly untilWave: number | null;
}

/** A time in which a shard has fewer replicas in sync than before, or none although it has some at another time. */
export interface Exposure extends Period {
  readonly shard: ShardName;
  /** 0 is the primary alone. */
  readonly replicas: Guess;
}

/** A time in which slots are not served, as clients see it. */
export interface Outage extends Period {
  readonly slots: Guess;
}

export interface Exposures {
  /** Fewest replicas in sync that any shard has at any time; null when no shard is ever served. */
  readonly worst: Guess | null;
  /** Shards that have no replica in sync at any time. */
  readonly bare: readonly ShardName[];
  readonly exposed: readonly Exposure[];
  readonly outages: readonly Outage[];
}

/** What is so from the end of a wave on; null while there is nothing to say. */
interface Mark {
  readonly wave: number;
  readonly value: Guess | null;
}

/** Looks at one state after the other and remembers only what changed. */
export class ExposureWatch {
  readonly #shards = new Map<ShardName, Mark[]>();
  readonly #unserved: Mark[] = [];
  /** Outages that begin and end within one wave: a lone primary that restarts. */
  readonly #blinks: Outage[] = [];
  #wave = 0;
  /** Slots of nodes that answer, and the number of nodes of which nobody can tell. */
  #served = { slots: 0, doubts: 0 };
  /** A cluster that is being formed has no clients: it is watched from the moment on at which it serves. */
  #watching: boolean;

  constructor(live: ClusterState) {
    this.#watching = !isUnformed(live);
    if (this.#watching) this.#lookAtAll(live, 0);
  }

  /** @param operations what the wave's steps made of `before`. */
  add({ before, steps, after }: Wave, operations: readonly Operation[]): void {
    this.#wave += 1;
    if (!this.#watching) {
      this.#watching = after.serving === 'yes';
      if (this.#watching) this.#lookAtAll(after, this.#wave + 1);
      return;
    }
    const shards = new Set<ShardName>();
    for (const name of touchedNodes(operations)) {
      for (const node of [before.nodes[name], after.nodes[name]])
        if (node !== undefined) shards.add(node.shard);
      this.#serve(before.nodes[name], -1);
      this.#serve(after.nodes[name], 1);
    }
    for (const shard of shards) this.#look(after, shard, this.#wave);
    const unserved = this.#unservedSlots(after);
    mark(this.#unserved, this.#wave, unserved);
    const restarted = steps
      .filter((step) => step.kind === 'restart-node')
      .map((step) => slotsOf(nodeOf(before, step.node)))
      .reduce((sum, slots) => sum + slots, 0);
    if (restarted > 0 && unserved === 0)
      this.#blinks.push({ fromWave: this.#wave, untilWave: this.#wave, slots: restarted });
  }

  #lookAtAll(state: ClusterState, wave: number): void {
    for (const shard of shardMembers(state).keys()) this.#look(state, shard, wave);
    for (const node of Object.values(state.nodes)) this.#serve(node, 1);
    mark(this.#unserved, wave, this.#unservedSlots(state));
  }

  #serve(node: NodeState | undefined, sign: 1 | -1): void {
    const { slots, doubts } = contribution(node);
    this.#served.slots += sign * slots;
    this.#served.doubts += sign * doubts;
  }

  /** Slots whose owner does not answer, or that have none; all of them when the cluster as a whole refuses. */
  #unservedSlots({ ghosts, serving }: ClusterState): Guess {
    if (serving === 'no') return SLOT_COUNT;
    let { slots: served, doubts } = this.#served;
    for (const { state, slots } of Object.values(ghosts)) {
      if (slots === '') continue;
      if (state === 'alive') served += slotCount(parseSlots(slots));
      else if (state === 'unclear') doubts += 1;
    }
    if (served >= SLOT_COUNT) return 0;
    return doubts > 0 ? 'unknown' : SLOT_COUNT - served;
  }

  #look(state: ClusterState, shard: ShardName, wave: number): void {
    const marks = this.#shards.get(shard) ?? [];
    this.#shards.set(shard, marks);
    mark(marks, wave, syncedReplicas(state, shard));
  }

  result(): Exposures {
    const shards = [...this.#shards].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
    const values = shards.flatMap(([, marks]) => marks.flatMap(({ value }) => value ?? []));
    return {
      worst: values.length === 0 ? null : fewest(values),
      bare: shards
        .filter(([, marks]) => marks.every(({ value }) => value === 0 || value === null))
        .filter(([, marks]) => marks.some(({ value }) => value === 0))
        .map(([shard]) => shard),
      exposed: shards.flatMap(([shard, marks]) =>
        periods(marks, isShort(marks)).map(({ value, ...period }) => ({ shard, ...period, replicas: value })),
      ),
      outages: [
        ...periods(this.#unserved, (value) => value !== 0).map(({ value, ...period }) => ({
          ...period,
          slots: value,
        })),
        ...this.#blinks,
      ].sort((a, b) => a.fromWave - b.fromWave),
    };
  }
}

function mark(marks: Mark[], wave: number, value: Guess | null): void {
  if (marks.at(-1)?.value !== value) marks.push({ wave, value });
}

/** Fewer than at the start, or none although there are some at another time. */
function isShort(marks: readonly Mark[]): (value: Guess) => boolean {
  const first = marks[0]?.wave === 0 ? marks[0].value : null;
  const most = Math.max(...marks.map(({ value }) => (typeof value === 'number' ? value : 0)));
  const enough = Math.max(typeof first === 'number' ? first : 0, Math.min(1, most));
  return (value) => value === 'unknown' || value < enough;
}

/** What is certainly the fewest; `unknown` unless one is certainly 0. */
function fewest(values: readonly Guess[]): Guess {
  if (values.includes(0)) return 0;
  return values.includes('unknown') ? 'unknown' : Math.min(...(values as number[]));
}

/** The times at which a value is of concern, one for each value. */
function periods(
  marks: readonly Mark[],
  concerns: (value: Guess) => boolean,
): (Period & { readonly value: Guess })[] {
  return marks.flatMap(({ wave, value }, index) =>
    value === null || !concerns(value)
      ? []
      : [{ fromWave: wave, untilWave: marks[index + 1]?.wave ?? null, value }],
  );
}

/** Nodes that operations on a document are about: a wave of a few steps must not cost a look at every node. */
function touchedNodes(operations: readonly Operation[]): Set<NodeName> {
  const names = new Set<NodeName>();
  for (const { path } of operations) {
    const [, part, name] = path.split('/', 3);
    if (part === 'nodes' && name !== undefined) names.add(name.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  return names;
}

/** Replicas in sync of the shard's primary; null while the shard owns no slot. */
function syncedReplicas(state: ClusterState, shard: ShardName): Guess | null {
  const members = shardMembers(state).get(shard) ?? [];
  const owners = members.filter((name) => ownsSlots(nodeOf(state, name)));
  if (owners.length === 0) return null;
  return fewest(owners.map((owner) => syncedReplicasOf(state, owner, members)));
}

function syncedReplicasOf(state: ClusterState, owner: NodeName, members: readonly NodeName[]): Guess {
  const others = members.filter((name) => name !== owner).map((name) => nodeOf(state, name));
  const synced = others.filter((node) => node.replicaOf === owner && isSyncedReplica(node)).length;
  if (synced > 0) return synced;
  return others.some((node) => node.reachable === 'unknown') ? 'unknown' : 0;
}

const counts = new WeakMap<NodeState, number>();

function slotsOf(node: NodeState): number {
  if (node.slots === '') return 0;
  const known = counts.get(node);
  if (known !== undefined) return known;
  const fresh = slotCount(parseSlots(node.slots));
  counts.set(node, fresh);
  return fresh;
}

/** What a node contributes to the service: its slots while it answers, a doubt while nobody can tell. */
function contribution(node: NodeState | undefined): { readonly slots: number; readonly doubts: number } {
  if (node === undefined) return { slots: 0, doubts: 0 };
  return {
    slots: node.reachable === 'yes' ? slotsOf(node) : 0,
    doubts: node.reachable === 'unknown' ? 1 : 0,
  };
}
