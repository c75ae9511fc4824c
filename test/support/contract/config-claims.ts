/** Claims about configuration and users: what applies at once, what is refused, and what outlives a restart. */
import assert from 'node:assert/strict';
import { type Claim, formCluster, type LabNode, linked, refuses, replicaOf } from './redis-lab.ts';

const HASH = 'a'.repeat(64);

export const CONFIG_CLAIMS: readonly Claim[] = [
  {
    says: 'CONFIG SET is all or nothing, refuses what only a restart can change, and prints values in its own form',
    fact: 'redis86.md 9',
    async prove(lab) {
      const [node] = (await lab.start(1)) as [LabNode];
      await refuses(node.redis.configure({ maxmemory: '100mb', 'cluster-port': '17000' }), /cluster-port/);
      const asked = ['maxmemory', 'cluster-port', 'maxmemory-policy'];
      assert.equal((await node.redis.read(asked)).config['maxmemory'], '0');
      await node.redis.configure({ maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' });
      assert.deepEqual((await node.redis.read(asked)).config, {
        maxmemory: '104857600',
        'cluster-port': '16379',
        'maxmemory-policy': 'allkeys-lru',
      });
      await node.stop();
      await node.start();
      assert.equal((await node.redis.read(asked)).config['maxmemory'], '104857600');
    },
  },
  {
    says: 'users that were set outlive a restart, and removed ones stay away',
    fact: 'redis86.md 8',
    async prove(lab) {
      const [node] = (await lab.start(1)) as [LabNode];
      const app = {
        name: 'app',
        enabled: true,
        passwordHashes: [HASH],
        rules: '~app:* resetchannels &app:* -@all +get',
      };
      await node.redis.setUsers([app, { ...app, name: 'old' }], []);
      await node.redis.setUsers([], ['old']);
      const before = (await node.redis.read([])).users;
      const names = before.map(({ name }) => name);
      assert.ok(names.includes('app') && !names.includes('old'), names.join(' '));
      await node.stop();
      await node.start();
      const { users } = await node.redis.read([]);
      assert.deepEqual(
        users.map((user) => ({ ...user })).sort(byName),
        before.map((user) => ({ ...user })).sort(byName),
      );
      assert.deepEqual(users.find(({ name }) => name === 'app')?.passwordHashes, [HASH]);
    },
  },
  {
    says: 'a replica whose password its primary does not accept never links, while the cluster says ok',
    fact: 'redis86.md 8',
    async prove(lab) {
      const { replicas, primaries } = await formCluster(lab, 3, 1);
      const replica = replicaOf({ replicas }, 0);
      const { masterauth = '' } = (await replica.redis.read(['masterauth'])).config;
      await replica.redis.configure({ masterauth: 'wrong' });
      await (primaries[0] as LabNode).stop();
      await (primaries[0] as LabNode).start();
      await lab.clock.sleep(5000);
      const reading = await replica.redis.read([]);
      if (reading.role === 'replica') assert.equal(reading.primaryLink?.up, false);
      await replica.redis.configure({ masterauth });
      if (reading.role === 'replica') await linked(lab, [replica]);
    },
  },
];

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
