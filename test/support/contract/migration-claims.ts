/** Claims about atomic slot migration. */
import assert from 'node:assert/strict';
import type { MigrationTask } from '../../../reconciler/model/readings.ts';
import { formatSlots, type SlotSet, slotCount } from '../../../reconciler/model/slots.ts';
import {
  always,
  type Claim,
  everyNode,
  formCluster,
  idOf,
  keysOf,
  type LabCluster,
  type LabNode,
  linked,
  type RedisLab,
  refuses,
  replicaOf,
  totalKeysOf,
  until,
} from './redis-lab.ts';

const LOW: SlotSet = [[0, 2000]];

async function taskOn(node: LabNode, id: string): Promise<MigrationTask | undefined> {
  return (await node.redis.migrations()).find((task) => task.id === id);
}

async function ends(
  lab: RedisLab,
  node: LabNode,
  id: string,
  state: string,
  deadlineMs = 20_000,
): Promise<number> {
  return until(lab.clock, `${node.name} says ${state}`, deadlineMs, async () => {
    return (await taskOn(node, id))?.state === state;
  });
}

async function slotsOf(node: LabNode): Promise<string> {
  const { members } = await node.redis.read([]);
  return formatSlots(members.find(({ myself }) => myself)?.slots ?? []);
}

async function owns(node: LabNode, slots: SlotSet): Promise<boolean> {
  const { members } = await node.redis.read([]);
  const own = members.find(({ myself }) => myself)?.slots ?? [];
  return slots.every(([first, last]) => own.some(([from, to]) => from <= first && last <= to));
}

/** Three serving primaries with keys, so slow to send them that there is time to interfere. */
async function slowCluster(lab: RedisLab, replicas = 0): Promise<LabCluster & { readonly written: number }> {
  const cluster = await formCluster(lab, 3, replicas, { config: { 'cluster-node-timeout': '2000' } });
  const written = await lab.write(3000);
  // Thousandths of a millisecond for each key: about two seconds for the slots below.
  for (const node of cluster.nodes) await node.redis.configure({ 'rdb-key-save-delay': '5000' });
  return { ...cluster, written };
}

export const MIGRATION_CLAIMS: readonly Claim[] = [
  {
    says: 'an import moves slots and keys in well under a second, and both ends keep a record',
    fact: 'M15: 121 ms; redis86.md 1.1',
    async prove(lab) {
      const { primaries } = await formCluster(lab, 3, 0);
      const [source, , target] = primaries as [LabNode, LabNode, LabNode];
      const written = await lab.write(1200);
      const id = await target.redis.importSlots(LOW);
      const ms = await ends(lab, target, id, 'completed');
      assert.ok(ms < 2000, `${ms} ms`);
      assert.equal((await taskOn(source, id))?.operation, 'migrate');
      assert.ok(await owns(target, LOW));
      await until(lab.clock, 'the source has given them up', 3000, async () => !(await owns(source, LOW)));
      assert.equal(await totalKeysOf(primaries), written);
    },
  },
  {
    says: 'an import is refused by replicas, by the owner, for several sources, and while another one runs',
    fact: 'M16',
    async prove(lab) {
      const { primaries, replicas } = await slowCluster(lab, 1);
      const [a, b, c] = primaries as [LabNode, LabNode, LabNode];
      await refuses(replicaOf({ replicas }, 0).redis.importSlots([[9000, 9100]]), /not allowed on replica/);
      await refuses(a.redis.importSlots([[0, 10]]), /already the owner/);
      await refuses(c.redis.importSlots([[5000, 6000]]), /different source nodes/);
      await b.redis.importSlots(LOW);
      await refuses(b.redis.importSlots([[3000, 3100]]), /another ASM task is already in progress/i);
    },
  },
  {
    says: 'of two importers of the same slots the second goes on trying, and takes them from the first',
    fact: 'M17',
    async prove(lab) {
      const { primaries } = await slowCluster(lab);
      const [, b, c] = primaries as [LabNode, LabNode, LabNode];
      const first = await b.redis.importSlots(LOW);
      await lab.clock.sleep(200);
      const second = await c.redis.importSlots(LOW);
      await ends(lab, b, first, 'completed');
      await ends(lab, c, second, 'completed', 60_000);
      assert.ok(await owns(c, LOW));
    },
  },
  {
    says: 'cancelled at the target an import is over, and nothing has moved',
    fact: 'M18',
    async prove(lab) {
      const { primaries, written } = await slowCluster(lab);
      const [source, target] = primaries as [LabNode, LabNode];
      const id = await target.redis.importSlots(LOW);
      await lab.clock.sleep(500);
      await target.redis.cancelMigration(id);
      assert.equal((await taskOn(target, id))?.state, 'canceled');
      await always(lab.clock, 'the source keeps its slots', 5000, () => owns(source, LOW));
      assert.equal(await totalKeysOf(primaries), written);
    },
  },
  {
    says: 'cancelled at the source only, an import begins again and completes',
    fact: 'M19',
    async prove(lab) {
      const { primaries } = await slowCluster(lab);
      const [source, target] = primaries as [LabNode, LabNode];
      const id = await target.redis.importSlots(LOW);
      await lab.clock.sleep(500);
      await source.redis.cancelMigration(id);
      await ends(lab, target, id, 'completed', 60_000);
      assert.ok(((await taskOn(target, id))?.retries ?? 0) >= 1);
      assert.ok(await owns(target, LOW));
    },
  },
  {
    says: 'an import whose target dies is over: the source keeps the slots, and the promoted replica does not go on',
    fact: 'M20',
    async prove(lab) {
      const { primaries, replicas, written } = await slowCluster(lab, 1);
      const [source, target, third] = primaries as [LabNode, LabNode, LabNode];
      const successor = replicaOf({ replicas }, 1);
      const id = await target.redis.importSlots(LOW);
      await lab.clock.sleep(500);
      await target.kill();
      await ends(lab, source, id, 'failed');
      await until(lab.clock, 'its replica is promoted', 20_000, () =>
        everyNode([successor], ({ role }) => role === 'primary'),
      );
      assert.deepEqual(await successor.redis.migrations(), []);
      await always(lab.clock, 'the source keeps its slots', 3000, () => owns(source, LOW));
      assert.equal(await totalKeysOf([source, successor, third]), written);
    },
  },
  {
    says: 'an import into a primary that lacks replicas says completed and destroys the keys',
    fact: 'redis.md 3.1: law 6',
    async prove(lab) {
      const { primaries } = await formCluster(lab, 3, 0);
      const [source, target] = primaries as [LabNode, LabNode];
      await lab.write(1200);
      const before = await keysOf(source);
      const kept = await keysOf(target);
      await target.redis.configure({ 'min-replicas-to-write': '1' });
      const id = await target.redis.importSlots(LOW);
      await ends(lab, target, id, 'completed');
      assert.ok(await owns(target, LOW));
      await until(
        lab.clock,
        'the source has dropped its keys',
        5000,
        async () => (await keysOf(source)) < before,
      );
      assert.equal(await keysOf(target), kept);
    },
  },
  {
    says: 'a primary that has lost its last slot becomes a replica of the receiver, unless that is switched off',
    fact: 'M13',
    async prove(lab) {
      const { primaries } = await formCluster(lab, 4, 0, {
        config: { 'cluster-allow-replica-migration': 'yes' },
      });
      const [a, b, c, d] = primaries as [LabNode, LabNode, LabNode, LabNode];
      await d.redis.configure({ 'cluster-allow-replica-migration': 'no' });
      const [fromC, fromD] = [await wholeRange(c), await wholeRange(d)];
      await ends(lab, a, await a.redis.importSlots(fromC), 'completed');
      await ends(lab, b, await b.redis.importSlots(fromD), 'completed');
      await linked(lab, [c]);
      await always(lab.clock, 'the other one stays an empty primary', 5000, () =>
        everyNode([d], ({ role }) => role === 'primary'),
      );
      assert.equal(await slotsOf(d), '');
      await refuses(c.redis.importSlots([[0, 1]]), /not allowed on replica/);
      const { members } = await c.redis.read([]);
      assert.equal(members.find(({ myself }) => myself)?.primaryId, await idOf(a));
    },
  },
];

async function wholeRange(node: LabNode): Promise<SlotSet> {
  const { members } = await node.redis.read([]);
  const own = members.find(({ myself }) => myself)?.slots ?? [];
  assert.ok(slotCount(own) > 0);
  return own;
}
