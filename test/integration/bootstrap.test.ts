/** A cluster from nothing, and the silence afterwards. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diff } from '../../reconciler/planner/diff.ts';
import type { Plan } from '../../reconciler/planner/plan.ts';
import { resolve } from '../../reconciler/planner/resolve.ts';
import { isWait } from '../../reconciler/steps/table.ts';
import { RealCluster, type Run } from '../support/real-cluster.ts';

/** Ids of the steps that do something, sorted. */
function actions(waves: Plan['waves']): string[] {
  return waves
    .flat()
    .filter(({ step }) => !isWait(step))
    .map(({ id }) => id)
    .sort();
}

describe('three shards with a replica each', () => {
  let cluster: RealCluster;
  let preview: Plan;
  let run: Run;

  beforeAll(async () => {
    cluster = await RealCluster.create();
    preview = await cluster.plan();
    run = await cluster.mustRun();
  });
  afterAll(() => cluster?.remove());

  it('come from nothing in exactly the steps of the plan that was made before', () => {
    expect(preview.status).toBe('changes');
    // On a busy machine some start later than the others, and are introduced when they are there.
    const isMeeting = (id: string): boolean => id.startsWith('meet:');
    const introduced = (ids: readonly string[]): string[] =>
      ids
        .filter(isMeeting)
        .flatMap((id) => id.slice('meet:'.length).split('+'))
        .sort();
    const ids = run.steps.map(({ id }) => id).sort();
    const planned = actions(preview.waves);
    expect(ids.filter((id) => !isMeeting(id))).toEqual(planned.filter((id) => !isMeeting(id)));
    expect(introduced(ids)).toEqual(introduced(planned));
    expect(run.steps.length).toBeGreaterThan(25);
  });

  it('differ in nothing from what the spec says', async () => {
    const { intent } = await cluster.open();
    const { live, facts } = await cluster.observe();
    expect(diff(live, resolve(intent, live, facts))).toEqual([]);
    expect(live).toMatchObject({ serving: 'yes', agreement: 'yes', openSlots: '', ghosts: {} });
  });

  it('have one primary in each zone, with replicas elsewhere and an even share of the slots', async () => {
    const { live } = await cluster.observe();
    const nodes = Object.values(live.nodes);
    const primaries = nodes.filter(({ role }) => role === 'primary');
    expect(primaries.map(({ zone }) => zone).sort()).toEqual(['z1', 'z2', 'z3']);
    expect(primaries.map(({ slots }) => slots).sort()).toEqual(['0-5460', '10923-16383', '5461-10922']);
    const replicas = nodes.filter(({ role }) => role === 'replica');
    expect(replicas).toHaveLength(3);
    for (const replica of replicas) {
      expect(live.nodes[replica.replicaOf ?? '']).toMatchObject({ role: 'primary', shard: replica.shard });
      expect(live.nodes[replica.replicaOf ?? '']?.zone).not.toBe(replica.zone);
    }
  });

  it('are well by the word of every single server', async () => {
    for (const { name } of cluster.spec.nodes) {
      const info = String(await cluster.asAdmin(cluster.short(name), 'CLUSTER', 'INFO'));
      expect(info).toContain('cluster_state:ok');
      expect(info).toContain('cluster_known_nodes:6');
      expect(info).toContain('cluster_slots_ok:16384');
    }
  });

  it('let nobody in without a password, and show none on the engine', async () => {
    const anonymous = new Redis({
      ...(await cluster.endpoint('1a')),
      lazyConnect: true,
      retryStrategy: () => null,
    });
    anonymous.on('error', () => {});
    await expect(anonymous.call('PING')).rejects.toThrow(/NOAUTH/);
    anonymous.disconnect();
    const told = JSON.stringify(await cluster.container('1a').inspect());
    expect(told).not.toMatch(/operator-password|replication-password|loader-password/);
  });

  it('come back by themselves after a restart of the machine', async () => {
    const info = await cluster.container('2b').inspect();
    expect(info.HostConfig.RestartPolicy?.Name).toBe('always');
  });

  it('are left in silence by a second pass', async () => {
    expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  });

  it('are left in silence by a new process of RedisForge', async () => {
    await cluster.restart();
    expect(await cluster.plan()).toMatchObject({ status: 'converged', waves: [], differences: [] });
    expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  });

  it('are left in silence by a RedisForge that has lost its state, which it then writes anew', async () => {
    await rm(join(cluster.directory, 'state'), { recursive: true });
    await cluster.restart();
    // Who is who, and then which roles the spec asked for; nothing on any engine or server.
    expect(await cluster.anotherPass()).toEqual({
      status: 'converged',
      steps: [],
      calls: ['write', 'write'],
    });
    expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  });
});

describe('nodes in any order, without preferences', () => {
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await RealCluster.create();
  });
  afterAll(() => cluster?.remove());

  it('get one primary in each zone, although the file has them zone by zone', async () => {
    cluster.edit((document) => {
      for (const node of document.nodes) delete node.role;
      // Both members that come first in the file are in z1: who takes them in order puts two primaries there.
      const hosts = ['h1', 'h2', 'h1', 'h3', 'h2', 'h3'];
      for (const [index, node] of document.nodes.entries()) node.host = hosts[index] as string;
      document.nodes.sort((a, b) => a.host.localeCompare(b.host));
    });
    await cluster.mustRun();
    const { live } = await cluster.observe();
    const primaries = Object.values(live.nodes).filter(({ role }) => role === 'primary');
    expect(primaries.map(({ zone }) => zone).sort()).toEqual(['z1', 'z2', 'z3']);
    expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  });
});
