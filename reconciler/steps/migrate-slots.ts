/** Atomic slot migration (CLUSTER MIGRATION, Redis 8.4): slots change their owner with their keys. */
import type { Operation } from 'fast-json-patch';
import type { ClusterState, NodeName } from '../model/cluster-state.ts';
import { activeImport } from '../model/readings.ts';
import { formatSlots, parseSlots, slotCount, slotSet, subtractSlots, unionSlots } from '../model/slots.ts';
import { nodeOf, peersOf } from '../model/topology.ts';
import { PortError } from '../ports.ts';
import { type StepContext, type StepKind, setNode } from './step.ts';

export interface MigrateSlots {
  readonly kind: 'migrate-slots';
  readonly from: NodeName;
  readonly to: NodeName;
  /** In the form of `formatSlots`; one task for all of them, because each task costs some 70 ms beside its keys. */
  readonly slots: string;
}

/** Waits for a migration that was started before, by RedisForge or by somebody else who wanted the same. */
export interface AwaitMigration {
  readonly kind: 'await-migration';
  readonly from: NodeName;
  readonly to: NodeName;
  readonly slots: string;
}

/** Ends an import at its target: ended at the source, the target would try again and complete it (M19). */
export interface CancelMigration {
  readonly kind: 'cancel-migration';
  readonly node: NodeName;
  readonly slots: string;
}

/** Keys per slot as they were counted at the source before a migration began. */
interface Evidence {
  readonly counts: ReadonlyMap<number, number>;
  /** Replication offset of the source: whether anything was written meanwhile. */
  readonly offset: number;
}

function ownersAfter(step: MigrateSlots | AwaitMigration, state: ClusterState): Operation[] {
  const moved = parseSlots(step.slots);
  const to = nodeOf(state, step.to);
  const gained = setNode(step.to, {
    slots: formatSlots(unionSlots(parseSlots(to.slots), moved)),
    imports: '',
    importsFrom: '',
  });
  const from = state.nodes[step.from];
  if (from === undefined) return gained;
  const rest = formatSlots(subtractSlots(parseSlots(from.slots), moved));
  return [
    ...gained,
    ...setNode(step.from, { slots: rest }),
    ...(rest === ''
      ? withReplicas(step.from, state).flatMap((name) => setNode(name, { contents: 'empty' }))
      : []),
    ...(from.contents === 'keys'
      ? withReplicas(step.to, state).flatMap((name) => setNode(name, { contents: 'keys' }))
      : []),
  ];
}

/** A primary and those who have whatever it has. */
function withReplicas(primary: NodeName, state: ClusterState): NodeName[] {
  return [primary, ...peersOf(state, primary).filter((peer) => state.nodes[peer]?.replicaOf === primary)];
}

const how = (step: MigrateSlots | AwaitMigration): string =>
  `${slotCount(parseSlots(step.slots))} slots from ${step.from} to ${step.to} (${step.slots})`;

/** How much fewer keys than before may be there after a migration under which clients went on writing. */
const CHURN = 0.1;
/** Bytes that a quiet primary adds to its replication stream by itself: a ping every ten seconds. */
const QUIET_BYTES = 512;

async function importHasEnded({ to }: MigrateSlots | AwaitMigration, context: StepContext): Promise<boolean> {
  return activeImport(await context.redis(to).migrations()) === undefined;
}

export const migrateSlots: StepKind<MigrateSlots> = {
  id: (step) => `migrate-slots:${step.from}>${step.to}:${step.slots.replaceAll(' ', ',')}`,
  describe: (step) => `move ${how(step)}`,
  risk: 'disruptive',
  locks: (step, state) => [
    `node:${step.from}`,
    `node:${step.to}`,
    ...new Set([step.from, step.to].map((name) => `shard:${nodeOf(state, name).shard}` as const)),
  ],
  // Nobody stops serving: writes to the source pause for some milliseconds at the hand-over.
  disturbs: () => [],
  effect: ownersAfter,
  deadlineMs: 6 * 3_600_000,
  sends: (step) => [
    `CLUSTER COUNTKEYSINSLOT … (at ${step.from})`,
    `CLUSTER MIGRATION IMPORT ${step.slots.replaceAll('-', ' ')} (to ${step.to})`,
    `CLUSTER COUNTKEYSINSLOT … (at ${step.to})`,
  ],
  async execute(step, context): Promise<Evidence> {
    const slots = parseSlots(step.slots);
    const counts = await context.redis(step.from).keysInSlots(slots);
    await context.redis(step.to).importSlots(slots);
    return { counts, offset: context.facts.nodes[step.from]?.reading?.offset ?? 0 };
  },
  isUnderWay: (step, state) => nodeOf(state, step.to).imports !== '',
  hasEnded: importHasEnded,
  verify: (step, context, evidence) => compareKeys(step, context, evidence as Evidence),
};

/**
 * Counts the keys at their new place. `completed` proves nothing: a target that cannot accept writes reports it too,
 * and the keys are gone (measured).
 * @throws PortError `refused` when keys are missing; everything stops then.
 */
async function compareKeys(
  step: MigrateSlots,
  context: StepContext,
  { counts, offset }: Evidence,
): Promise<void> {
  const after = await context.redis(step.to).keysInSlots(parseSlots(step.slots));
  const before = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const now = [...after.values()].reduce((sum, count) => sum + count, 0);
  const written = (context.facts.nodes[step.from]?.reading?.offset ?? Number.POSITIVE_INFINITY) - offset;
  const tolerated = written <= QUIET_BYTES ? 0 : Math.ceil(before * CHURN);
  if (now >= before - tolerated) return;
  const missing = [...counts]
    .filter(([slot, count]) => (after.get(slot) ?? 0) < count)
    .map(([slot]) => [slot, slot] as const);
  throw new PortError(
    'refused',
    `${before} keys were counted at ${step.from} before and ${now} at ${step.to} after; they are missing in slots ${formatSlots(slotSet(missing))}`,
  );
}

export const awaitMigration: StepKind<AwaitMigration> = {
  id: (step) => `await-migration:${step.from}>${step.to}`,
  describe: (step) => `wait for the migration of ${how(step)}`,
  risk: 'none',
  locks: (step) => [`node:${step.to}`],
  disturbs: () => [],
  effect: ownersAfter,
  deadlineMs: 6 * 3_600_000,
  sends: () => [],
  execute: async () => {},
  hasEnded: importHasEnded,
};

export const cancelMigration: StepKind<CancelMigration> = {
  id: (step) => `cancel-migration:${step.node}:${step.slots.replaceAll(' ', ',')}`,
  describe: (step) => `cancel the migration of slots ${step.slots} to ${step.node}`,
  risk: 'safe',
  // No node's lock: it must be possible in the middle of the very migration that it ends.
  locks: () => [],
  disturbs: () => [],
  effect: (step) => setNode(step.node, { imports: '', importsFrom: '' }),
  deadlineMs: 15_000,
  sends: (step) => [`CLUSTER MIGRATION CANCEL ID <task> (to ${step.node})`],
  async execute(step, context) {
    const redis = context.redis(step.node);
    const wanted = step.slots;
    for (const task of await redis.migrations()) {
      if (task.operation === 'import' && formatSlots(task.slots) === wanted)
        await redis.cancelMigration(task.id);
    }
  },
};
