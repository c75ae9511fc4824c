/** Members that move, roles that change hands, hosts that are gone: under load, redundancy kept. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeUnderLoad, loseForGood, replaceMember } from '../support/changes.ts';
import { Loader } from '../support/loader.ts';
import { RealCluster } from '../support/real-cluster.ts';
import { settleBeforeSecondTry } from '../support/second-try.ts';

const FILLED = 5_000;

describe('a loaded cluster of three shards', () => {
  let cluster: RealCluster;
  let loader: Loader;

  beforeAll(async () => {
    cluster = await RealCluster.create();
    // Two more machines, in the zones of the first two.
    cluster.edit((document) => {
      for (const [name, zone] of [
        ['h4', 'z1'],
        ['h5', 'z2'],
      ] as const)
        document.hosts.push({ ...document.hosts[0]!, name, zone });
    });
    await cluster.mustRun();
    await cluster.fill(FILLED);
    loader = await Loader.start(cluster);
  });
  afterAll(() => cluster?.remove());
  settleBeforeSecondTry(() => cluster.mustRun());

  async function roleOf(node: string): Promise<string> {
    return (await cluster.observe()).live.nodes[cluster.node(node)]?.role ?? 'absent';
  }

  it('moves a replica to another host', async () => {
    const { steps, kept } = await changeUnderLoad(cluster, loader, 'replica to another host', () =>
      replaceMember(cluster, '1b', '1c', 'h5'),
    );
    expect(kept).toEqual(['1a', '2a', '2b', '3a', '3b']);
    expect(steps.at(-1)).toBe('remove-node:1b');
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
  });

  it('moves a primary to another host: the new member first, then a switchover, then the old one out', async () => {
    const { steps, kept } = await changeUnderLoad(cluster, loader, 'primary to another host', () =>
      replaceMember(cluster, '1a', '1d', 'h4'),
    );
    expect(kept).toEqual(['1c', '2a', '2b', '3a', '3b']);
    const order = ['deploy-node:1d', 'replicate:1d:1a', 'switchover:s1:1a>1d', 'remove-node:1a'];
    expect(steps.filter((id) => order.includes(id))).toEqual(order);
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
  });

  it('moves a whole shard to other hosts', async () => {
    const { kept } = await changeUnderLoad(cluster, loader, 'whole shard to other hosts', () => {
      replaceMember(cluster, '2a', '2c', 'h5');
      replaceMember(cluster, '2b', '2d', 'h4');
    });
    expect(kept).toEqual(['1c', '1d', '3a', '3b']);
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
  });

  it('switches roles when the spec names other primaries', async () => {
    const { steps, kept } = await changeUnderLoad(cluster, loader, 'two role switches', () =>
      cluster.edit((document) => {
        for (const node of document.nodes.filter(({ shard }) => shard !== 's3'))
          node.role = node.role === 'primary' ? 'replica' : 'primary';
      }),
    );
    expect(steps).toEqual(['switchover:s1:1d>1c', 'switchover:s2:2c>2d']);
    expect(kept).toHaveLength(6);
    expect([await roleOf('1c'), await roleOf('2d')]).toEqual(['primary', 'primary']);
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
  });

  it('replaces a replica whose host is gone for good', async () => {
    const { steps, kept } = await changeUnderLoad(cluster, loader, 'dead replica replaced', async () => {
      await loseForGood(cluster, '3b');
      replaceMember(cluster, '3b', '3c', 'h1');
    });
    expect(kept).toEqual(['1c', '1d', '2c', '2d', '3a']);
    expect(steps.some((id) => id.startsWith('forget-ghost:'))).toBe(true);
    for (const node of ['1d', '2c', '3a', '3c'])
      expect(String(await cluster.asAdmin(node, 'CLUSTER', 'INFO'))).toContain('cluster_known_nodes:6');
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
  });

  it('replaces a primary whose host is gone for good: forgotten only when its replica was elected (M10)', async () => {
    const id = String(await cluster.asAdmin('3a', 'CLUSTER', 'MYID'));
    // The members need their node timeout to notice: clients give up on some commands meanwhile.
    const { events, kept } = await changeUnderLoad(
      cluster,
      loader,
      'dead primary replaced',
      async () => {
        await loseForGood(cluster, '3a');
        replaceMember(cluster, '3a', '3d', 'h3');
      },
      { failures: true },
    );
    expect(kept).toEqual(['1c', '1d', '2c', '2d', '3c']);
    let role = '';
    let roleWhenForgotten = '';
    for (const event of events) {
      if (event.kind === 'observed') role = event.observation.live.nodes[cluster.node('3c')]?.role ?? '';
      if (event.kind === 'step-started' && event.step.id === `forget-ghost:${id}`) roleWhenForgotten = role;
    }
    expect(roleWhenForgotten).toBe('primary');
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
  });
});
