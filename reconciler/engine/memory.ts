/**
 * What is kept between passes. Never needed to act rightly, except that without it an unused volume starts its time
 * anew, a role that the spec names is taken for one that it always named, a directive that it names no longer stays as it
 * is, and an election is asked for too early.
 */
import type { NodeId, NodeName, ShardName } from '../model/cluster-state.ts';
import type { Election } from '../model/facts.ts';
import type { StateStore } from '../ports.ts';

export interface Memory {
  /** Node ids and addresses as they were when nodes could last be asked. */
  readonly ids: Readonly<Record<NodeName, NodeId>>;
  readonly ips: Readonly<Record<NodeName, string>>;
  /** Ids that nodes had before they lost their volumes: they come back as somebody else. */
  readonly formerIds: Readonly<Record<NodeName, NodeId>>;
  /** Since when volumes of nodes that left the spec have been seen unused, in milliseconds since the epoch. */
  readonly retiredSince: Readonly<Record<string, number>>;
  /** Members that the spec named as primaries when the cluster last was as the spec says. */
  readonly preferences: Readonly<Record<ShardName, NodeName>>;
  /** Directives that the spec set then: one that it names no longer goes back to the server's default. */
  readonly directives: readonly string[];
  /** Who owned the slots of each shard when that was last seen. */
  readonly primaries: Readonly<Record<ShardName, NodeName>>;
  /** The last election that each node won. */
  readonly elections: Readonly<Record<NodeName, Election>>;
}

const NOTHING: Memory = {
  ids: {},
  ips: {},
  formerIds: {},
  retiredSince: {},
  preferences: {},
  directives: [],
  primaries: {},
  elections: {},
};

function keyOf(cluster: string): string {
  return `clusters/${cluster}/memory.json`;
}

/** The memory of the last pass, empty at the first. An unreadable memory is none. */
export async function recall(store: StateStore, cluster: string): Promise<Memory> {
  const text = await store.read(keyOf(cluster));
  if (text === undefined) return NOTHING;
  try {
    return { ...NOTHING, ...(JSON.parse(text) as Partial<Memory>) };
  } catch {
    return NOTHING;
  }
}

/** Writes only what has changed: a pass over a converged cluster writes nothing. */
export async function remember(
  store: StateStore,
  cluster: string,
  before: Memory,
  now: Memory,
): Promise<void> {
  const text = JSON.stringify(now);
  if (text !== JSON.stringify(before)) await store.write(keyOf(cluster), text);
}
