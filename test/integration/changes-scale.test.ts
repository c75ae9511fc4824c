/** More shards, fewer shards, other shares: under load, without a failed command or a lost write. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slotCount, slotSet } from '../../reconciler/model/slots.ts';
import { addShard, changeUnderLoad, removeShard } from '../support/changes.ts';
import { Loader } from '../support/loader.ts';
import { RealCluster } from '../support/real-cluster.ts';
import { settleBeforeSecondTry } from '../support/second-try.ts';

const FILLED = 20_000;

describe('three shards under load', () => {
  let cluster: RealCluster;
  let loader: Loader;
  const all = ['1a', '1b', '2a', '2b', '3a', '3b'];

  beforeAll(async () => {
    cluster = await RealCluster.create();
    await cluster.mustRun();
    await cluster.fill(FILLED);
    loader = await Loader.start(cluster);
  });
  afterAll(() => cluster?.remove());
  settleBeforeSecondTry(() => cluster.mustRun());

  /** Slots by primary. */
  async function shares(): Promise<Record<string, number>> {
    const primaries = await cluster.primaries();
    return Object.fromEntries(primaries.map(({ node, ranges }) => [node, slotCount(slotSet(ranges))]));
  }

  it('become four', async () => {
    const { steps, events, kept } = await changeUnderLoad(cluster, loader, '3 -> 4 shards', () =>
      addShard(cluster, 4),
    );
    expect(kept).toEqual(all);
    expect(await shares()).toEqual({ '1a': 4096, '2a': 4096, '3a': 4096, '4a': 4096 });
    expect(steps.filter((id) => id.startsWith('migrate-slots:'))).toHaveLength(3);
    // Law 6: the replica is in sync before the first slot comes.
    const ids = events.flatMap((event) =>
      event.kind === 'step-ended' || event.kind === 'step-started'
        ? [`${event.kind} ${cluster.short(event.step.id)}`]
        : [],
    );
    const synced = ids.findIndex((id) => /^step-ended (replicate:4b:4a|await-sync:4b)$/.test(id));
    expect(synced).toBeGreaterThanOrEqual(0);
    expect(ids.findIndex((id) => id.startsWith('step-started migrate-slots:'))).toBeGreaterThan(synced);
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
  });

  it('shift their shares when the weights change, and move no more than that', async () => {
    const { steps, kept } = await changeUnderLoad(cluster, loader, 'weight of s1 2', () =>
      cluster.edit((document) => {
        document.shards = [{ name: 's1', weight: 2 }];
      }),
    );
    expect(kept).toEqual([...all, '4a', '4b']);
    expect(await shares()).toEqual({ '1a': 6553, '2a': 3277, '3a': 3277, '4a': 3277 });
    expect(steps.map((id) => id.split(':')[1])).toEqual(['2a>1a', '3a>1a', '4a>1a']);
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
  });

  it('become three again', async () => {
    const { steps, kept } = await changeUnderLoad(cluster, loader, '4 -> 3 shards', () => {
      removeShard(cluster, 4);
      cluster.edit((document) => {
        delete document.shards;
      });
    });
    expect(kept).toEqual(all);
    const counts = Object.values(await shares());
    expect(counts).toHaveLength(3);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    expect(steps.slice(-2).sort()).toEqual(['remove-node:4a', 'remove-node:4b']);
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
    for (const node of all) {
      const info = String(await cluster.asAdmin(node, 'CLUSTER', 'INFO'));
      expect(info).toContain('cluster_known_nodes:6');
    }
  });

  it('keep the volumes of the nodes that left', async () => {
    const filters = { label: [`dev.redisforge.cluster=${cluster.name}`] };
    const { Volumes } = await cluster.docker.listVolumes({ filters });
    expect(Volumes?.map(({ Name }) => cluster.short(Name)).sort()).toEqual(
      [...all, '4a', '4b'].map((node) => `redisforge-${node}`),
    );
  });
});
