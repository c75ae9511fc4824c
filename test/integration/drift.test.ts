/** Drift that has to do with addresses and lost primaries: noticed, repaired with its cause, every key kept. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { misdirectLink, readdress } from '../support/mishaps.ts';
import { RealCluster, type Run } from '../support/real-cluster.ts';
import { settleBeforeSecondTry } from '../support/second-try.ts';

const KEYS = 20_000;

/** The steps of a run with why they were taken, in short node names. */
function story(cluster: RealCluster, { steps }: Run): string[] {
  return steps.map(({ id, because }) => cluster.short(`${id}: ${because}`));
}

describe('a cluster whose addresses the engine gives', () => {
  let cluster: RealCluster;

  beforeAll(async () => {
    cluster = await RealCluster.create({ floating: true });
    await cluster.mustRun();
    await cluster.fill(KEYS);
  });
  afterAll(() => cluster?.remove());
  settleBeforeSecondTry(() => cluster.mustRun());

  afterEach(async () => {
    expect(await cluster.countIntact(KEYS)).toBe(KEYS);
    await cluster.linksStand();
    expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  });

  it('a replica that dials a former address of its primary is pointed to the present one (M8)', async () => {
    await misdirectLink(cluster, '2a', '2b');
    // What a look at the cluster alone would tell.
    const info = String(await cluster.asAdmin('2b', 'CLUSTER', 'INFO'));
    expect(info).toContain('cluster_state:ok');
    expect(info).toContain('cluster_slots_fail:0');

    expect(story(cluster, await cluster.mustRun())).toEqual([
      "repair-link:2b:2a: it dials an address that is no longer 2a's, so there is no redundancy although the cluster says ok",
    ]);
  });

  it('a replica that came back at another address announces it', async () => {
    const before = await cluster.endpoint('3b');
    await readdress(cluster, ['3b']);
    const after = await cluster.endpoint('3b');
    expect(after.host).not.toBe(before.host);

    const run = await cluster.mustRun();
    expect(story(cluster, run)).toContain(
      `configure:3b:cluster-announce-ip=${after.host}: cluster-announce-ip is ${before.host}`,
    );
    const kinds = run.steps.map(({ step }) => step.kind);
    expect(kinds.filter((kind) => !['configure', 'meet', 'repair-link'].includes(kind))).toEqual([]);
  });

  it('a primary that came back at another address is still the primary', async () => {
    const id = await cluster.idOf('1a');
    await readdress(cluster, ['1a']);
    const run = await cluster.mustRun();
    const kinds = run.steps.map(({ step }) => step.kind);
    expect(kinds.filter((kind) => !['configure', 'meet', 'repair-link'].includes(kind))).toEqual([]);
    const { live, facts } = await cluster.observe();
    expect(live.nodes[cluster.node('1a')]).toMatchObject({ role: 'primary', slots: '0-5460' });
    expect(facts.nodes[cluster.node('1a')]?.nodeId).toBe(id);
  });

  it('a primary whose container was removed is replaced by its replica, and follows it on its old volume', async () => {
    const id = await cluster.idOf('3a');
    await cluster.container('3a').remove({ force: true });
    const run = await cluster.mustRun();
    expect(story(cluster, run).slice(0, 2)).toEqual([
      'failover:s3:3a>3b: its container is gone',
      'deploy-node:3a: its container is gone',
    ]);
    expect((await cluster.observe()).facts.nodes[cluster.node('3a')]?.nodeId).toBe(id);
  });
});
