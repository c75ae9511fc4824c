/** Each law refuses the waves that it exists for, and the rules never propose one. */
import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import { applyOperations } from '../../reconciler/planner/diff.ts';
import { checkLaws, LAWS } from '../../reconciler/planner/laws.ts';
import type { Policy } from '../../reconciler/planner/rules/rule.ts';
import { type Step, stepEffect } from '../../reconciler/steps/table.ts';
import { convergedState, POLICY, testIntent } from '../support/specs.ts';

const intent = testIntent();

/** The numbers of the laws that the wave breaks, starting from a converged cluster with some fields changed. */
function broken(
  steps: Step[],
  change: (state: ClusterState) => void = () => {},
  policy: Policy = POLICY,
): number[] {
  const before = convergedState(intent);
  change(before);
  const after = applyOperations(
    before,
    steps.flatMap((step) => stepEffect(step, before)),
  );
  return [...new Set(checkLaws({ before, steps, after }, policy).map(({ law }) => law))].sort(
    (a, b) => a - b,
  );
}

const restart = (node: string): Step => ({
  kind: 'restart-node',
  node,
  host: 'h',
  changes: { 'io-threads': '2' },
  config: {},
  users: {},
});
const remove = (node: string): Step => ({ kind: 'remove-container', node, host: 'h', because: 'image' });

describe('law 1: a slot always has exactly one owner', () => {
  it('refuses to take slots from somebody without giving them to anybody', () => {
    expect(broken([{ kind: 'replicate', node: 'n1a', primary: 'n2a' }])).toContain(1);
  });
  it('refuses to give a slot a second owner', () => {
    expect(broken([{ kind: 'assign-slots', node: 'n2a', slots: '0-10' }])).toContain(1);
  });
});

describe('law 2: data stays safe', () => {
  it('refuses to stop a node that owns slots', () => {
    expect(broken([restart('n1a')])).toContain(2);
    expect(broken([remove('n1a')])).toContain(2);
  });
  it('refuses to stop the last in-sync copy', () => {
    expect(
      broken([restart('n1b')], (state) =>
        Object.assign(state.nodes['n1a'] as object, { reachable: 'no', container: 'stopped' }),
      ),
    ).toContain(2);
  });
  it('refuses to overwrite what a primary holds', () => {
    expect(
      broken([{ kind: 'replicate', node: 'n1b', primary: 'n1a' }], (state) =>
        Object.assign(state.nodes['n1b'] as object, { role: 'primary', replicaOf: null }),
      ),
    ).toContain(2);
  });
  it('refuses to point a replica elsewhere whose lost primary still owns slots', () => {
    const elsewhere: Step = { kind: 'replicate', node: 'n1b', primary: 'n2a' };
    expect(broken([elsewhere])).not.toContain(2);
    const lost = { reachable: 'no', container: 'stopped', membership: 'joined' };
    expect(broken([elsewhere], (state) => Object.assign(state.nodes['n1a'] as object, lost))).toContain(2);
    const ghost = {
      state: 'lost',
      role: 'primary',
      slots: '0-5460',
      replicas: 'n1b',
      formerly: 'n1a',
      address: '',
    } as const;
    expect(
      broken([elsewhere], (state) => {
        delete state.nodes['n1a'];
        state.ghosts['aaaabbbb'] = ghost;
        Object.assign(state.nodes['n1b'] as object, { replicaOf: 'aaaabbbb' });
      }),
    ).toContain(2);
  });
  it('refuses to start an empty server where replicas expect their primary', () => {
    const deploy: Step = {
      kind: 'deploy-node',
      node: 'n1a',
      host: 'h1',
      launch: intent.nodes['n1a']?.launch as never,
      config: {},
      users: {},
    };
    const gone = (ghost: object) => (state: ClusterState) => {
      Object.assign(state.nodes['n1a'] as object, {
        membership: 'none',
        container: 'absent',
        reachable: 'no',
        slots: '',
      });
      Object.assign(state.ghosts, {
        old: {
          state: 'lost',
          role: 'primary',
          slots: '',
          replicas: '',
          formerly: 'n1a',
          address: '',
          ...ghost,
        },
      });
    };
    expect(broken([deploy], gone({ slots: '0-5460' }))).toContain(2);
    expect(broken([deploy], gone({ replicas: 'n1b' }))).toContain(2);
    expect(broken([deploy], gone({}))).not.toContain(2);
  });
  it('lets a healthy replica be restarted', () => {
    expect(broken([restart('n1b')])).toEqual([]);
  });
});

describe('law 3: one member per shard, and a majority', () => {
  it('refuses to disturb two members of a shard', () => {
    expect(broken([restart('n1b'), { kind: 'switchover', shard: 's1', from: 'n1a', to: 'n1b' }])).toContain(
      3,
    );
  });
  it('refuses to disturb a member while another is missing', () => {
    expect(
      broken([restart('n1b')], (state) => Object.assign(state.nodes['n1a'] as object, { reachable: 'no' })),
    ).toContain(3);
  });
  it('refuses more shards at once than the policy allows', () => {
    expect(broken([restart('n1b')], undefined, { ...POLICY, parallelShards: 0 })).toContain(3);
  });
  it('refuses to stop a primary when the majority would be gone', () => {
    const lonely: Policy = { ...POLICY, allowDowntime: true };
    expect(
      broken(
        [restart('n1a')],
        (state) => Object.assign(state.nodes['n2a'] as object, { reachable: 'no' }),
        lonely,
      ),
    ).toContain(3);
  });
});

describe('law 4: one zone at a time', () => {
  it('refuses restarts in two zones', () => {
    expect(broken([restart('n1b'), restart('n2b')])).toEqual([4]);
  });
});

describe('law 5: hand over in sync', () => {
  const handOver: Step = { kind: 'switchover', shard: 's1', from: 'n1a', to: 'n1b' };
  it.each([
    ['lags', { synced: false }],
    ['has no link', { link: 'down' }],
    ['dials an old address', { link: 'stale-address' }],
    ['follows somebody else', { replicaOf: 'n2a' }],
    ['does not answer', { reachable: 'no' }],
  ])('refuses a replica that %s', (_, change) => {
    expect(broken([handOver], (state) => Object.assign(state.nodes['n1b'] as object, change))).toContain(5);
  });
  it('refuses to force a failover from a primary that is not known to be dead', () => {
    const forced: Step = { kind: 'failover', shard: 's1', from: 'n1a', to: 'n1b' };
    expect(broken([forced])).toContain(5);
    expect(
      broken([forced], (state) => Object.assign(state.nodes['n1a'] as object, { reachable: 'unknown' })),
    ).toContain(5);
  });
  it('refuses to promote a copy that was never complete', () => {
    const forced: Step = { kind: 'failover', shard: 's1', from: 'n1a', to: 'n1b' };
    const change = (copy: 'partial' | 'whole') => (state: ClusterState) => {
      Object.assign(state.nodes['n1a'] as object, { reachable: 'no', container: 'stopped' });
      Object.assign(state.nodes['n1b'] as object, { link: 'down', synced: false, copy });
    };
    expect(broken([forced], change('partial'))).toContain(5);
    expect(broken([forced], change('whole'))).toEqual([]);
  });
});

describe('law 7: what was not read is unknown', () => {
  it('refuses to act on a node whose engine does not answer', () => {
    const blind = (state: ClusterState) => Object.assign(state.hosts['h2'] as object, { engine: 'no' });
    expect(broken([restart('n1b')], blind)).toContain(7);
  });
  it('lets a node be taken out that is dead by the word of its engine', () => {
    const removal: Step = { kind: 'remove-node', node: 'n1b', host: 'h2' };
    const dead = (state: ClusterState) =>
      Object.assign(state.nodes['n1b'] as object, { container: 'stopped', reachable: 'no' });
    expect(broken([removal], dead)).toEqual([]);
    const silent = (state: ClusterState) => Object.assign(state.hosts['h2'] as object, { engine: 'no' });
    expect(broken([removal], silent)).toContain(7);
  });
  it('refuses to send commands to a node that does not answer', () => {
    const silent = (state: ClusterState) =>
      Object.assign(state.nodes['n1b'] as object, { reachable: 'unknown' });
    expect(broken([{ kind: 'configure', node: 'n1b', config: { maxmemory: '1' } }], silent)).toContain(7);
  });
});

describe('law 9: only what is ours', () => {
  it.each(['container', 'volume'])('refuses to touch a foreign %s', (what) => {
    expect(
      broken([restart('n1b')], (state) => Object.assign(state.nodes['n1b'] as object, { [what]: 'foreign' })),
    ).toContain(9);
  });
  it('refuses to let a node with unknown keys join', () => {
    const dirty = (state: ClusterState) =>
      Object.assign(state.nodes['n1b'] as object, { membership: 'alone', contents: 'keys' });
    expect(broken([{ kind: 'meet', nodes: ['n1b'] }], dirty)).toContain(9);
    expect(broken([{ kind: 'set-config-epoch', node: 'n1b' }], dirty)).toContain(9);
  });
  it.each([
    ['is alive', { state: 'alive' }],
    ['may be one of ours', { state: 'unclear' }],
    ['owns slots', { slots: '7' }],
    ['has replicas', { replicas: 'n1b' }],
  ])('refuses to forget a member that %s', (_, change) => {
    const ghost = {
      state: 'lost',
      role: 'primary',
      slots: '',
      replicas: '',
      formerly: '',
      address: '',
    } as const;
    expect(
      broken([{ kind: 'forget-ghost', id: 'x', address: '' }], (state) =>
        Object.assign(state.ghosts, { x: { ...ghost, ...change } }),
      ),
    ).toContain(9);
    expect(
      broken([{ kind: 'forget-ghost', id: 'x', address: '' }], (state) =>
        Object.assign(state.ghosts, { x: ghost }),
      ),
    ).toEqual([]);
  });
});

describe('law 6: slots go only where they can be written', () => {
  const move: Step = { kind: 'migrate-slots', from: 'n1a', to: 'n2a', slots: '0-99' };
  it('lets them go to a primary with its replica in sync', () => {
    expect(broken([move])).toEqual([]);
  });
  it('refuses a target that has no replica in sync', () => {
    expect(broken([move], (state) => Object.assign(state.nodes['n2b'] as object, { synced: false }))).toEqual(
      [6],
    );
  });
  it('refuses a target whose min-replicas-to-write is not met', () => {
    expect(
      broken([move], (state) =>
        Object.assign(state.nodes['n2a']?.config as object, { 'min-replicas-to-write': '2' }),
      ),
    ).toEqual([6]);
  });
  it('refuses slots that the source does not own', () => {
    expect(broken([{ ...move, slots: '6000' }])).toContain(6);
  });
});

describe('law 8: what cannot be undone is approved', () => {
  const removal: Step = { kind: 'remove-node', node: 'n1b', host: 'h2' };
  it('refuses what no approved plan contains', () => {
    expect(broken([removal], undefined, { ...POLICY, approved: new Set() })).toEqual([8]);
    expect(broken([removal], undefined, { ...POLICY, approved: new Set(['remove-node:n1b']) })).toEqual([]);
  });
  it('refuses to remove what owns slots or is replicated', () => {
    expect(broken([{ ...removal, node: 'n1a' }])).toContain(8);
  });
});

describe('law 2: a volume goes only with a surge replica that nobody needs', () => {
  const removal: Step = { kind: 'remove-surge', node: 'n1b', host: 'h2' };
  const surge = (state: ClusterState, fields: object = {}) => {
    Object.assign(state.nodes['n1b'] as object, { surge: true, ...fields });
  };
  it('refuses to take any other replica away like that', () => {
    expect(broken([removal])).toEqual([2]);
    expect(broken([removal], (state) => surge(state))).toEqual([]);
  });
  it('refuses while it owns slots or is replicated', () => {
    expect(broken([{ ...removal, node: 'n1a' }])).toContain(2);
    expect(
      broken([removal], (state) => {
        surge(state);
        Object.assign(state.nodes['n2b'] as object, { replicaOf: 'n1b' });
      }),
    ).toEqual([2]);
  });
  it('refuses while another member of the shard is away, unless its own copy is worth nothing', () => {
    const away = (fields: object) => (state: ClusterState) => {
      surge(state, fields);
      Object.assign(state.nodes['n1a'] as object, { reachable: 'no', container: 'stopped' });
    };
    expect(broken([removal], away({}))).toEqual([2]);
    expect(broken([removal], away({ synced: false, link: 'syncing' }))).toEqual([]);
  });
});

describe('locks', () => {
  it('are not shared within a wave, nor with what is under way', () => {
    const users: Step = { kind: 'set-users', node: 'n1b', set: {}, remove: [] };
    const configure: Step = { kind: 'configure', node: 'n1b', config: { maxmemory: '1' } };
    expect(broken([users, configure])).toEqual([3]);
    expect(broken([users], undefined, { ...POLICY, held: new Set(['node:n1b'] as const) })).toEqual([3]);
    expect(broken([users])).toEqual([]);
  });

  it('let nobody start while roles change: a member that reads both tales at once may never come back', () => {
    const start: Step = { kind: 'start-node', node: 'n1b', host: 'h2', config: {}, users: {} };
    const other: Step = { ...start, node: 'n3b', host: 'h1' };
    const roles: Step = { kind: 'switchover', shard: 's2', from: 'n2a', to: 'n2b' };
    expect(broken([start, roles])).toContain(3);
    expect(broken([roles], undefined, { ...POLICY, held: new Set(['starts:n1b'] as const) })).toEqual([3]);
    expect(broken([start], undefined, { ...POLICY, held: new Set(['starts'] as const) })).toEqual([3]);
    expect(broken([start, other])).toEqual([]);
  });
});

it('every law has a test above', () => {
  expect(Object.keys(LAWS)).toHaveLength(11);
});
