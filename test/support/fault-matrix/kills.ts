/** RedisForge itself and nodes that die in the middle of a change. */
import { expect } from 'vitest';
import { loseForGood, replaceMember } from '../changes.ts';
import { eventually } from '../lab-containers.ts';
import { dieAtEveryStep, live } from '../lives.ts';
import type { Change, FaultMatrix } from './matrix.ts';
import { DEADLINE_MS, type Moment, type Site } from './site.ts';

const NOTHING_MIGRATES = 'nothing migrates';

export function reconcilerDies(matrix: FaultMatrix, site: () => Site): void {
  const atEveryStep = (change: Change) => async (): Promise<string> => {
    await site().prepare(change);
    await site().dismissKeeper();
    return site().weather(async () => {
      await site().edit(change);
      const { lives, steps } = await dieAtEveryStep(site().cluster);
      return `${lives} lives for ${steps.length} steps`;
    });
  };
  matrix.row({
    number: 1,
    fault: 'SIGKILL of RedisForge between any two steps',
    expected: 'each next process goes on from where things stand',
    cells: { out: atEveryStep('out'), in: atEveryStep('in'), roll: atEveryStep('roll') },
  });

  const inMigration = (change: Change) => async (): Promise<string> => {
    await site().prepare(change);
    await site().dismissKeeper();
    return site().weather(async () => {
      const { cluster } = site();
      await site().slowDown();
      await site().edit(change);
      const moving = eventually(
        'slots are on their way',
        async () => Object.values((await cluster.observe()).live.nodes).some(({ imports }) => imports !== ''),
        DEADLINE_MS,
      );
      const { killed, steps } = await live(cluster, 'any', { until: moving });
      await moving;
      await site().slowDown(0);
      await site().keeping.converged(DEADLINE_MS);
      expect(killed).toBe(true);
      return `killed in ${steps.at(-1)}`;
    });
  };
  matrix.row({
    number: 1,
    fault: 'SIGKILL of RedisForge while slots are on their way',
    expected: 'the next process takes the migration up that is under way',
    cells: { out: inMigration('out'), in: inMigration('in'), roll: NOTHING_MIGRATES },
  });
}

export function nodesDie(matrix: FaultMatrix, site: () => Site): void {
  async function shardOf(node: string): Promise<string> {
    const { cluster } = site();
    return (await cluster.observe()).live.nodes[cluster.node(node)]?.shard ?? '';
  }

  async function kill(victim: string, { step }: Moment): Promise<string> {
    await site().cluster.container(victim).kill();
    return `${victim} killed in ${step}`;
  }

  /** The two ends of a migration, and a replica of each. */
  const victims: Record<string, (step: string) => Promise<string>> = {
    'the source of a migration': async (step) => ends(step).source,
    'the target of a migration': async (step) => ends(step).target,
    'a replica of the source': async (step) =>
      site().cluster.memberOf(await shardOf(ends(step).source), 'replica'),
    'a replica of the target': async (step) =>
      site().cluster.memberOf(await shardOf(ends(step).target), 'replica'),
  };
  for (const [victim, victimOf] of Object.entries(victims)) {
    const isPrimary = !victim.includes('replica');
    const strike = (change: Change) => () =>
      site().during(change, {
        strike: async (at) => kill(await victimOf(at.step), at),
        tail: isPrimary,
        failures: isPrimary,
      });
    matrix.row({
      number: 2,
      fault: `${victim} is killed`,
      expected: isPrimary
        ? 'its replica takes over and the slots are moved again'
        : 'it is started again; the slots move on, or are moved again',
      cells: { out: strike('out'), in: strike('in'), roll: NOTHING_MIGRATES },
    });
  }

  for (const role of ['primary', 'replica'] as const) {
    const asAbove = 'as above, by its part in the migration';
    matrix.row({
      number: 2,
      fault: `a ${role} of another shard than the one in work is killed`,
      expected: `${role === 'primary' ? 'its replica takes over' : 'it is started again'}, and the roll waits for it`,
      cells: {
        out: asAbove,
        in: asAbove,
        roll: () =>
          site().during('roll', {
            moment: /^remove-container:/,
            strike: async (at) => {
              const busy = await shardOf(at.step.split(':')[1] ?? '');
              return kill(await site().cluster.memberOf(busy === 's3' ? 's2' : 's3', role), at);
            },
            tail: role === 'primary',
            failures: role === 'primary',
          }),
      },
    });
  }

  /** Its engine is asked no more, its volume is gone; the same commit gives its place to another. */
  const burned = (change: Change) => async (): Promise<string> =>
    site().during(change, {
      strike: async ({ since }) => {
        const { cluster, keeping } = site();
        const victim = await cluster.memberOf('s2', 'primary');
        const heir = await cluster.memberOf('s2', 'replica');
        const id = await cluster.idOf(victim);
        await loseForGood(cluster, victim);
        replaceMember(cluster, victim, `2${victim === '2a' ? 'c' : 'd'}`);
        keeping.commit();
        await site().slowDown(0);
        await keeping.converged(DEADLINE_MS);
        const steps = since();
        const elected = steps.findIndex((step) => step.startsWith('failover:s2:'));
        const forgotten = steps.indexOf(`forget-ghost:${id}`);
        expect(forgotten).toBeGreaterThanOrEqual(0);
        if (elected >= 0) expect(forgotten).toBeGreaterThan(elected);
        return `${victim} lost, ${heir} took over`;
      },
      tail: true,
      failures: true,
    });
  matrix.row({
    number: 6,
    fault: 'a primary and its volume are gone for good, and a commit replaces it',
    expected: 'it is forgotten only when its replica was elected',
    cells: { out: burned('out'), in: burned('in'), roll: burned('roll') },
  });
}

/** The two ends of a migration that has been started. */
function ends(step: string): { source: string; target: string } {
  const [source = '', target = ''] = (step.split(':')[1] ?? '').split('>');
  return { source, target };
}
