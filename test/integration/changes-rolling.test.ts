/** Changes that restart every node, one after the other: under load, no command fails and nothing is lost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../reconciler/engine/progress.ts';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import { isSyncedReplica, nodeOf, peersOf } from '../../reconciler/model/topology.ts';
import { changeUnderLoad, containerIds } from '../support/changes.ts';
import { Loader } from '../support/loader.ts';
import { RealCluster } from '../support/real-cluster.ts';
import { settleBeforeSecondTry } from '../support/second-try.ts';

/** One for each shard, in the zone that has no member of it. */
function addSurgeReplicas(cluster: RealCluster): void {
  cluster.edit((document) => {
    for (const shard of [1, 2, 3]) {
      const last = document.nodes.find(({ name }) => name === cluster.node(`${shard}b`));
      if (last?.address === undefined) throw new RangeError(`no node ${shard}b with an address`);
      document.nodes.push({
        name: cluster.node(`${shard}s`),
        shard: last.shard,
        role: 'surge',
        host: `h${((shard + 1) % 3) + 1}`,
        port: last.port + 1,
        address: last.address.replace(/\d+$/, (byte) => String(Number(byte) + 1)),
      });
    }
  });
}

/** For each node that was stopped: how many replicas in sync its shard's primary had beside it at that moment. */
function copiesBeside(events: readonly ProgressEvent[]): number[] {
  let live: ClusterState | undefined;
  const copies: number[] = [];
  for (const event of events) {
    if (event.kind === 'observed') live = event.observation.live;
    if (event.kind !== 'step-started' || event.step.step.kind !== 'restart-node' || live === undefined)
      continue;
    const peers = peersOf(live, event.step.step.node).map((name) => nodeOf(live as ClusterState, name));
    copies.push(peers.filter(isSyncedReplica).length);
  }
  return copies;
}

const FILLED = 5_000;
const ALL = ['1a', '1b', '2a', '2b', '3a', '3b'];

describe('a loaded cluster of three shards', () => {
  let cluster: RealCluster;
  let loader: Loader;

  beforeAll(async () => {
    cluster = await RealCluster.create({ more: { policies: { canarySoak: 1 } } });
    await cluster.mustRun();
    await cluster.fill(FILLED);
    loader = await Loader.start(cluster);
  });
  afterAll(() => cluster?.remove());
  settleBeforeSecondTry(() => cluster.mustRun());

  /** The order in which nodes were stopped, each with the role that it had then. */
  function stopped(events: readonly ProgressEvent[], kind: 'restart-node' | 'remove-container'): string[] {
    const roles = new Map<string, string>();
    const order: string[] = [];
    for (const event of events) {
      if (event.kind === 'observed')
        for (const [name, { role }] of Object.entries(event.observation.live.nodes)) roles.set(name, role);
      if (event.kind === 'step-started' && event.step.step.kind === kind)
        order.push(`${cluster.short(event.step.step.node)} ${roles.get(event.step.step.node)}`);
    }
    return order;
  }

  it('takes another image: the same one under another tag', async () => {
    const image = `${cluster.name}:8.6.3`;
    await cluster.docker.getImage('redis:8.6.3').tag({ repo: cluster.name, tag: '8.6.3' });
    cluster.alsoRemove(() => cluster.docker.getImage(image).remove({ force: true }));
    const { steps, events, kept } = await changeUnderLoad(cluster, loader, 'rolling image change', () =>
      cluster.edit((document) => {
        document.redis.image = image;
      }),
    );
    expect(kept).toEqual([]);
    // No primary is ever stopped.
    const order = stopped(events, 'remove-container');
    expect(order.map((entry) => entry.split(' ')[0]).sort()).toEqual(ALL);
    expect(order.filter((entry) => !entry.endsWith(' replica'))).toEqual([]);
    // The first shard is a canary: it is whole again, and has run for a while, before any other is touched.
    const ids = events.flatMap((event) =>
      event.kind === 'step-started' ? [cluster.short(event.step.id)] : [],
    );
    const soak = ids.findIndex((id) => id.startsWith('await-soak:'));
    const [canary] = order;
    const shard = canary?.[0] as string;
    expect(ids.slice(0, soak).filter((id) => id.startsWith('remove-container:'))).toHaveLength(2);
    expect(ids.slice(0, soak).every((id) => !/^remove-container:/.test(id) || id.includes(`:${shard}`))).toBe(
      true,
    );
    expect(steps.filter((id) => id.startsWith('switchover:')).length).toBeGreaterThanOrEqual(3);
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
  });

  it('takes a directive that needs a restart, in the containers that there are', async () => {
    const { events, kept } = await changeUnderLoad(cluster, loader, 'directive with restarts', () =>
      cluster.edit((document) => {
        document.redis.config['io-threads'] = 2;
      }),
    );
    expect(kept).toEqual(ALL);
    const order = stopped(events, 'restart-node');
    expect(order.map((entry) => entry.split(' ')[0]).sort()).toEqual(ALL);
    expect(order.filter((entry) => !entry.endsWith(' replica'))).toEqual([]);
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
  });

  it('is never without a replica in sync beside the one that restarts, where shards have surge replicas', async () => {
    const { steps, events, kept } = await changeUnderLoad(
      cluster,
      loader,
      'roll with surge replicas',
      async () => {
        addSurgeReplicas(cluster);
        // They are no difference by themselves.
        expect((await cluster.plan()).status).toBe('converged');
        cluster.edit((document) => {
          document.redis.config['io-threads'] = 3;
        });
      },
    );
    expect(kept).toEqual(ALL);
    const besides = copiesBeside(events);
    expect(besides).toHaveLength(6);
    expect(Math.min(...besides)).toBeGreaterThanOrEqual(1);
    const removals = steps.filter((id) => id.startsWith('remove-'));
    expect(removals.sort()).toEqual(['1s', '2s', '3s'].map((node) => `remove-surge:${node}`));
    expect(Object.keys(await containerIds(cluster)).sort()).toEqual(ALL);
    const filters = { label: [`dev.redisforge.cluster=${cluster.name}`] };
    expect((await cluster.docker.listVolumes({ filters })).Volumes).toHaveLength(6);
    expect(await cluster.countIntact(FILLED)).toBe(FILLED);
  });

  it('takes a directive that does not, without touching anything else', async () => {
    const { steps, kept } = await changeUnderLoad(cluster, loader, 'directive without restarts', () =>
      cluster.edit((document) => {
        document.redis.config['slowlog-max-len'] = 300;
      }),
    );
    expect(kept).toEqual(ALL);
    expect([...steps].sort()).toEqual(ALL.map((node) => `configure:${node}:slowlog-max-len=300`));
  });
});
