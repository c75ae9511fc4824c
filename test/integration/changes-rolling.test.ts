/** Changes that restart every node, one after the other: under load, no command fails and nothing is lost. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../reconciler/engine/progress.ts';
import { changeUnderLoad } from '../support/changes.ts';
import { Loader } from '../support/loader.ts';
import { RealCluster } from '../support/real-cluster.ts';
import { settleBeforeSecondTry } from '../support/second-try.ts';

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
