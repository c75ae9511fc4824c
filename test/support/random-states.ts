/** Random documents along random plans: what is decided, what happens, and what befalls nodes meanwhile. */
import fc from 'fast-check';
import type { ClusterState, GhostState, HostState, NodeState } from '../../reconciler/model/cluster-state.ts';
import { applyOperations } from '../../reconciler/planner/diff.ts';
import { type Intent, intentOf } from '../../reconciler/planner/intent.ts';
import type { Step } from '../../reconciler/steps/table.ts';
import { stepEffect } from '../../reconciler/steps/table.ts';
import {
  applyEdit,
  documentOf,
  nodeEdits,
  type SpecEdit,
  scaleEdits,
  settingEdits,
  specFrom,
  specShapes,
} from './simulation/random-spec.ts';
import { convergedState, DIGESTS, emptyState } from './specs.ts';

/** What one round of a history does to the documents; numbers pick among what there is. */
export interface Round {
  /** One bit for each step of the wave: whether it succeeds. */
  readonly success: number;
  readonly mishaps: readonly { readonly node: number; readonly fields: Partial<NodeState> }[];
  readonly cluster: Partial<Pick<ClusterState, 'serving' | 'agreement' | 'openSlots'>>;
  /** A member that is none of ours. It stays until it is forgotten, or another one comes in its place. */
  readonly ghost: GhostState | null;
  /** The host whose engine does not answer, until the next round. */
  readonly silent: number | null;
  /** The node that has another address, until the next round. */
  readonly address: number | null;
}

export interface History {
  readonly intent: Intent;
  readonly live: ClusterState;
  readonly rounds: readonly Round[];
}

/** Fields as they are found, and none of them for most nodes. */
const fields: fc.Arbitrary<Partial<NodeState>> = fc.record(
  {
    volume: fc.constantFrom('absent', 'ready', 'used', 'foreign', 'unknown'),
    container: fc.constantFrom('absent', 'running', 'stopped', 'foreign', 'unknown'),
    reachable: fc.constantFrom('yes', 'loading', 'no', 'unknown'),
    membership: fc.constantFrom('none', 'alone', 'parted', 'joined', 'elsewhere', 'unknown'),
    contents: fc.constantFrom('empty', 'keys', 'unknown'),
    link: fc.constantFrom('up', 'syncing', 'down', 'stale-address'),
    synced: fc.boolean(),
    copy: fc.constantFrom('whole', 'partial', 'unknown'),
    saving: fc.boolean(),
    soaked: fc.boolean(),
    config: fc.constantFrom({}, { hz: '10' }, { 'min-replicas-to-write': '1' }),
    users: fc.constantFrom({}, { intruder: 'on nopass ~* +@all' }),
  },
  { requiredKeys: [] },
);

/** A process that has died, which is what happens most. */
const dead: fc.Arbitrary<Partial<NodeState>> = fc.constant({
  container: 'stopped',
  reachable: 'no',
  config: {},
  users: {},
});

/** Slots that somebody else has seen to. */
const slots: fc.Arbitrary<Partial<NodeState>> = fc.oneof(
  fc.constant({ slots: '' }),
  fc.constant({ imports: '', importsFrom: '' }),
  fc.constantFrom('n1a', 'n2a', 'n3b').map((importsFrom) => ({ imports: '100-199', importsFrom })),
  fc.constant({ strandedKeys: '0-99' }),
);

const number = fc.nat({ max: 999 });

/** Nothing, all but once in so many times. */
function rarely<Value>(value: fc.Arbitrary<Value>, once: number): fc.Arbitrary<Value | null> {
  return fc.oneof({ weight: once - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });
}

const rounds: fc.Arbitrary<Round> = fc.record({
  success: fc.oneof({ weight: 3, arbitrary: fc.constant(0x3ff) }, number),
  mishaps: fc.oneof(
    { weight: 9, arbitrary: fc.constant([]) },
    fc.array(fc.record({ node: number, fields: fc.oneof(fields, dead, slots) }), { maxLength: 2 }),
  ),
  cluster: fc.oneof(
    { weight: 20, arbitrary: fc.constant({}) },
    fc.record(
      {
        serving: fc.constantFrom('yes', 'no', 'unknown'),
        agreement: fc.constantFrom('yes', 'no', 'unknown'),
        openSlots: fc.constantFrom('', '5'),
      },
      { requiredKeys: [] },
    ),
  ),
  ghost: rarely(
    fc.record({
      state: fc.constantFrom('lost', 'alive', 'unclear'),
      role: fc.constantFrom('primary', 'replica', 'unknown'),
      slots: fc.constantFrom('', '0-99', '0-16383'),
      replicas: fc.constantFrom('', 'n1b'),
      formerly: fc.constantFrom('', 'n1a'),
      address: fc.constant('10.0.0.9:7000'),
    }),
    20,
  ),
  silent: rarely(number, 8),
  address: rarely(number, 15),
});

/** A cluster that is yet to be made or has converged, an edit or two of its spec, and what happens from then on. */
export const histories: fc.Arbitrary<History> = fc
  .record({
    shape: specShapes,
    isNew: fc.nat({ max: 4 }).map((one) => one === 0),
    edits: fc.array(fc.oneof(settingEdits, nodeEdits, scaleEdits), { minLength: 1, maxLength: 4 }),
    rounds: fc.array(rounds, { minLength: 10, maxLength: 60 }),
  })
  .map(({ shape, isNew, edits, rounds }) => {
    const before = documentOf(shape);
    const after = edits.reduce((document, edit: SpecEdit) => applyEdit(document, edit), before);
    const old = intentOf(specFrom(before), DIGESTS);
    const intent = intentOf(specFrom(after), DIGESTS);
    const nothing = emptyState(intent);
    // Those that leave are found among the others, new ones behind them.
    const there = isNew ? {} : convergedState(old).nodes;
    const live = { ...nothing, nodes: { ...there, ...nothing.nodes, ...there } };
    return { intent, live: { ...live, ...(isNew ? {} : { serving: 'yes', agreement: 'yes' }) }, rounds };
  });

/** The next document: the successful steps have had their effects, and the round's mishaps have happened. */
export function afterRound(live: ClusterState, wave: readonly Step[], round: Round): ClusterState {
  const done = wave.filter((_, index) => (round.success >> (index % 10)) & 1);
  const next = applyOperations(
    live,
    done.flatMap((step) => stepEffect(step, live)),
  );
  const names = Object.keys(next.nodes);
  const struck = round.mishaps.map(({ node, fields: found }): [string, NodeState] => {
    const name = names[node % names.length] as string;
    return [name, { ...(next.nodes[name] as NodeState), ...found }];
  });
  const hosts = Object.keys(next.hosts);
  return {
    ...next,
    ...round.cluster,
    nodes: { ...next.nodes, ...Object.fromEntries(struck) },
    ghosts: round.ghost === null ? next.ghosts : { ...next.ghosts, ['a'.repeat(40)]: round.ghost },
    hosts: Object.fromEntries(
      hosts.map((name, index) => {
        const isSilent = round.silent !== null && round.silent % hosts.length === index;
        const host = next.hosts[name] as HostState;
        if (isSilent) return [name, silenced(host)];
        return [name, host.engine === 'yes' ? host : { ...host, engine: 'yes' }];
      }),
    ),
  };
}

/** It can neither be seen nor used; some of its images are gone afterwards. */
function silenced(host: HostState): HostState {
  const images = Object.keys(host.images).map((image) => [image, 'absent'] as const);
  return { ...host, engine: 'no', images: Object.fromEntries(images) };
}
