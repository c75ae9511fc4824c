/** What RedisForge runs on, and beside: another RedisForge, the clock, a disk that is full. */
import { expect } from 'vitest';
import { Keeping } from '../kept-cluster.ts';
import { eventually } from '../lab-containers.ts';
import type { Change, FaultMatrix } from './matrix.ts';
import { DEADLINE_MS, type Site } from './site.ts';

export function surroundingsFail(matrix: FaultMatrix, site: () => Site): void {
  const twice = (change: Change) => () =>
    site().during(change, {
      strike: async () => {
        const { cluster } = site();
        const second = Keeping.start(cluster, { holder: 'second', driftMs: 500 });
        await eventually('the second one stands by', () => second.status().status === 'standby', DEADLINE_MS);
        const words = second.status().failures.map(({ reason }) => reason);
        expect(second.steps()).toEqual([]);
        await site().dismissKeeper();
        await second.converged(DEADLINE_MS);
        await second.stop();
        return `standby: ${words.join(', ')}; then ${second.steps().length} steps`;
      },
    });
  matrix.row({
    number: 19,
    fault: 'a second RedisForge is started for the same cluster, and then the first one ends',
    expected: 'it stands by and does nothing; then it ends the change',
    cells: { out: twice('out'), in: 'as while scaling out', roll: twice('roll') },
  });

  const jumps = (change: Change) => () =>
    site().during(change, {
      strike: async () => {
        const { clock, keeping } = site();
        for (const hour of [3_600_000, -3_600_000]) {
          clock.jump(hour);
          await eventually('the keeper has looked at the clock again', () => clock.asked > 5, DEADLINE_MS);
        }
        await keeping.converged(DEADLINE_MS);
        return 'jumped forth and back';
      },
    });
  matrix.row({
    number: 20,
    fault: "RedisForge's clock jumps by an hour, forth and back",
    expected: 'the change ends; at most a deadline passes early, and its step is looked at again',
    cells: { out: 'as while scaling in', in: jumps('in'), roll: 'not struck yet' },
  });
}
