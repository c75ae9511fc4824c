/** Whatever is broken on purpose is noticed and repaired, with its cause; every key is there before and after. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RealCluster, type Run } from '../support/real-cluster.ts';
import { settleBeforeSecondTry } from '../support/second-try.ts';

const KEYS = 20_000;

/** The steps of a run with why they were taken, in short node names. */
function story(cluster: RealCluster, { steps }: Run): string[] {
  return steps.map(({ id, because }) => cluster.short(`${id.replace(/[0-9a-f]{40}/, 'ID')}: ${because}`));
}

describe('one converged cluster, and what people do to it', () => {
  let cluster: RealCluster;

  beforeAll(async () => {
    cluster = await RealCluster.create();
    await cluster.mustConverge();
    await cluster.fill(KEYS);
  });
  afterAll(() => cluster?.remove());
  settleBeforeSecondTry(() => cluster.mustRun());

  afterEach(async () => {
    expect(await cluster.countIntact(KEYS)).toBe(KEYS);
    await cluster.linksStand();
    expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  });

  it('a killed replica is started again', async () => {
    await cluster.container('1b').kill();
    const run = await cluster.mustRun();
    expect(story(cluster, run)).toEqual([
      'start-node:1b: its container does not run (exited, exit code 137)',
    ]);
  });

  it('a killed primary is replaced by its replica at once, and comes back', async () => {
    await cluster.container('2a').kill();
    const run = await cluster.mustRun();
    expect(story(cluster, run).slice(0, 2)).toEqual([
      'failover:s2:2a>2b: its container does not run (exited, exit code 137)',
      'start-node:2a: its container does not run (exited, exit code 137)',
    ]);
    const { live } = await cluster.observe();
    // Zone z3 had two primaries after the failover: the roles are where they were.
    expect(live.nodes[cluster.node('2a')]).toMatchObject({ role: 'primary', slots: '5461-10922' });
  });

  it('a removed container is made again on its volume, with the identity that it had', async () => {
    const before = (await cluster.observe()).facts.nodes[cluster.node('3b')]?.nodeId;
    await cluster.container('3b').remove({ force: true });
    const run = await cluster.mustRun();
    expect(story(cluster, run)).toEqual(['deploy-node:3b: its container is gone']);
    expect((await cluster.observe()).facts.nodes[cluster.node('3b')]?.nodeId).toBe(before);
  });

  it('a directive that was changed by hand is set back', async () => {
    await cluster.asAdmin('1a', 'CONFIG', 'SET', 'cluster-node-timeout', '12345');
    const run = await cluster.mustRun();
    expect(story(cluster, run)).toEqual([
      'configure:1a:cluster-node-timeout=5000: cluster-node-timeout is 12345',
    ]);
  });

  it('a replica that was pointed to another shard follows its own again', async () => {
    const { facts } = await cluster.observe();
    await cluster.asAdmin('1b', 'CLUSTER', 'REPLICATE', facts.nodes[cluster.node('2a')]?.nodeId ?? '');
    const run = await cluster.mustRun();
    expect(story(cluster, run)).toEqual(['replicate:1b:1a: it replicates 2a']);
  });

  it.each(['SOFT', 'HARD'])('a replica that was reset (%s) is taken in again', async (mode) => {
    await cluster.asAdmin('2b', 'CLUSTER', 'RESET', mode);
    const run = await cluster.mustRun();
    const steps = story(cluster, run).map((line) => line.split(':')[0]);
    expect(steps).toContain('meet');
    // Not always the last one: a link that gossip has not mended by then is introduced once more.
    expect(steps).toContain('replicate');
    if (mode === 'HARD') expect(steps).toContain('forget-ghost');
  });

  it('a replica that lost its volume comes back as somebody else, and its former self is forgotten', async () => {
    await cluster.container('3b').remove({ force: true });
    await cluster.docker.getVolume(`redisforge-${cluster.name}-${cluster.node('3b')}`).remove();
    const run = await cluster.mustRun();
    const steps = story(cluster, run).map((line) => line.split(':')[0]);
    for (const kind of ['prepare-volume', 'deploy-node', 'forget-ghost', 'meet', 'replicate'])
      expect(steps).toContain(kind);
    expect((await cluster.observe()).live.ghosts).toEqual({});
  });

  it('users that somebody added or changed are put right', async () => {
    await cluster.asAdmin('3a', 'ACL', 'SETUSER', 'intruder', 'on', 'nopass', '~*', '+@all');
    await cluster.asAdmin('3a', 'ACL', 'SETUSER', 'replication', '+@all');
    const run = await cluster.mustRun();
    expect(story(cluster, run)).toEqual([
      'set-users:3a:replication,-intruder: replication differs, intruder is not in the spec',
    ]);
  });

  it('limits that somebody changed are put back without a restart', async () => {
    const started = (await cluster.container('1a').inspect()).State.StartedAt;
    await cluster.container('1a').update({ RestartPolicy: { Name: 'no' } });
    const run = await cluster.mustRun();
    expect(story(cluster, run)).toEqual(['update-limits:1a:0:0:always: its limits differ from the spec']);
    expect((await cluster.container('1a').inspect()).State.StartedAt).toBe(started);
  });

  it('a cluster whose containers have all stopped starts again as it was', async () => {
    const { live } = await cluster.observe();
    const before = Object.fromEntries(Object.entries(live.nodes).map(([name, node]) => [name, node.slots]));
    await Promise.all(
      ['1a', '1b', '2a', '2b', '3a', '3b'].map((node) => cluster.container(node).stop({ t: 5 })),
    );
    await cluster.mustRun();
    const after = (await cluster.observe()).live.nodes;
    expect(Object.fromEntries(Object.entries(after).map(([name, node]) => [name, node.slots]))).toEqual(
      before,
    );
  });
});

describe('a cluster whose addresses the engine gives', () => {
  let cluster: RealCluster;

  beforeAll(async () => {
    cluster = await RealCluster.create({ floating: true });
    await cluster.mustConverge();
    await cluster.fill(KEYS);
  });
  afterAll(() => cluster?.remove());

  const nodes = ['1a', '1b', '2a', '2b', '3a', '3b'];
  const addresses = async (): Promise<(string | undefined)[]> => {
    const { facts } = await cluster.observe();
    return nodes.map((node) => facts.nodes[cluster.node(node)]?.address?.ip);
  };

  /** Takes all nodes out of their network and puts them back in an order in which none gets the address that it had. */
  async function shuffleAddresses(): Promise<void> {
    const network = cluster.docker.getNetwork(`redisforge-${cluster.name}`);
    const last = (address: string | undefined): number => Number(address?.split('.')[3]);
    const now = await addresses();
    const ordered = nodes.toSorted((a, b) => last(now[nodes.indexOf(a)]) - last(now[nodes.indexOf(b)]));
    for (const node of nodes) await network.disconnect({ Container: cluster.node(node), Force: true });
    for (const node of [...ordered.slice(1), ordered[0] as string])
      await network.connect({ Container: cluster.node(node) });
  }

  it('heals when every node has a new address at once', async () => {
    const ids = Object.fromEntries(
      Object.entries((await cluster.observe()).facts.nodes).map(([name, { nodeId }]) => [name, nodeId]),
    );
    const before = await addresses();
    await shuffleAddresses();
    await cluster.restart();
    await cluster.mustRun();
    const { live, facts } = await cluster.observe();
    expect(live).toMatchObject({ serving: 'yes', agreement: 'yes', ghosts: {} });
    // Node identity is the node id; addresses are attributes.
    expect(
      Object.fromEntries(Object.entries(facts.nodes).map(([name, { nodeId }]) => [name, nodeId])),
    ).toEqual(ids);
    const after = await addresses();
    for (const [index, address] of after.entries()) expect(address).not.toBe(before[index]);
    expect(await cluster.countIntact(KEYS)).toBe(KEYS);
    expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  });
});
