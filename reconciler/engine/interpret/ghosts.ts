/** Members that are none of our nodes. */
import type { GhostState, NodeId, NodeName } from '../../model/cluster-state.ts';
import type { MemberAddress } from '../../model/facts.ts';
import type { MemberView } from '../../model/readings.ts';
import { formatSlots } from '../../model/slots.ts';
import type { Identities } from './identity.ts';
import type { Ownership } from './ownership.ts';

/** Every member that is listed by somebody and is no node of the spec. */
export function ghosts(
  members: ReadonlyMap<NodeId, readonly MemberView[]>,
  identities: Identities,
  owned: Ownership,
  addresses: ReadonlyMap<NodeName, MemberAddress | undefined>,
  memories: readonly Readonly<Record<NodeName, NodeId>>[],
): Record<NodeId, GhostState> {
  const found: Record<NodeId, GhostState> = {};
  for (const id of [...members.keys()].sort()) {
    if (identities.nameOf.has(id)) continue;
    const views = members.get(id) ?? [];
    const known = views.find((view) => view.ip !== '');
    const alive = views.some((view) => view.linkConnected && view.failing === 'no' && !view.noAddress);
    const replicas = [...owned.primaryOf]
      .filter(([, primary]) => primary === id)
      .map(([replica]) => identities.nameOf.get(replica) ?? replica);
    found[id] = {
      state: alive ? 'alive' : identities.unidentified.length > 0 ? 'unclear' : 'lost',
      role: owned.role.get(id) ?? 'unknown',
      slots: formatSlots(owned.slots.get(id) ?? []),
      replicas: replicas.sort().join(' '),
      formerly: formerlyOf(id, known, addresses, memories),
      address: known === undefined ? '' : `${known.ip}:${known.port}`,
    };
  }
  return found;
}

function formerlyOf(
  id: NodeId,
  view: MemberView | undefined,
  addresses: ReadonlyMap<NodeName, MemberAddress | undefined>,
  memories: readonly Readonly<Record<NodeName, NodeId>>[],
): NodeName | '' {
  const byMemory = memories.flatMap((memory) => Object.entries(memory)).find(([, known]) => known === id);
  if (byMemory !== undefined) return byMemory[0];
  if (view === undefined) return '';
  for (const [name, address] of addresses) {
    if (address !== undefined && address.ip === view.ip && address.port === view.port) return name;
  }
  return '';
}
