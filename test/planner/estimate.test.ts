/** What a plan says of its time, of what it moves and of how bare the cluster is on the way. */
import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import type { Facts, NodeFacts } from '../../reconciler/model/facts.ts';
import type { NodeReading } from '../../reconciler/model/readings.ts';
import { nodeOf } from '../../reconciler/model/topology.ts';
import type { Intent } from '../../reconciler/planner/intent.ts';
import { Loads } from '../../reconciler/planner/loads.ts';
import { type Plan, plan, planDigest } from '../../reconciler/planner/plan.ts';
import { stepTime } from '../../reconciler/planner/step-times.ts';
import { STEP_KINDS, type Step } from '../../reconciler/steps/table.ts';
import { convergedState, emptyState, noFacts, POLICY, type SpecShape, testIntent } from '../support/specs.ts';

const KEYS = 30_000;
const BYTES = 4_710_000;

function withReadings(intent: Intent, keys = KEYS, bytes = BYTES): Facts {
  const facts = noFacts(intent);
  const reading = {
    loading: false,
    keys,
    usedMemoryBytes: bytes,
    version: '8.6.3',
  } as unknown as NodeReading;
  const nodes = Object.entries(facts.nodes).map(([name, fact]): [string, NodeFacts] => [
    name,
    { ...fact, reading },
  ]);
  return { ...facts, nodes: Object.fromEntries(nodes) };
}

function converged(shape: SpecShape = {}): ClusterState {
  return structuredClone(convergedState(testIntent(shape)));
}

const withoutSoak = (document: Record<string, unknown>): void => {
  document['policies'] = { canarySoak: 0, allowDowntime: true };
};
const newImage = (document: Record<string, unknown>): void => {
  withoutSoak(document);
  Object.assign(document['redis'] as object, { image: 'redis:8.6.4' });
};

interface Change {
  readonly from?: SpecShape;
  readonly to?: SpecShape;
  readonly happened?: (live: ClusterState) => void;
  readonly facts?: (intent: Intent) => Facts;
}

/** The plan from one converged spec to another. */
function change({ from = {}, to = from, happened = () => {}, facts = withReadings }: Change): Plan {
  const intent = testIntent({ edit: withoutSoak, ...to });
  const live = converged(from);
  for (const [name, node] of Object.entries(emptyState(intent).nodes)) live.nodes[name] ??= node;
  for (const host of Object.values(live.hosts)) host.images[intent.spec.redis.image] = 'present';
  happened(live);
  return plan(intent, live, facts(intent), { ...POLICY, ...intent.spec.policies });
}

const fromNothing = (): Plan => {
  const intent = testIntent();
  return plan(intent, emptyState(intent), noFacts(intent), POLICY);
};

describe('the time', () => {
  it('is the sum over the waves of their slowest steps', () => {
    const { estimate, waves } = change({ to: { edit: newImage } });
    expect(estimate.waves).toHaveLength(waves.length);
    for (const [index, wave] of estimate.waves.entries()) {
      const slowest = Math.max(...wave.steps.map(({ ms }) => Number(ms)));
      expect(wave.steps).toHaveLength(waves[index]?.length ?? -1);
      expect(Number(wave.ms) - slowest).toBe(50);
    }
    expect(estimate.ms).toBe(estimate.waves.reduce((sum, { ms }) => sum + Number(ms), 0));
    expect(estimate.atLeastMs).toBe(estimate.ms);
  });

  it('of nothing to do is none', () => {
    expect(change({}).estimate).toMatchObject({
      ms: 0,
      waves: [],
      migrated: { slots: 0, keys: 0, bytes: 0 },
    });
  });

  it('grows with what there is to copy, and with the delay before a synchronisation', () => {
    const of = (keys: number, delay: number): number =>
      Number(
        change({
          from: { config: { 'repl-diskless-sync-delay': delay } },
          happened: (live) =>
            Object.assign(nodeOf(live, 'n1b'), { link: 'syncing', synced: false, copy: 'partial' }),
          facts: (intent) => withReadings(intent, keys, keys * 157),
        }).estimate.ms,
      );
    expect(of(450_000, 0) - of(0, 0)).toBeCloseTo(1000, -2);
    expect(of(0, 5) - of(0, 0)).toBe(5000);
  });

  it('is unknown where nothing was read, but not less than what is certain', () => {
    const { estimate } = change({ to: { edit: newImage }, facts: noFacts });
    expect(estimate).toMatchObject({
      ms: 'unknown',
      synchronised: { replicas: 6, keys: 'unknown', bytes: 'unknown' },
    });
    expect(estimate.atLeastMs).toBeGreaterThan(6 * 5000);
  });

  it('of a pull is unknown, that of the rest is not', () => {
    const { estimate } = fromNothing();
    const unknown = estimate.waves.map(({ ms }) => ms === 'unknown');
    expect(unknown).toEqual([true, ...estimate.waves.slice(1).map(() => false)]);
    expect(estimate.atLeastMs).toBeGreaterThan(2000);
  });

  it('counts containers that start on one machine, also behind several host names', () => {
    const intent = testIntent();
    const facts = noFacts(intent);
    const one = Object.fromEntries(['h1', 'h2', 'h3'].map((host) => [host, { engineId: 'one' }]));
    const apart = plan(intent, emptyState(intent), facts, POLICY).estimate;
    const together = plan(intent, emptyState(intent), { ...facts, hosts: one }, POLICY).estimate;
    // Six on one machine instead of two on each.
    expect(together.atLeastMs - apart.atLeastMs).toBe(4 * 150);
  });

  it('is told for every kind of step', () => {
    const before = converged();
    const timing = { before, loads: new Loads(noFacts(testIntent())), soakMs: 30_000, startsBeside: () => 1 };
    for (const kind of Object.keys(STEP_KINDS)) {
      const step = {
        kind,
        node: 'n1b',
        nodes: ['n1b'],
        from: 'n1a',
        to: 'n2a',
        slots: '0-9',
      } as unknown as Step;
      const { ms, atLeastMs, basis } = stepTime(step, timing);
      expect(ms === 'unknown' || ms > 0, kind).toBe(true);
      expect(ms === 'unknown' || ms === atLeastMs, kind).toBe(true);
      expect(basis, kind).not.toBe('');
    }
  });

  it('is no part of what is approved', () => {
    const small = change({ to: { edit: newImage } });
    const large = change({ to: { edit: newImage }, facts: (intent) => withReadings(intent, 3_000_000, 5e8) });
    expect(large.estimate.ms).toBeGreaterThan(Number(small.estimate.ms));
    expect(large.digest).toBe(small.digest);
    expect(small.digest).toBe(planDigest(small.waves));
  });
});

describe('what is moved', () => {
  it('of slots to a new shard is a quarter of the keys, and nothing is counted twice', () => {
    const { estimate } = change({
      to: { shards: 4 },
      facts: (intent) => {
        const facts = withReadings(intent);
        return { ...facts, nodes: { ...facts.nodes, ...noNew(intent) } };
      },
    });
    expect(estimate.migrated.slots).toBe(4096);
    expect(Number(estimate.migrated.keys) / (3 * KEYS)).toBeCloseTo(1 / 4, 2);
    expect(Number(estimate.migrated.bytes) / (3 * BYTES)).toBeCloseTo(1 / 4, 2);
    // The new replica synchronises with a primary that is empty.
    expect(estimate.synchronised).toEqual({ replicas: 1, keys: 0, bytes: 0 });
  });

  it('follows keys that move twice', () => {
    const live = converged();
    const loads = new Loads(withReadings(testIntent()));
    const first: Step = { kind: 'migrate-slots', from: 'n1a', to: 'n2a', slots: '0-5460' };
    expect(loads.carried(live, first)).toEqual({ keys: KEYS, bytes: BYTES });
    loads.take(first, live);
    expect(loads.of(live, 'n1a')).toEqual({ keys: 0, bytes: 0 });
    expect(loads.of(live, 'n2a')).toEqual({ keys: 2 * KEYS, bytes: 2 * BYTES });
    loads.take({ kind: 'switchover', shard: 's2', from: 'n2a', to: 'n2b' }, live);
    expect(loads.of(live, 'n2b')).toEqual({ keys: 2 * KEYS, bytes: 2 * BYTES });
  });

  it('is shared by bytes where the bytes of each slot were asked for', () => {
    const live = converged();
    const heavy = Array.from({ length: 16384 }, (_, slot) => (slot === 0 ? 5460 : 1));
    const loads = new Loads(withReadings(testIntent()), heavy);
    const step: Step = { kind: 'migrate-slots', from: 'n1a', to: 'n2a', slots: '0' };
    expect(loads.carried(live, step)).toEqual({ keys: KEYS / 2, bytes: BYTES / 2 });
  });

  it('is known of a dead primary when its replica was read, and unknown when nobody was', () => {
    const intent = testIntent();
    const all = withReadings(intent);
    const live = converged();
    const { n1a, n1b, ...others } = all.nodes;
    const unread = { endpoints: [], remarks: [] };
    expect(new Loads({ ...all, nodes: { ...others, n1b: n1b!, n1a: unread } }).of(live, 'n1a')).toEqual({
      keys: KEYS,
      bytes: BYTES,
    });
    expect(new Loads({ ...all, nodes: { ...others, n1b: unread, n1a: unread } }).of(live, 'n1a')).toBe(
      'unknown',
    );
    expect(n1a).toBeDefined();
  });

  it('counts no partial resynchronisation after a switchover', () => {
    const { estimate } = change({ to: { edit: newImage } });
    expect(estimate.synchronised).toMatchObject({ replicas: 6, keys: 6 * KEYS, bytes: 6 * BYTES });
  });
});

describe('the redundancy on the way', () => {
  it('of a settings change is what it was', () => {
    const { estimate } = change({ to: { config: { 'maxmemory-policy': 'allkeys-lru' }, edit: withoutSoak } });
    expect(estimate.redundancy).toEqual({ worst: 1, bare: [], exposed: [] });
  });

  it('of a rolling change names every shard that is bare for a time, and each gets its replica back', () => {
    const { estimate, waves } = change({ to: { edit: newImage } });
    const { worst, exposed } = estimate.redundancy;
    expect(worst).toBe(0);
    expect(new Set(exposed.map(({ shard }) => shard))).toEqual(new Set(['s1', 's2', 's3']));
    for (const { fromWave, untilWave, replicas, ms } of exposed) {
      expect(replicas).toBe(0);
      expect(untilWave).toBeGreaterThan(fromWave);
      expect(untilWave).toBeLessThanOrEqual(waves.length);
      expect(ms).toBeGreaterThan(0);
    }
    expect(exposed[0]).toMatchObject({ shard: 's1', fromWave: 1, untilWave: 3 });
  });

  it('of a rolling change with surge replicas drops only while replicas turn to a new primary', () => {
    const bare = ({ estimate }: Plan): Record<string, number> =>
      Object.fromEntries(
        [...Map.groupBy(estimate.redundancy.exposed, ({ shard }) => shard)].map(([shard, periods]) => [
          shard,
          periods.reduce((sum, { ms }) => sum + Number(ms), 0),
        ]),
      );
    const without = bare(change({ to: { edit: newImage } }));
    const withSurge = bare(change({ from: { surge: true }, to: { surge: true, edit: newImage } }));
    for (const shard of ['s1', 's2', 's3']) {
      // One switchover: 40 ms and a partial resynchronisation of 300, beside what takes longer in other shards.
      expect(withSurge[shard]).toBeLessThan(1_500);
      expect(without[shard]).toBeGreaterThan(2_000);
    }
  });

  it('of a repair lasts from the start until the replica is back', () => {
    const { estimate, waves } = change({
      happened: (live) =>
        Object.assign(nodeOf(live, 'n2b'), {
          container: 'stopped',
          reachable: 'no',
          link: 'down',
          synced: false,
          copy: 'unknown',
        }),
    });
    expect(estimate.redundancy).toMatchObject({
      worst: 0,
      exposed: [{ shard: 's2', replicas: 0, fromWave: 0, untilWave: waves.length, ms: estimate.ms }],
    });
  });

  it('of shards without replicas is none at all', () => {
    const { estimate } = change({
      from: { replicas: 0, edit: withoutSoak },
      to: { replicas: 0, config: { 'maxmemory-policy': 'allkeys-lru' }, edit: withoutSoak },
    });
    expect(estimate.redundancy).toEqual({ worst: 0, bare: ['s1', 's2', 's3'], exposed: [] });
  });

  it('of a new cluster begins when it serves', () => {
    const { estimate, waves } = fromNothing();
    const serves = waves.findIndex((wave) => wave.some(({ step }) => step.kind === 'await-agreement')) + 1;
    for (const { fromWave } of estimate.redundancy.exposed) expect(fromWave).toBe(serves + 1);
    expect(estimate.outages).toEqual([]);
  });

  it('of a replica that could not be read is unknown (law 7)', () => {
    const { estimate, status } = change({
      happened: (live) => {
        live.hosts['h2'] = { engine: 'no', network: 'unknown', images: {} };
        Object.assign(nodeOf(live, 'n1b'), {
          container: 'unknown',
          reachable: 'unknown',
          link: 'down',
          synced: false,
          copy: 'unknown',
        });
      },
    });
    expect(status).toBe('blocked');
    expect(estimate.redundancy).toMatchObject({
      worst: 'unknown',
      exposed: [{ shard: 's1', replicas: 'unknown', fromWave: 0, untilWave: null }],
    });
  });
});

describe('the service on the way', () => {
  it('is whole through a rolling change and through a scale-out', () => {
    expect(change({ to: { edit: newImage } }).estimate.outages).toEqual([]);
    expect(change({ to: { shards: 4 } }).estimate.outages).toEqual([]);
  });

  it('stops for the slots of a lone primary while it restarts', () => {
    const { estimate } = change({
      from: { replicas: 0, edit: withoutSoak },
      to: { replicas: 0, config: { 'io-threads': 2 }, edit: withoutSoak },
    });
    expect(estimate.outages.map(({ slots }) => slots).sort()).toEqual([5461, 5461, 5462]);
    for (const { fromWave, untilWave } of estimate.outages) expect(untilWave).toBe(fromWave);
  });

  it('stops for the slots of a lone primary while its container is made anew', () => {
    const { estimate } = change({ from: { replicas: 0 }, to: { replicas: 0, edit: newImage } });
    for (const { fromWave, untilWave } of estimate.outages) expect(untilWave).toBe(fromWave + 1);
    expect(estimate.outages).toHaveLength(3);
  });

  it('is missing from the start until a dead primary is replaced', () => {
    const { estimate } = change({
      happened: (live) => Object.assign(nodeOf(live, 'n1a'), { container: 'stopped', reachable: 'no' }),
    });
    expect(estimate.outages[0]).toMatchObject({ slots: 5461, fromWave: 0, untilWave: 1 });
  });
});

/** The members of a fourth shard have not run yet. */
function noNew(intent: Intent): Facts['nodes'] {
  const { nodes } = noFacts(intent);
  return { n4a: nodes['n4a']!, n4b: nodes['n4b']! };
}
