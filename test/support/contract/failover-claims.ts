/** Claims about elections, CLUSTER FAILOVER and what becomes of the data. */
import assert from 'node:assert/strict';
import {
  always,
  type Claim,
  everyNode,
  formCluster,
  idOf,
  keysOf,
  type LabCluster,
  type LabNode,
  look,
  refuses,
  replicaOf,
  serving,
  totalKeysOf,
  until,
} from './redis-lab.ts';

const isPrimary = async (node: LabNode) => everyNode([node], ({ role }) => role === 'primary');

function firstShard({ primaries, replicas }: LabCluster): { primary: LabNode; replica: LabNode } {
  return { primary: primaries[0] as LabNode, replica: replicaOf({ replicas }, 0) };
}

/** Kills the first primary for good, and measures until its replica is one. */
function election(nodeTimeout: number, atLeastMs: number, atMostMs: number, measured: string): Claim {
  return {
    says: `with a node timeout of ${nodeTimeout} ms the cluster replaces a dead primary after ${measured}`,
    fact: 'redis86.md 3',
    async prove(lab) {
      const cluster = await formCluster(lab, 3, 1, { config: { 'cluster-node-timeout': `${nodeTimeout}` } });
      const { primary, replica } = firstShard(cluster);
      const written = await lab.write(600);
      await primary.kill();
      const ms = await until(lab.clock, 'the replica is promoted', 30_000, () => isPrimary(replica));
      assert.ok(ms > atLeastMs && ms < atMostMs, `${ms} ms`);
      const rest = cluster.nodes.filter((node) => node !== primary);
      await serving(lab, rest);
      assert.equal(await totalKeysOf([replica, ...cluster.primaries.slice(1)]), written);
    },
  };
}

export const FAILOVER_CLAIMS: readonly Claim[] = [
  {
    says: 'a graceful failover is accepted before it has happened, takes milliseconds and loses nothing',
    fact: 'M9, redis86.md 3: role switched after 9 ms, gap 14 to 41 ms',
    async prove(lab) {
      const cluster = await formCluster(lab, 3, 1);
      const { primary, replica } = firstShard(cluster);
      const written = await lab.write(1200);
      await refuses(primary.redis.failover('graceful'), /should send CLUSTER FAILOVER to a replica/);
      await replica.redis.failover('graceful');
      const ms = await until(lab.clock, 'the replica is a primary', 3000, () => isPrimary(replica));
      assert.ok(ms < 500, `${ms} ms`);
      await until(lab.clock, 'the former primary follows', 5000, () =>
        everyNode([primary], ({ role, primaryLink }) => role === 'replica' && primaryLink?.up === true),
      );
      const more = await lab.write(600);
      assert.equal(more, 600);
      assert.equal(await totalKeysOf([replica, ...cluster.primaries.slice(1)]), written + more);
    },
  },
  election(5000, 5000, 10_500, '8.3 s (7.0 to 9.0)'),
  election(2000, 2000, 6500, '4.2 s'),
  election(1000, 1000, 4500, '2.5 s'),
  {
    says: 'FAILOVER FORCE does not wait for the primary to be declared failed',
    fact: 'redis86.md 3: 0.19 s',
    async prove(lab) {
      const { primary, replica } = firstShard(await formCluster(lab, 3, 1));
      await primary.kill();
      await replica.redis.failover('force');
      const ms = await until(lab.clock, 'the replica is promoted', 3000, () => isPrimary(replica));
      assert.ok(ms < 1500, `${ms} ms`);
    },
  },
  {
    says: 'without a majority of the primaries FORCE is accepted and nothing comes of it',
    fact: 'redis86.md 3, M4',
    async prove(lab) {
      const { primaries, replicas, nodes } = await formCluster(lab, 3, 1, {
        config: { 'cluster-node-timeout': '1000' },
      });
      await (primaries[0] as LabNode).kill();
      await (primaries[1] as LabNode).kill();
      await replicaOf({ replicas }, 0).redis.failover('force');
      await always(lab.clock, 'nobody is promoted', 10_000, async () =>
        everyNode(replicas.flat(), ({ role }) => role === 'replica'),
      );
      const alive = nodes.filter((node) => node !== primaries[0] && node !== primaries[1]);
      assert.ok(await everyNode(alive, ({ clusterOk }) => !clusterOk));
    },
  },
  {
    says: 'a dead primary that is forgotten before its replica was elected leaves the shard headless for ever',
    fact: 'M10',
    async prove(lab) {
      const { primaries, replicas, nodes } = await formCluster(lab, 3, 1);
      const dead = primaries[0] as LabNode;
      const replica = replicaOf({ replicas }, 0);
      const id = await idOf(dead);
      await dead.kill();
      await refuses(replica.redis.forget(id), /Can't forget my master/);
      const others = nodes.filter((node) => node !== dead && node !== replica);
      await Promise.all(
        others.map(async (node) => {
          // The first FORGET spreads: the others may have heard of it by then.
          if (await everyNode([node], ({ members }) => members.some((member) => member.id === id)))
            await node.redis.forget(id).catch(() => {});
        }),
      );
      await always(lab.clock, 'it is not elected', 20_000, async () => !(await isPrimary(replica)));
      await replica.redis.failover('force');
      await always(lab.clock, 'FORCE does not help', 8000, async () => !(await isPrimary(replica)));
      assert.ok(await everyNode(others, ({ clusterOk }) => !clusterOk));
    },
  },
  {
    says: "a primary without persistence that its engine starts again takes its replica's data with it",
    fact: 'M11: 500 keys to 0',
    async prove(lab) {
      const { primaries, replicas, nodes } = await formCluster(lab, 3, 1, {
        config: { appendonly: 'no' },
        restart: 'always',
      });
      await lab.write(600);
      const [primary, replica] = [primaries[0] as LabNode, replicaOf({ replicas }, 0)];
      const keys = await keysOf(replica);
      assert.ok(keys > 0);
      const before = (await look(primary))?.runId;
      await primary.kill();
      await until(lab.clock, 'the primary is back', 10_000, async () => {
        const reading = await look(primary);
        return reading !== undefined && reading.runId !== before;
      });
      await until(lab.clock, 'the replica is empty', 15_000, async () => (await keysOf(replica)) === 0);
      await serving(lab, nodes);
    },
  },
  {
    says: 'a primary that comes back without its memory at its old address empties its replica, which nothing elects: the others never declare it failed',
    fact: 'first seen in the simulation, then on 8.6.3: 600 keys to 395',
    async prove(lab) {
      const { primaries, replicas } = await formCluster(lab, 3, 1, {
        config: { 'cluster-node-timeout': '3000' },
      });
      const [primary, replica] = [primaries[0] as LabNode, replicaOf({ replicas }, 0)];
      await lab.write(600);
      const id = await idOf(primary);
      await primary.wipe();
      assert.notEqual(await idOf(primary), id);
      const others = [...primaries.slice(1), ...replicas.flat()];
      await until(lab.clock, 'the former member has no address', 10_000, () =>
        everyNode(others, ({ members }) => members.some((member) => member.id === id && member.noAddress)),
      );
      // Its replica dials the address, not the identity.
      await until(lab.clock, 'the replica is empty', 15_000, async () => (await keysOf(replica)) === 0);
      await always(lab.clock, 'it is not elected', 15_000, async () => !(await isPrimary(replica)));
      await replica.redis.failover('force');
      await until(lab.clock, 'FORCE promotes it', 5000, () => isPrimary(replica));
    },
  },
  {
    says: 'a former primary that comes back follows its successor',
    fact: 'redis86.md 3: 0.6 s without a synchronisation delay',
    async prove(lab) {
      const { primaries, replicas } = await formCluster(lab, 3, 1, {
        config: { 'cluster-node-timeout': '1000' },
      });
      const [primary, replica] = [primaries[0] as LabNode, replicaOf({ replicas }, 0)];
      const written = await lab.write(600);
      await primary.kill();
      await until(lab.clock, 'the replica is promoted', 20_000, () => isPrimary(replica));
      await primary.start();
      const ms = await until(lab.clock, 'it is a replica in sync', 15_000, () =>
        everyNode([primary], ({ role, primaryLink }) => role === 'replica' && primaryLink?.up === true),
      );
      assert.ok(ms < 10_000, `${ms} ms`);
      assert.ok((await keysOf(primary)) > 0 && (await keysOf(primary)) < written);
    },
  },
];
