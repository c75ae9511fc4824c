/** Commits that come in the middle of a change, or that ask for what cannot be done: refused, never half done. */
import { expect } from 'vitest';
import type { Problem } from '../../../spec-schema/problem.ts';
import { addShard, containerIds, removeShard, untouched } from '../changes.ts';
import { eventually } from '../lab-containers.ts';
import type { Change, FaultMatrix } from './matrix.ts';
import { DEADLINE_MS, type Site } from './site.ts';

/** As Redis says it. */
const NO_LIMIT = '0';

export function commitsErr(matrix: FaultMatrix, site: () => Site): void {
  /** What the keeper says that stands in the way. */
  async function refusal(code: string): Promise<Problem> {
    const found = await eventually(
      `the refusal ${code}`,
      () =>
        site()
          .keeping.status()
          .blocks.find((block) => block.code === code),
      DEADLINE_MS,
    );
    // Law 11: every refusal shows its evidence and names the smallest change that would unblock it.
    expect(found.hint).not.toBe('');
    return found;
  }

  /** Commits what is refused, looks at the cluster, and commits what helps. */
  async function refusedThenMended(
    code: string,
    wrong: () => Promise<void> | void,
    look: () => Promise<void>,
    mend: () => Promise<void> | void,
  ): Promise<string> {
    return site().weather(async () => {
      const { cluster, keeping } = site();
      await wrong();
      keeping.commit();
      const { evidence } = await refusal(code);
      await look();
      await mend();
      keeping.commit();
      await keeping.converged(DEADLINE_MS);
      return cluster.short(`${code}: ${evidence}`);
    });
  }

  const second: Record<Change, () => Promise<string>> = {
    out: () =>
      site().during('out', {
        moment: /^meet:/,
        strike: async () => {
          const { cluster, keeping } = site();
          cluster.edit((document) => {
            document.shards = [{ name: 's1', weight: 2 }];
          });
          keeping.commit();
          await keeping.converged(DEADLINE_MS);
          const slots = (await cluster.primaries()).map(({ node, ranges }) => {
            const count = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
            return `${node} ${count}`;
          });
          expect(slots.map((words) => words.split(' ')[1]).sort()).toEqual(['3277', '3277', '3277', '6553']);
          return slots.join(', ');
        },
      }),
    in: () =>
      site().during('in', {
        strike: async () => {
          const { cluster, keeping } = site();
          addShard(cluster, 4);
          keeping.commit();
          await keeping.converged(DEADLINE_MS);
          expect(await cluster.primaries()).toHaveLength(4);
          return 'the shard was kept after all';
        },
      }),
    roll: () =>
      site().during('roll', {
        strike: async () => {
          const { cluster, keeping } = site();
          await site().edit('roll');
          keeping.commit();
          await keeping.converged(DEADLINE_MS);
          const { live } = await cluster.observe();
          const images = new Set(Object.values(live.nodes).map(({ launch }) => launch?.image));
          expect([...images]).toEqual([cluster.spec.redis.image]);
          return 'all have the newest image';
        },
      }),
  };
  matrix.row({
    number: 7,
    fault:
      'another commit: other weights for a shard that still joins, a leaving shard kept after all, a still newer image',
    expected: 'the running pass ends between steps, and what comes out is what the last commit says',
    cells: second,
  });

  const more = [4, 5, 6, 7, 8];
  const several = (change: 'out' | 'in') => async (): Promise<string> => {
    const { cluster } = site();
    // The way back begins where the way there ended, unless that is asked for alone.
    if (change === 'out' || new Set(cluster.spec.nodes.map(({ shard }) => shard)).size < 8) {
      await site().prepare('out');
      if (change === 'in') for (const shard of more) addShard(cluster, shard);
    }
    const { keeping } = site();
    if (change === 'in') keeping.commit();
    await keeping.converged(DEADLINE_MS);
    const first = ['1a', '1b', '2a', '2b', '3a', '3b'];
    return site().weather(async () => {
      const before = await containerIds(cluster);
      for (const shard of more) (change === 'out' ? addShard : removeShard)(cluster, shard);
      keeping.commit();
      await keeping.converged(DEADLINE_MS);
      const after = await containerIds(cluster);
      expect(untouched(before, after)).toEqual(first);
      expect(await cluster.primaries()).toHaveLength(change === 'out' ? 8 : 3);
      return `${Object.keys(after).length} nodes now`;
    });
  };
  matrix.row({
    number: 8,
    fault: 'five shards at once: 3→8, and 8→3',
    expected: 'no write is lost, and the containers of the first three shards are the same all the time',
    cells: { out: several('out'), in: several('in'), roll: 'no shard comes or goes' },
  });

  const tooSmall: Record<'out' | 'in', () => Promise<string>> = {
    out: async () => {
      await site().prepare('out');
      const { cluster } = site();
      return refusedThenMended(
        'too-little-memory',
        async () => {
          await site().edit('out');
          limit('s4', '2mb');
        },
        async () => {
          expect((await cluster.primaries()).map(({ node }) => node[0])).not.toContain('4');
        },
        () => limit('s4', NO_LIMIT),
      );
    },
    in: async () => {
      await site().prepare('in');
      const { cluster } = site();
      const shards = ['s1', 's2', 's3'];
      return refusedThenMended(
        'too-little-memory',
        async () => {
          const used = await usedMemory();
          // Nobody's writes are refused, and nobody has four fifths of it free for what would come.
          for (const shard of shards) limit(shard, String(Math.ceil((used[shard] ?? 0) * 1.24)));
          await site().edit('in');
        },
        async () => {
          expect(await cluster.primaries()).toHaveLength(4);
        },
        () => {
          for (const shard of shards) limit(shard, NO_LIMIT);
        },
      );
    },
  };

  /** Gives all members of a shard a `maxmemory` of their own. */
  function limit(shard: string, maxmemory: string): void {
    site().cluster.edit(({ nodes }) => {
      for (const node of nodes) if (node.shard === shard) node.config = { maxmemory };
    });
  }

  async function usedMemory(): Promise<Record<string, number>> {
    const { live, facts } = await site().cluster.observe();
    const used: Record<string, number> = {};
    for (const [name, { shard, role }] of Object.entries(live.nodes))
      if (role === 'primary') used[shard] = facts.nodes[name]?.reading?.usedMemoryBytes ?? 0;
    return used;
  }
  matrix.row({
    number: 9,
    fault: 'the targets have too little `maxmemory` for what would come',
    expected: 'refused with the numbers (`too-little-memory`), no slot moves; the next commit mends it',
    cells: { ...tooSmall, roll: 'no slot moves' },
  });
}
