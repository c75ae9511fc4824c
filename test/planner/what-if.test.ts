/** What the loss of a zone or a host does, said from states alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClusterState, NodeState } from '../../reconciler/model/cluster-state.ts';
import { isSyncedReplica, majorityReachable, nodeOf, slotOwners } from '../../reconciler/model/topology.ts';
import { type ZoneLoss, zoneLosses } from '../../reconciler/planner/what-if.ts';
import { convergedState, emptyState, type SpecShape, testIntent } from '../support/specs.ts';

/** Making a converged cluster is a plan of its own, so that each shape is made once. */
const made = new Map<string, ClusterState>();

function stateOf(shape: SpecShape = {}, change: (state: ClusterState) => void = () => {}): ClusterState {
  const key = JSON.stringify(shape);
  const known = made.get(key) ?? convergedState(testIntent(shape));
  made.set(key, known);
  const state = structuredClone(known);
  change(state);
  return state;
}

function lossOf(zone: string, state: ClusterState): ZoneLoss {
  const loss = zoneLosses(state).find((candidate) => candidate.zone === zone);
  if (loss === undefined) throw new RangeError(`no zone ${zone}`);
  return loss;
}

/** Everything of a node that died a moment ago. */
const DEAD: Partial<NodeState> = { container: 'stopped', reachable: 'no' };
/** A node on a host that does not answer. */
const UNREAD: Partial<NodeState> = {
  container: 'unknown',
  reachable: 'unknown',
  copy: 'unknown',
  link: 'down',
  synced: false,
};

describe('the loss of a zone', () => {
  it('makes the shards fail over whose primary is there, and leaves others without a replica', () => {
    expect(lossOf('z1', stateOf())).toEqual({
      zone: 'z1',
      failsOver: ['s1'],
      behind: [],
      stranded: [],
      lost: [],
      uncertain: [],
      slotsLost: 0,
      quorum: 'kept',
      replicasMissing: 2,
      bare: ['s1', 's3'],
      hosts: [],
    });
  });

  it('leaves every shard a replica where each has one in every zone', () => {
    expect(lossOf('z2', stateOf({ replicas: 2 }))).toMatchObject({
      failsOver: ['s2'],
      bare: [],
      replicasMissing: 3,
    });
  });

  it('loses the shards that have no copy elsewhere, with their slots', () => {
    expect(lossOf('z2', stateOf({ replicas: 0 }))).toMatchObject({
      failsOver: [],
      lost: ['s2'],
      slotsLost: 5462,
      quorum: 'kept',
    });
  });

  it('loses a shard whose replica elsewhere never synchronised, or is gone', () => {
    for (const change of [{ copy: 'partial', synced: false }, DEAD] as const) {
      const state = stateOf({}, (live) => Object.assign(nodeOf(live, 'n1b'), change));
      expect(lossOf('z1', state)).toMatchObject({ failsOver: [], lost: ['s1'], slotsLost: 5461 });
    }
  });

  it('says so when the only replica elsewhere lags', () => {
    const state = stateOf({}, (live) => Object.assign(nodeOf(live, 'n1b'), { link: 'down', synced: false }));
    expect(lossOf('z1', state)).toMatchObject({ failsOver: ['s1'], behind: ['s1'] });
  });

  it('lets nobody be voted for when most primaries are there', () => {
    const state = stateOf({ shards: 4 });
    expect(lossOf('z1', state)).toMatchObject({
      quorum: 'lost',
      failsOver: [],
      stranded: ['s1', 's4'],
      lost: [],
    });
    expect(lossOf('z2', state)).toMatchObject({ quorum: 'kept', failsOver: ['s2'] });
  });

  it('counts primaries that are missing already against the quorum', () => {
    const state = stateOf({ shards: 5, zones: 5 }, (live) => {
      for (const name of ['n2a', 'n3a']) Object.assign(nodeOf(live, name), DEAD);
    });
    expect(lossOf('z1', state)).toMatchObject({ quorum: 'lost', stranded: ['s1'] });
    expect(lossOf('z2', state)).toMatchObject({ quorum: 'kept' });
  });

  it('loses a shard whose primary is gone already when it takes the last replica too', () => {
    const state = stateOf({ shards: 5, zones: 5 }, (live) => Object.assign(nodeOf(live, 'n1a'), DEAD));
    expect(lossOf('z2', state)).toMatchObject({ failsOver: ['s2'], lost: ['s1'] });
    expect(lossOf('z4', state).lost).toEqual([]);
  });

  it('takes what was not read for unknown, not for absent (law 7)', () => {
    const unread = stateOf({}, (live) => Object.assign(nodeOf(live, 'n1b'), UNREAD));
    expect(lossOf('z1', unread)).toMatchObject({ lost: [], uncertain: ['s1'], quorum: 'kept' });
    const voters = stateOf({}, (live) => Object.assign(nodeOf(live, 'n2a'), UNREAD));
    expect(lossOf('z1', voters)).toMatchObject({ quorum: 'unknown', failsOver: [], uncertain: ['s1'] });
  });

  it('counts members that are none of ours as voters', () => {
    const state = stateOf({}, (live) => {
      const slots = nodeOf(live, 'n3a').slots;
      nodeOf(live, 'n3a').slots = '';
      live.ghosts['f'.repeat(40)] = {
        state: 'lost',
        role: 'primary',
        slots,
        replicas: '',
        formerly: '',
        address: '',
      };
    });
    expect(lossOf('z1', state).quorum).toBe('lost');
  });

  it('is nothing before there is a cluster', () => {
    expect(zoneLosses(emptyState(testIntent()))).toEqual([]);
  });

  it('is told for each host where a zone has several, in the order of their numbers', () => {
    const state = stateOf({ shards: 3, zones: 3 }, (live) => {
      for (const node of Object.values(live.nodes)) node.zone = 'all';
      Object.assign(nodeOf(live, 'n3b'), { host: 'h10' });
    });
    const [zone, ...others] = zoneLosses(state);
    expect(others).toEqual([]);
    expect(zone).toMatchObject({ zone: 'all', quorum: 'lost', lost: ['s1', 's2', 's3'], slotsLost: 16384 });
    expect(zone?.hosts.map(({ host }) => host)).toEqual(['h1', 'h2', 'h3', 'h10']);
    expect(zone?.hosts[0]).toMatchObject({ failsOver: ['s1'], quorum: 'kept', bare: ['s1'] });
  });

  it('agrees with the questions that the planner itself asks (300 random states)', () => {
    const shapes = fc.record({
      shards: fc.integer({ min: 3, max: 9 }),
      replicas: fc.integer({ min: 0, max: 2 }),
      zones: fc.integer({ min: 3, max: 5 }),
      dead: fc.array(fc.nat(), { maxLength: 4 }),
      lagging: fc.array(fc.nat(), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(shapes, ({ dead, lagging, ...shape }) => {
        const state = stateOf(shape);
        const names = Object.keys(state.nodes);
        const pick = (index: number): NodeState => nodeOf(state, names[index % names.length] as string);
        for (const index of lagging) if (pick(index).role === 'replica') pick(index).synced = false;
        for (const index of dead) Object.assign(pick(index), DEAD);
        for (const loss of zoneLosses(state)) {
          const gone = new Set(names.filter((name) => nodeOf(state, name).zone === loss.zone));
          expect(loss.quorum === 'kept').toBe(majorityReachable(state, gone));
          for (const owner of slotOwners(state).filter((name) => gone.has(name))) {
            const { shard } = nodeOf(state, owner);
            const safe = names.some(
              (name) =>
                !gone.has(name) &&
                nodeOf(state, name).replicaOf === owner &&
                isSyncedReplica(nodeOf(state, name)),
            );
            if (safe) expect(loss.lost).not.toContain(shard);
            if (safe && loss.quorum === 'kept') expect(loss.failsOver).toContain(shard);
            const lists = [loss.failsOver, loss.stranded, loss.lost, loss.uncertain];
            expect(lists.filter((list) => list.includes(shard))).toHaveLength(1);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
