/** Which slots every node should own, by the shares of the shards and by what is owned now. */
import { ofEachNode } from '../model/census.ts';
import type { ClusterState, NodeName } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { oncePer } from '../model/once.ts';
import { formatSlots, parseSlots, type SlotSet, subtractSlots, unionSlots } from '../model/slots.ts';
import { importingNodes, nodeOf, ownedSlots } from '../model/topology.ts';
import { balanceSlots, type Share, thresholdOf } from './balance.ts';
import { balanceByWeight } from './balance-by-weight.ts';
import { fillCoverage } from './coverage.ts';
import type { Intent } from './intent.ts';
import { Latest } from './latest.ts';
import type { Primaries } from './primaries.ts';

const importedSlots = ofEachNode(({ imports }) => (imports === '' ? undefined : imports));
const strandedSlots = ofEachNode(({ strandedKeys }) => (strandedKeys === '' ? undefined : strandedKeys));

const lately = oncePer((_: Intent) => new Latest<ReadonlyMap<NodeName, string>>());

/**
 * Who should own what, in the form of `formatSlots`. Slots that nobody owns come first; only when all have an owner are
 * any moved. A migration under way counts as done: what is decided beside it must not depend on how far it has got.
 */
export function desiredSlots(
  intent: Intent,
  live: ClusterState,
  facts: Facts,
  primaries: Primaries,
): ReadonlyMap<NodeName, string> {
  const from = [
    primaries.of,
    ...[...primaries.outgoing].flat(),
    facts.slotWeights,
    live.ghosts,
    ownedSlots(live),
    importedSlots(live),
    strandedSlots(live),
  ];
  return lately(intent).of(from, () => {
    const sets = share(intent, live, facts, primaries);
    return new Map([...sets].map(([name, slots]) => [name, formatSlots(slots)]));
  });
}

function share(
  intent: Intent,
  live: ClusterState,
  facts: Facts,
  primaries: Primaries,
): ReadonlyMap<NodeName, SlotSet> {
  const slots = new Map(ownedSlots(live).map(([name, text]) => [name, parseSlots(text)]));
  const added = fillCoverage(intent, live, primaries.of);
  if (added.size > 0) {
    for (const [name, more] of added) slots.set(name, unionSlots(slots.get(name) ?? [], more));
    return slots;
  }
  countImports(intent, live, slots);
  const shares = intent.shards.flatMap((shard): Share[] => {
    const node = primaries.of.get(shard);
    if (node === undefined) return [];
    // A heir takes over what the leaving primary has; a member that takes over a role, what the present one has.
    const owner = (intent.members.get(shard) ?? []).find((name) => (slots.get(name) ?? []).length > 0);
    const from = primaries.outgoing.get(shard) ?? owner ?? node;
    return [{ shard, node, weight: intent.weights.get(shard) ?? 1, slots: slots.get(from) ?? [] }];
  });
  const staying = new Set([
    ...intent.shards.flatMap((shard) => [...(intent.members.get(shard) ?? [])]),
    ...primaries.outgoing.values(),
  ]);
  const homeless = [...slots].filter(([name]) => !staying.has(name)).flatMap(([, owned]) => [...owned]);
  const { balance } = intent.spec;
  const weights = facts.slotWeights;
  if (balance.by !== 'slots' && weights !== undefined && weights.some((weight) => weight > 0)) {
    return balanceByWeight(shares, unionSlots(homeless, []), thresholdOf(balance, true), weights);
  }
  return balanceSlots(shares, unionSlots(homeless, []), thresholdOf(balance, false));
}

/** Gives the slots of migrations under way to their targets; should several import the same, to the last one. */
function countImports(intent: Intent, live: ClusterState, slots: Map<NodeName, SlotSet>): void {
  const targets = importingNodes(live).filter((name) => intent.nodes[name] !== undefined);
  const arriving = new Map<NodeName, SlotSet>();
  let all: SlotSet = [];
  for (const name of targets.toReversed()) {
    const imported = parseSlots(nodeOf(live, name).imports);
    arriving.set(name, subtractSlots(imported, all));
    all = unionSlots(all, imported);
  }
  if (all.length === 0) return;
  for (const [name, owned] of slots) slots.set(name, subtractSlots(owned, all));
  for (const [name, more] of arriving) slots.set(name, unionSlots(slots.get(name) ?? [], more));
}
