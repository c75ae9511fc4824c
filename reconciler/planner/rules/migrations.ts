/** Moving slots: between shards whose shares changed, and away from nodes that leave. */
import type { NodeName } from '../../model/cluster-state.ts';
import {
  formatSlots,
  intersectSlots,
  parseSlots,
  type SlotSet,
  slotCount,
  subtractSlots,
} from '../../model/slots.ts';
import {
  isMember,
  isSyncedReplica,
  nodeOf,
  ownsSlots,
  slotOwners,
  uncoveredSlots,
} from '../../model/topology.ts';
import { type Block, block, type Proposal, type Rule, type RuleContext } from './rule.ts';

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

/** What has to move, by pairs of present and future owner. */
function moves({ live, desired, names }: RuleContext): Move[] {
  const found: Move[] = [];
  const owners = slotOwners(live);
  for (const to of names) {
    const missing = subtractSlots(parseSlots(nodeOf(desired, to).slots), parseSlots(nodeOf(live, to).slots));
    if (missing.length === 0) continue;
    for (const from of owners) {
      // A switchover within the shard hands slots over without moving a key.
      if (from === to || nodeOf(live, to).replicaOf === from) continue;
      const slots = intersectSlots(missing, parseSlots(nodeOf(live, from).slots));
      if (slots.length > 0) found.push({ from, to, slots });
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

/** Numbers against the memory of the target; undefined when they cannot be known or are fine. */
function tooLittleMemory({ facts, live }: RuleContext, { from, to, slots }: Move): string | undefined {
  const source = facts.nodes[from]?.reading;
  const target = facts.nodes[to]?.reading;
  if (source === undefined || target === undefined || target.maxmemoryBytes === 0) return undefined;
  const share = slotCount(slots) / Math.max(1, slotCount(parseSlots(nodeOf(live, from).slots)));
  const incoming = Math.round(source.usedMemoryBytes * share);
  const limit = Math.floor(target.maxmemoryBytes * HEADROOM);
  if (target.usedMemoryBytes + incoming <= limit) return undefined;
  return `${to} uses ${target.usedMemoryBytes} bytes, about ${incoming} would come, and ${limit} are allowed (${HEADROOM * 100} % of maxmemory ${target.maxmemoryBytes})`;
}

function* begin(context: RuleContext, move: Move): Generator<Proposal | Block> {
  const { live } = context;
  const source = nodeOf(live, move.from);
  const target = nodeOf(live, move.to);
  const slots = formatSlots(move.slots);
  if (!isMember(source) || !isMember(target) || source.role !== 'primary' || target.role !== 'primary')
    return;
  const busy = Object.values(live.nodes).some(
    (node) =>
      node.imports !== '' &&
      (node === source || node === target || node.importsFrom === move.from || node.importsFrom === move.to),
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
  const memory = tooLittleMemory(context, move);
  if (memory !== undefined) {
    yield block(
      'too-little-memory',
      `node ${move.to}`,
      `slots ${slots} do not fit into ${move.to}`,
      memory,
      `give ${move.to} more maxmemory, or add shards`,
    );
    return;
  }
  if (source.saving) {
    yield { step: { kind: 'await-save', node: move.from }, because: 'no migration can start beside it' };
    return;
  }
  yield {
    step: { kind: 'migrate-slots', from: move.from, to: move.to, slots },
    because:
      context.intent.nodes[move.from] === undefined
        ? `${move.from} leaves`
        : 'its shard has more than its share',
  };
}

/** Imports that somebody has begun: waited for when they lead where things should be, ended otherwise. */
function* underWay(context: RuleContext, name: NodeName): Generator<Proposal> {
  const { live, desired, facts } = context;
  const node = nodeOf(live, name);
  if (node.imports === '') return;
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
  for (const name of Object.keys(live.nodes).sort()) yield* underWay(context, name);
  const settled =
    live.agreement === 'yes' &&
    live.serving === 'yes' &&
    live.openSlots === '' &&
    uncoveredSlots(live).length === 0;
  if (!settled) return;
  for (const move of moves(context)) yield* begin(context, move);
};
