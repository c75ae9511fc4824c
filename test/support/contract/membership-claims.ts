/** Claims about meeting, forgetting, addresses and identities. */
import assert from 'node:assert/strict';
import {
  always,
  type Claim,
  everyNode,
  formCluster,
  idOf,
  isLinked,
  keysOf,
  knowEachOther,
  type LabNode,
  linked,
  look,
  meetAll,
  refuses,
  replicaOf,
  serving,
  until,
} from './redis-lab.ts';

function knows(node: LabNode, id: string): Promise<boolean> {
  return everyNode([node], ({ members }) => members.some((member) => member.id === id));
}

export const MEMBERSHIP_CLAIMS: readonly Claim[] = [
  {
    says: 'one hub that meets all others is enough: gossip makes every pair known within seconds',
    fact: 'redis86.md 2: star 1.06 s, full mesh 0.24 s',
    async prove(lab) {
      const nodes = await lab.start(6);
      const [hub, ...others] = nodes as [LabNode, ...LabNode[]];
      await Promise.all(others.map((other) => hub.redis.meet(other.address())));
      const star = await knowEachOther(lab, nodes, 5000);
      const more = await lab.start(6);
      await meetAll(more);
      const mesh = await knowEachOther(lab, more, 2000);
      assert.ok(mesh < star, `mesh ${mesh} ms, star ${star} ms`);
    },
  },
  {
    says: 'members connect to a node that comes back by themselves, and it can tell which of them have',
    fact: 'votes come only over connections that the voters made: right after a restart they wait or are lost',
    async prove(lab) {
      const nodes = await lab.start(4);
      await meetAll(nodes);
      await knowEachOther(lab, nodes, 5000);
      const [node, ...others] = nodes as [LabNode, ...LabNode[]];
      const ids = await Promise.all(others.map(idOf));
      const allLinked = async () => {
        const linked = await node.redis.linkedFrom();
        return ids.every((id) => linked.has(id));
      };
      await until(lab.clock, 'everybody is connected', 15_000, allLinked);
      await node.kill();
      await node.start();
      await until(lab.clock, 'it answers', 30_000, async () => (await look(node)) !== undefined);
      // How soon is no part of the claim: on a busy machine a start alone may take long.
      await until(lab.clock, 'everybody is connected again', 60_000, allLinked);
    },
  },
  {
    says: 'MEET of an address where nobody listens is accepted, and nothing ever comes of it',
    fact: 'redis86.md 2',
    async prove(lab) {
      const [node] = (await lab.start(1, { config: { 'cluster-node-timeout': '1000' } })) as [LabNode];
      await node.redis.meet({ ...node.address(), port: 6999, busPort: 16999 });
      await until(lab.clock, 'the handshake is given up', 10_000, () =>
        everyNode([node], ({ members }) => members.length === 1),
      );
      await always(lab.clock, 'it knows itself only', 1000, () =>
        everyNode([node], ({ members }) => members.length === 1),
      );
    },
  },
  {
    says: 'a configuration epoch can be set only while a node is alone, and only once',
    fact: 'redis86.md 2',
    async prove(lab) {
      const [a, b] = (await lab.start(2)) as [LabNode, LabNode];
      await a.redis.setConfigEpoch(7);
      await refuses(a.redis.setConfigEpoch(8), /non-zero/);
      await a.redis.meet(b.address());
      await knowEachOther(lab, [a, b]);
      await refuses(b.redis.setConfigEpoch(9), /does not know any other node/);
    },
  },
  {
    says: 'a slot that the node knows to be owned is busy',
    fact: 'redis86.md 2',
    async prove(lab) {
      const [a, b] = (await lab.start(2)) as [LabNode, LabNode];
      await a.redis.addSlots([[0, 100]]);
      await refuses(a.redis.addSlots([[50, 200]]), /Slot 50 is already busy/);
      await a.redis.meet(b.address());
      await knowEachOther(lab, [a, b]);
      await until(lab.clock, 'b has heard of the slots of a', 5000, () =>
        everyNode([b], ({ members }) => members.some(({ slots }) => slots.length > 0)),
      );
      await refuses(b.redis.addSlots([[100, 100]]), /Slot 100 is already busy/);
    },
  },
  {
    says: 'REPLICATE refuses strangers, replicas, itself, and a node that owns slots',
    fact: 'redis86.md 2',
    async prove(lab) {
      const { primaries, replicas } = await formCluster(lab, 3, 1);
      const [a, b] = primaries as [LabNode, LabNode];
      const replica = replicaOf({ replicas }, 0);
      await refuses(replica.redis.replicate('0'.repeat(40)), /Unknown node/);
      await refuses(replica.redis.replicate(await idOf(replica)), /Can't replicate myself/);
      await refuses(a.redis.replicate(await idOf(replica)), /only replicate a master/);
      await refuses(a.redis.replicate(await idOf(b)), /must be empty and without assigned slots/);
    },
  },
  {
    says: 'nodes that have run for a while serve five seconds after their slots were assigned',
    fact: 'redis86.md 2: 5.1 s, links up after 5.5 s; 0.59 s with a node timeout of 500 ms',
    async prove(lab) {
      const { clock } = lab;
      const config = { 'cluster-node-timeout': '5000' };
      const { servingAfterMs } = await formCluster(lab, 3, 1, { config, ageMs: 3000 });
      assert.ok(servingAfterMs > 4500 && servingAfterMs < 6500, `${servingAfterMs} ms`);
      const nodes = (await lab.start(3, { config: { 'cluster-node-timeout': '500' } })) as LabNode[];
      await clock.sleep(2500);
      const start = clock.now();
      await Promise.all(nodes.map((node, index) => node.redis.setConfigEpoch(index + 1)));
      await Promise.all(
        nodes.map((node, index) =>
          node.redis.addSlots([[index * 5462, Math.min(16383, index * 5462 + 5461)]]),
        ),
      );
      await meetAll(nodes);
      await serving(lab, nodes);
      assert.ok(clock.now() - start < 2000, `${clock.now() - start} ms`);
    },
  },
  {
    says: 'FORGET on one node spreads to the others, and the forgotten node is not learnt of again',
    fact: 'redis86.md 4: 0.55 to 0.67 s, not back after 65 s',
    async prove(lab) {
      const { primaries, replicas, nodes } = await formCluster(lab, 3, 1);
      const leaver = replicaOf({ replicas }, 0);
      const id = await idOf(leaver);
      await refuses(
        (primaries[0] as LabNode).redis.forget(await idOf(primaries[0] as LabNode)),
        /forget myself/,
      );
      await refuses(leaver.redis.forget(await idOf(primaries[0] as LabNode)), /Can't forget my master/);
      await refuses((primaries[0] as LabNode).redis.forget('0'.repeat(40)), /Unknown node/);
      await (primaries[1] as LabNode).redis.forget(id);
      const rest = nodes.filter((node) => node !== leaver);
      const gone = async () =>
        (await Promise.all(rest.map((node) => knows(node, id)))).every((known) => !known);
      const ms = await until(lab.clock, 'all others have dropped it', 5000, gone);
      assert.ok(ms < 3000, `${ms} ms`);
      await always(lab.clock, 'it stays forgotten', 65_000, gone);
      // It still believes to be a member: a ghost, alive.
      assert.ok(((await look(leaver))?.members.length ?? 0) > 1);
    },
  },
  {
    says: 'RESET is refused on a primary with keys; on a replica it leaves an empty primary, and hard changes the id',
    fact: 'redis86.md 4',
    async prove(lab) {
      const { primaries, replicas, nodes } = await formCluster(lab, 3, 1);
      assert.ok((await lab.write(600)) > 0);
      await refuses((primaries[0] as LabNode).redis.reset('soft'), /containing keys/);
      const [soft, hard] = [replicaOf({ replicas }, 0), replicaOf({ replicas }, 1)];
      const [softId, hardId] = [await idOf(soft), await idOf(hard)];
      await soft.redis.reset('soft');
      await hard.redis.reset('hard');
      assert.equal(await idOf(soft), softId);
      assert.notEqual(await idOf(hard), hardId);
      for (const node of [soft, hard]) {
        assert.equal(await keysOf(node), 0);
        assert.ok(await everyNode([node], ({ role, members }) => role === 'primary' && members.length === 1));
      }
      // Reset softly it is still itself: the others see a primary without slots that does not know them.
      await until(lab.clock, 'the others see a primary', 10_000, () =>
        everyNode(
          nodes.filter((node) => node !== soft && node !== hard),
          ({ members }) =>
            members.some(
              ({ id, role, linkConnected }) => id === softId && role === 'primary' && linkConnected,
            ),
        ),
      );
      // Somebody else answers at the address of the former id: it has none any more, and never counts as failed.
      const others = nodes.filter((node) => node !== soft && node !== hard);
      await until(lab.clock, 'the former id has lost its address', 20_000, () =>
        everyNode(others, ({ members }) =>
          members.some((member) => member.id === hardId && member.noAddress && !member.linkConnected),
        ),
      );
    },
  },
  {
    says: 'a node that comes back under another address is found by the others without any command',
    fact: 'redis86.md 5: 0.36 s, its replica attached in under 3 s',
    async prove(lab) {
      const { primaries, replicas, nodes } = await formCluster(lab, 3, 1, { addresses: 'changing' });
      const mover = primaries[0] as LabNode;
      const id = await idOf(mover);
      await mover.stop();
      await mover.start();
      const { ip } = mover.address();
      await until(lab.clock, 'all others know the new address', 5000, () =>
        everyNode(
          nodes.filter((node) => node !== mover),
          ({ members }) => members.some((member) => member.id === id && member.ip === ip),
        ),
      );
      const ms = await linked(lab, replicas[0] ?? []);
      assert.ok(ms < 6000, `${ms} ms`);
      await serving(lab, nodes);
    },
  },
  {
    says: 'when all addresses change at once nothing heals by itself; MEET from one node does, but replicas may go on dialling the old address until REPLICATE',
    fact: 'M7, M8',
    async prove(lab) {
      const { replicas, primaries, nodes } = await formCluster(lab, 3, 1, {
        addresses: 'changing',
        config: { 'cluster-node-timeout': '2000' },
      });
      await lab.write(600);
      await Promise.all(nodes.map((node) => node.stop()));
      await Promise.all(nodes.map((node) => node.start()));
      // By their old tables all is well, until nobody has answered for the node timeout.
      await lab.clock.sleep(4000);
      const allFail = () => everyNode(nodes, ({ clusterOk }) => !clusterOk);
      await until(lab.clock, 'no node says ok', 15_000, allFail);
      await always(lab.clock, 'no node says ok', 15_000, allFail);
      const [hub, ...others] = nodes as [LabNode, ...LabNode[]];
      await Promise.all(others.map((other) => hub.redis.meet(other.address())));
      await serving(lab, nodes, 30_000);
      for (const [index, [replica]] of replicas.entries()) {
        const reading = await look(replica as LabNode);
        if (reading?.role !== 'replica') continue;
        const primary = reading.members.find((member) => member.myself)?.primaryId;
        assert.ok(primary, `replica ${index} follows somebody`);
        await (replica as LabNode).redis.replicate(primary);
      }
      await until(lab.clock, 'all replicas are linked', 30_000, async () => {
        const readings = await Promise.all([...primaries, ...replicas.flat()].map(look));
        return readings.filter((reading) => reading !== undefined && isLinked(reading)).length === 3;
      });
    },
  },
];
