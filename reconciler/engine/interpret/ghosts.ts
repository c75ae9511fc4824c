/** Members that are none of our nodes. */
import type { GhostState, NodeId, NodeName } from '../../model/cluster-state.ts';
import type { MemberView } from '../../model/readings.ts';
import { formatSlots } from '../../model/slots.ts';
import type { ContainerTruth } from './containers.ts';
import type { Identities } from './identity.ts';
import type { Ownership } from './ownership.ts';

/** Every member that is listed by somebody and is no node of the spec. */
export function ghosts(
  members: ReadonlyMap<NodeId, readonly MemberView[]>,
  identities: Identities,
  owned: Ownership,
  truths: ReadonlyMap<NodeName, ContainerTruth>,
  memories: readonly Readonly<Record<NodeName, NodeId>>[],
): Record<NodeId, GhostState> {
  const found: Record<NodeId, GhostState> = {};
  for (const id of [...members.keys()].sort()) {
    if (identities.nameOf.has(id)) continue;
    const views = members.get(id) ?? [];
    const known = views.find((view) => view.ip !== '');
    const remembered = rememberedAs(id, memories);
    // The members need some seconds to find out what the engine, or the node itself, knows at once.
    const over =
      remembered !== undefined && (hasStopped(truths.get(remembered)) || identities.idOf.has(remembered));
    const alive =
      !over && views.some((view) => view.linkConnected && view.failing === 'no' && !view.noAddress);
    const replicas = [...owned.primaryOf]
      .filter(([, primary]) => primary === id)
      .map(([replica]) => identities.nameOf.get(replica) ?? replica);
    found[id] = {
      state: alive ? 'alive' : identities.unidentified.length > 0 ? 'unclear' : 'lost',
      role: owned.role.get(id) ?? 'unknown',
      slots: formatSlots(owned.slots.get(id) ?? []),
      replicas: replicas.sort().join(' '),
      formerly: remembered ?? ownerOf(known, truths),
      address: known === undefined ? '' : `${known.ip}:${known.port}`,
    };
  }
  return found;
}

function rememberedAs(
  id: NodeId,
  memories: readonly Readonly<Record<NodeName, NodeId>>[],
): NodeName | undefined {
  return memories.flatMap((memory) => Object.entries(memory)).find(([, known]) => known === id)?.[0];
}

function hasStopped(truth: ContainerTruth | undefined): boolean {
  return truth?.container === 'absent' || truth?.container === 'stopped';
}

/** The node of ours that has the address under which a member is known. */
function ownerOf(view: MemberView | undefined, truths: ReadonlyMap<NodeName, ContainerTruth>): NodeName | '' {
  if (view === undefined) return '';
  for (const [name, { address }] of truths) {
    if (address !== undefined && address.ip === view.ip && address.port === view.port) return name;
  }
  return '';
}
