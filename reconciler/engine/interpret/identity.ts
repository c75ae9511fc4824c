/** Which member of the cluster is which node of the spec: by its own word, by memory, by address. */
import type { NodeId, NodeName } from '../../model/cluster-state.ts';
import type { MemberAddress } from '../../model/facts.ts';
import type { MemberView, NodeReading } from '../../model/readings.ts';

export interface Identities {
  /** Node id of each node whose identity is known. */
  readonly idOf: ReadonlyMap<NodeName, NodeId>;
  readonly nameOf: ReadonlyMap<NodeId, NodeName>;
  /** Nodes that may be any of the members that nobody else is: they cannot be asked and left no trace. */
  readonly unidentified: readonly NodeName[];
}

/** What identification looks at, per node. */
export interface Candidate {
  readonly reading: NodeReading | undefined;
  readonly address: MemberAddress | undefined;
  /** Whether its volume, and with it its identity, is known to be gone. */
  readonly volumeGone: boolean;
}

/** Every member that some reachable node lists, with all that is said of it. */
export function membersById(readings: Iterable<NodeReading>): Map<NodeId, MemberView[]> {
  const members = new Map<NodeId, MemberView[]>();
  for (const reading of readings) {
    for (const member of reading.members) {
      if (member.handshake) continue;
      const views = members.get(member.id);
      if (views === undefined) members.set(member.id, [member]);
      else views.push(member);
    }
  }
  return members;
}

/**
 * A node that answers is who it says it is. One that does not is the member that it was when it last answered, or
 * the one that has its address now, unless its volume is gone: then it will come back as somebody else.
 */
export function identify(
  candidates: ReadonlyMap<NodeName, Candidate>,
  members: ReadonlyMap<NodeId, readonly MemberView[]>,
  remembered: Readonly<Record<NodeName, NodeId>>,
  former: Readonly<Record<NodeName, NodeId>>,
): Identities {
  const idOf = new Map<NodeName, NodeId>();
  const nameOf = new Map<NodeId, NodeName>();
  const set = (name: NodeName, id: NodeId): void => {
    idOf.set(name, id);
    nameOf.set(id, name);
  };
  for (const [name, { reading }] of candidates) {
    if (reading !== undefined && reading.nodeId !== '') set(name, reading.nodeId);
  }
  const unidentified: NodeName[] = [];
  const byAddress = addressIndex(members);
  for (const [name, candidate] of candidates) {
    if (idOf.has(name) || candidate.volumeGone) continue;
    const memory = remembered[name];
    if (memory !== undefined && members.has(memory) && !nameOf.has(memory)) {
      set(name, memory);
      continue;
    }
    const here =
      candidate.address === undefined
        ? []
        : (byAddress.get(`${candidate.address.ip}:${candidate.address.port}`) ?? []);
    // The id that it had before it lost its volume is still listed at its address, but it will never be that again.
    const free = here.filter((id) => !nameOf.has(id) && id !== former[name]);
    if (free[0] !== undefined) set(name, free[0]);
    else unidentified.push(name);
  }
  return { idOf, nameOf, unidentified };
}

/** Ids per address, those that own slots first: a lost former identity may still be listed beside the present one. */
function addressIndex(members: ReadonlyMap<NodeId, readonly MemberView[]>): Map<string, NodeId[]> {
  const index = new Map<string, NodeId[]>();
  const ordered = [...members].sort(([a, x], [b, y]) => owning(y) - owning(x) || (a < b ? -1 : 1));
  for (const [id, views] of ordered) {
    for (const address of new Set(
      views.filter((view) => view.ip !== '').map((view) => `${view.ip}:${view.port}`),
    )) {
      const ids = index.get(address);
      if (ids === undefined) index.set(address, [id]);
      else ids.push(id);
    }
  }
  return index;
}

function owning(views: readonly MemberView[]): number {
  return views.some((view) => view.slots.length > 0) ? 1 : 0;
}
