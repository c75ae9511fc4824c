/** Moving slots: between shards whose shares changed, and away from nodes that leave. */
import type { Answers } from '../../model/census.ts';
import type { ClusterState, NodeName } from '../../model/cluster-state.ts';
import { oncePer } from '../../model/once.ts';
import {
  formatSlots,
  intersectSlots,
  parseSlots,
  SLOT_COUNT,
  type SlotSet,
  slotCount,
  subtractSlots,
  unionSlots,
} from '../../model/slots.ts';
import {
  importingNodes,
  isMember,
  isSyncedReplica,
  nodeOf,
  ownedSlots,
  ownsSlots,
  slotOwners,
  uncoveredSlots,
} from '../../model/topology.ts';
import { type Block, block, ofEachSpecNode, type Proposal, type Rule, type RuleContext } from './rule.ts';

/** Atomic slot migration came with this version; older servers refuse it, or fail for ever. */
const SINCE = [8, 4] as const;
/** Redis tries a failed import again every second; after so many times something is wrong that time does not mend. */
const RETRIES = 10;
/** A target is filled to this part of its `maxmemory` at the most; imports do not honour the limit (measured). */
const HEADROOM = 0.8;

interface Move {
  readonly from: NodeName;
  readonly to: NodeName;
  readonly slots: SlotSet;
}

/** The slots that a node should own and does not. */
const missingSlots = ofEachSpecNode<SlotSet>((is, want) => {
  if (is.slots === want.slots) return undefined;
  const missing = subtractSlots(parseSlots(want.slots), parseSlots(is.slots));
  return missing.length === 0 ? undefined : missing;
});

/** Where the owners of each slot are in {@link slotOwners}: one, none, or two where something is wrong. */
const ownersBySlot = oncePer((answers: Answers<string>): readonly (readonly number[])[] => {
  const places: (readonly number[])[] = Array(SLOT_COUNT).fill([]);
  for (const [place, [, text]] of answers.entries()) {
    const alone = [place];
    for (const [first, last] of parseSlots(text))
      for (let slot = first; slot <= last; slot += 1) {
        const others = places[slot] as readonly number[];
        places[slot] = others.length === 0 ? alone : [...others, place];
      }
  }
  return places;
});

/** The owners of some slots, in the order of the document. */
function ownersOf(live: ClusterState, slots: SlotSet): NodeName[] {
  const places = ownersBySlot(ownedSlots(live));
  const found = new Set<number>();
  for (const [first, last] of slots)
    for (let slot = first; slot <= last; slot += 1) for (const place of places[slot] ?? []) found.add(place);
  const all = slotOwners(live);
  return [...found].sort((a, b) => a - b).map((place) => all[place] as NodeName);
}

/** What has to move, by pairs of present and future owner. */
function moves(context: RuleContext): Move[] {
  const { live } = context;
  const found: Move[] = [];
  for (const [to, missing] of missingSlots(context)) {
    for (const from of ownersOf(live, missing)) {
      // A switchover within the shard hands slots over without moving a key.
      if (from === to || nodeOf(live, to).replicaOf === from) continue;
      found.push({ from, to, slots: intersectSlots(missing, parseSlots(nodeOf(live, from).slots)) });
    }
  }
  return found;
}

function tooOld({ facts }: RuleContext, name: NodeName): boolean {
  const version = (facts.nodes[name]?.reading?.version ?? '8.4.0').split('.').map(Number);
  return (version[0] ?? 0) < SINCE[0] || (version[0] === SINCE[0] && (version[1] ?? 0) < SINCE[1]);
}

/** Whether the node could take writes as its own `min-replicas-to-write` wants, and has the copies that it should have. */
function canReceive(context: RuleContext, name: NodeName): boolean {
  const { live, intent } = context;
  const node = nodeOf(live, name);
  const replicas = (intent.members.get(node.shard) ?? []).filter((peer) => peer !== name);
  const synced = replicas.filter((peer) => {
    const other = live.nodes[peer];
    return other !== undefined && other.replicaOf === name && isSyncedReplica(other);
  });
  const wanted = Number(node.config['min-replicas-to-write'] ?? 0);
  // A target without its replicas would be the only copy of what it receives: the source trims it at once.
  return node.role === 'primary' && synced.length >= Math.max(wanted, replicas.length);
}

/** What a target would hold when all has come that is to come to it, in bytes. */
interface Filling {
  readonly used: number;
  readonly incoming: number;
  readonly limit: number;
}

/**
 * The memory of each target, against everything that is to come to it; those without a limit, or that could not be
 * read, are left out. Between two primaries the bytes are shared like the slots.
 */
function fillings({ facts, live }: RuleContext, all: readonly Move[]): Map<NodeName, Filling> {
  const found = new Map<NodeName, Filling>();
  for (const [to, moves] of Map.groupBy(all, (move) => move.to)) {
    const target = facts.nodes[to]?.reading;
    // As it is set now, also on paper; the reading alone would be what it was before the plan.
    const { config, contents } = nodeOf(live, to);
    const maxmemory = Number(config['maxmemory'] ?? target?.maxmemoryBytes ?? 0);
    // One that is yet to be made holds nothing.
    if (maxmemory === 0 || (target === undefined && contents !== 'empty')) continue;
    let incoming = 0;
    for (const { from, slots } of moves) {
      const source = facts.nodes[from]?.reading;
      if (source === undefined) continue;
      // By its slots at the time of the reading: on paper some may have moved since.
      const read = source.members?.find(({ myself }) => myself)?.slots ?? [];
      const own = read.length > 0 ? read : parseSlots(nodeOf(live, from).slots);
      incoming += Math.round((source.usedMemoryBytes * slotCount(slots)) / Math.max(1, slotCount(own)));
    }
    found.set(to, { used: target?.usedMemoryBytes ?? 0, incoming, limit: Math.floor(maxmemory * HEADROOM) });
  }
  return found;
}

function isTooMuch({ used, incoming, limit }: Filling): boolean {
  return used + incoming > limit;
}

function inWords({ used, incoming, limit }: Filling): string {
  const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return `uses ${mebibytes(used)}, about ${mebibytes(incoming)} would come, and ${mebibytes(limit)} are allowed (${HEADROOM * 100} % of maxmemory)`;
}

/** Targets that cannot take what they are to get, each with the numbers. */
function* tooFull(all: readonly Move[], filling: ReadonlyMap<NodeName, Filling>): Generator<Block> {
  for (const [to, fill] of filling) {
    if (!isTooMuch(fill)) continue;
    const slots = all.filter((move) => move.to === to).flatMap((move) => [...move.slots]);
    yield block(
      'too-little-memory',
      `node ${to}`,
      `slots ${formatSlots(unionSlots(slots, []))} do not fit into ${to}`,
      `${to} ${inWords(fill)}`,
      `give ${to} more maxmemory, or have more shards`,
    );
  }
}

function* begin(context: RuleContext, move: Move, filling: Filling | undefined): Generator<Proposal | Block> {
  const { live } = context;
  const source = nodeOf(live, move.from);
  const target = nodeOf(live, move.to);
  const slots = formatSlots(move.slots);
  if (!isMember(source) || !isMember(target) || source.role !== 'primary' || target.role !== 'primary')
    return;
  const ends = [move.from, move.to];
  const busy = importingNodes(live).some(
    (name) => ends.includes(name) || ends.includes(nodeOf(live, name).importsFrom),
  );
  if (busy || !canReceive(context, move.to)) return;
  const old = [move.from, move.to].filter((name) => tooOld(context, name));
  if (old.length > 0) {
    yield block(
      'no-atomic-migration',
      `node ${old[0]}`,
      `slots ${slots} cannot be moved: ${old.join(' and ')} is older than Redis ${SINCE.join('.')}`,
      context.facts.nodes[old[0] as string]?.reading?.version ?? '',
      'upgrade the image first, then move slots',
    );
    return;
  }
  if (source.saving) {
    yield { step: { kind: 'await-save', node: move.from }, because: 'no migration can start beside it' };
    return;
  }
  yield {
    step: { kind: 'migrate-slots', from: move.from, to: move.to, slots },
    because: [
      context.intent.nodes[move.from] === undefined
        ? `${move.from} leaves`
        : 'its shard has more than its share',
      ...(filling === undefined ? [] : [`${move.to} ${inWords(filling)}`]),
    ].join('; '),
  };
}

/** Imports that somebody has begun: waited for when they lead where things should be, ended otherwise. */
function* underWay(context: RuleContext, name: NodeName): Generator<Proposal> {
  const { live, desired, facts } = context;
  const node = nodeOf(live, name);
  const source = live.nodes[node.importsFrom];
  const wanted =
    desired.nodes[name] !== undefined &&
    subtractSlots(parseSlots(node.imports), parseSlots(nodeOf(desired, name).slots)).length === 0;
  const task = facts.nodes[name]?.reading?.migrations.find(
    ({ slots }) => formatSlots(slots) === node.imports,
  );
  const sourceGone = source !== undefined && !(isMember(source) && ownsSlots(source));
  const cancel = (because: string): Proposal => ({
    step: { kind: 'cancel-migration', node: name, slots: node.imports },
    because,
  });
  if (!wanted) yield cancel('nobody wants these slots there');
  // Left alone, the importer would hang on the dead address for 70 s.
  else if (sourceGone) yield cancel(`its source ${node.importsFrom} is gone`);
  else if ((task?.retries ?? 0) >= RETRIES)
    yield cancel(`it has failed ${task?.retries} times: ${task?.lastError}`);
  else
    yield {
      step: { kind: 'await-migration', from: node.importsFrom, to: name, slots: node.imports },
      because: `its state is ${task?.state ?? 'unknown'}`,
    };
}

export const migrationRules: Rule = function* (context) {
  const { live } = context;
  for (const name of [...importingNodes(live)].sort()) yield* underWay(context, name);
  const settled =
    live.agreement === 'yes' &&
    live.serving === 'yes' &&
    live.openSlots === '' &&
    uncoveredSlots(live).length === 0;
  if (!settled) return;
  const all = moves(context);
  const filling = fillings(context, all);
  yield* tooFull(all, filling);
  const isFull = ({ to }: Move): boolean => {
    const fill = filling.get(to);
    return fill !== undefined && isTooMuch(fill);
  };
  const leaves = ({ from }: Move): boolean => context.intent.nodes[from] === undefined;
  // A shard that cannot be emptied as a whole is not begun with.
  const stuck = new Set(all.filter((move) => leaves(move) && isFull(move)).map(({ from }) => from));
  for (const move of all) {
    if (!isFull(move) && !stuck.has(move.from)) yield* begin(context, move, filling.get(move.to));
  }
};
