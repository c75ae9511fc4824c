/** Addresses that change while RedisForge is away, as when all machines are started again: on a site without clients. */
import { expect } from 'vitest';
import { misdirectLink, readdress } from '../mishaps.ts';
import type { Change, FaultMatrix } from './matrix.ts';
import { DEADLINE_MS, type Site } from './site.ts';

export function addressesChange(matrix: FaultMatrix, site: () => Site): void {
  const moved = (change: Change) => () =>
    site().during(change, {
      strike: async () => {
        const { cluster } = site();
        await site().dismissKeeper();
        const { live, facts } = await cluster.observe();
        const running = Object.keys(live.nodes).filter((name) => live.nodes[name]?.container === 'running');
        const before = new Map(running.map((name) => [name, facts.nodes[name]?.address?.ip]));
        await readdress(
          cluster,
          running.map((name) => cluster.short(name)),
        );
        await site().keeping.converged(DEADLINE_MS);
        const after = (await cluster.observe()).facts.nodes;
        for (const [name, ip] of before) expect(after[name]?.address?.ip ?? 'gone').not.toBe(ip);
        return `${running.length} nodes killed, and started at other addresses`;
      },
    });
  matrix.row({
    number: 3,
    fault: 'everything stops, RedisForge too, and every node comes back at another address',
    expected: 'the members find each other again, and the change ends',
    cells: { out: moved('out'), in: moved('in'), roll: moved('roll') },
  });

  /** The steps that must not come before the link carries data again. */
  const needTheLink: Record<Change, RegExp> = {
    // A target without a replica in sync would be the only copy of what it receives.
    in: /^migrate-slots:[^:]*>2/,
    roll: /^(switchover:s2|remove-container:2|restart-node:2)/,
    // It only gives slots away: nothing has to wait.
    out: /^$/,
  };
  const misdirected = (change: Change) => async (): Promise<string> => {
    await site().prepare(change);
    const { cluster } = site();
    await site().dismissKeeper();
    return site().weather(async () => {
      const primary = await cluster.memberOf('s2', 'primary');
      const replica = await cluster.memberOf('s2', 'replica');
      await misdirectLink(cluster, primary, replica);
      await site().edit(change);
      const { keeping } = site();
      await keeping.converged(DEADLINE_MS);
      const steps = keeping.steps();
      const repaired = steps.indexOf(`repair-link:${replica}:${primary}`);
      expect(repaired).toBeGreaterThanOrEqual(0);
      expect(steps.slice(0, repaired).filter((id) => needTheLink[change].test(id))).toEqual([]);
      return `${replica} dialled a former address of ${primary}`;
    });
  };
  matrix.row({
    number: 5,
    fault: "a replica dials its primary's former address for ever, while the cluster says `ok`",
    expected: 'the link is repaired before anything that needs the replica',
    cells: { out: misdirected('out'), in: misdirected('in'), roll: misdirected('roll') },
  });
}
