/**
 * The model equals reality: for every kind of step, what is observed after it was executed on real servers is the
 * document before it with its `effect` applied, and nothing else.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSlots } from '../../reconciler/model/slots.ts';
import { STEP_KINDS, type StepName } from '../../reconciler/steps/table.ts';
import { type ImageRegistry, startImageRegistry } from '../support/image-registry.ts';
import { eventually } from '../support/lab-containers.ts';
import { misdirectLink, stop } from '../support/mishaps.ts';
import { RealCluster } from '../support/real-cluster.ts';
import type { SpecDocument } from '../support/real-spec.ts';
import { settleBeforeSecondTry } from '../support/second-try.ts';
import { type Allowance, proposed, StepProofs, settled } from '../support/step-proof.ts';

const STARTS: readonly StepName[] = ['start-node', 'deploy-node', 'restart-node', 'await-start'];

/** What else may change, because time or the servers themselves bring it about. */
const ALLOWANCES: readonly Allowance[] = [
  { path: '/nodes/[^/]+/soaked', value: true, because: 'time goes on' },
  {
    path: '/nodes/[^/]+/saving',
    because: 'a replica that has synchronised writes its log anew, and its primary a snapshot for it',
  },
  {
    kinds: ['deploy-node', 'assign-slots', 'meet'],
    path: '/(agreement|serving)',
    because:
      'the cluster as a whole is judged from the first server that answers, and comes to agreement by itself',
  },
  {
    kinds: [...STARTS, 'replicate'],
    path: '$node/contents',
    because: 'what a server holds is known once it answers, and a full synchronisation fills it',
  },
  {
    kinds: ['await-links'],
    path: '$node/(link|synced|copy)',
    because: 'a replica that reaches its primary synchronises with it',
  },
  { kinds: ['remove-node'], path: '/retired/[^/]+', because: 'the volume is kept, until its time is over' },
];

const proofs = new StepProofs(ALLOWANCES);

/** Looks until a step of that kind is called for, and proves it. */
async function prove(cluster: RealCluster, kind: StepName): Promise<void> {
  const { situation, step } = await proposed(cluster, kind);
  await proofs.prove(cluster, step, situation);
}

/** Adds members to a shard, old or new, on hosts in the order of their zones. */
function addNodes(document: SpecDocument, shard: number, ...members: string[]): void {
  const [template] = document.nodes;
  if (template?.address === undefined) throw new Error('no node to copy');
  const [cluster, subnet] = [
    document.metadata.name,
    template.address.slice(0, template.address.lastIndexOf('.')),
  ];
  for (const member of members) {
    const index = 'abcd'.indexOf(member);
    document.nodes.push({
      name: `${cluster}-${shard}${member}`,
      shard: `s${shard}`,
      host: `h${((shard - 1 + index) % 3) + 1}`,
      port: 6990 + shard * 10 + index,
      address: `${subnet}.${shard * 10 + index}`,
    });
  }
}

describe('a cluster in a network with fixed addresses', () => {
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await RealCluster.create({
      config: { maxmemory: '64mb' },
      more: { resources: { memory: '200mb' }, policies: { canarySoak: 5, retireAfter: 0 } },
    });
  });
  afterAll(() => cluster?.remove());
  settleBeforeSecondTry(() => cluster.mustRun());

  it('is made in steps that each do what they say', async () => {
    await proofs.drive(cluster);
    await cluster.fill(20_000);
  });

  it('users that somebody changed, added and removed', async () => {
    await cluster.asAdmin('1a', 'ACL', 'SETUSER', 'loader', '-@dangerous');
    await cluster.asAdmin('1a', 'ACL', 'SETUSER', 'intruder', 'on', '>secret', '+@all');
    await cluster.asAdmin('2a', 'ACL', 'DELUSER', 'loader');
    expect(await proofs.drive(cluster)).toEqual(['set-users:1a:loader,-intruder', 'set-users:2a:loader']);
  });

  it('limits that somebody changed', async () => {
    await cluster.container('2b').update({ Memory: 150_000_000 });
    expect(await proofs.drive(cluster)).toEqual(['update-limits:2b:209715200:0:always']);
  });

  it('a replica that was killed', async () => {
    const replica = await cluster.memberOf('s3', 'replica');
    await cluster.container(replica).kill();
    expect(await proofs.drive(cluster)).toEqual([`start-node:${replica}`]);
  });

  it('a primary that was killed', async () => {
    const [primary, replica] = [
      await cluster.memberOf('s3', 'primary'),
      await cluster.memberOf('s3', 'replica'),
    ];
    await cluster.container(primary).kill();
    const steps = await proofs.drive(cluster);
    expect(steps.slice(0, 2)).toEqual([`failover:s3:${primary}>${replica}`, `start-node:${primary}`]);
  });

  it('a limit that only a new container can have', async () => {
    cluster.edit((document) => {
      for (const node of document.nodes)
        if (node.name.endsWith('-2b')) Object.assign(node, { resources: { nofile: 2048 } });
    });
    expect(await proofs.drive(cluster)).toEqual(['remove-container:2b', 'deploy-node:2b']);
  });

  it('another such limit, in a shard that has a surge replica', async () => {
    cluster.edit((document) => {
      addNodes(document, 2, 'c');
      for (const node of document.nodes) {
        if (node.name.endsWith('-2c')) node.role = 'surge';
        if (node.name.endsWith('-2b')) Object.assign(node, { resources: { nofile: 4096 } });
      }
    });
    const steps = await proofs.drive(cluster);
    expect(steps.filter((id) => !id.startsWith('await-'))).toEqual([
      'prepare-volume:2c',
      'deploy-node:2c',
      'set-config-epoch:2c',
      'meet:2c',
      'replicate:2c:2a',
      'remove-container:2b',
      'deploy-node:2b',
      'remove-surge:2c',
    ]);
    cluster.edit((document) => {
      document.nodes = document.nodes.filter(({ role }) => role !== 'surge');
    });
    expect(await proofs.drive(cluster)).toEqual([]);
  });

  it('a directive that takes effect at a start only, on all nodes', async () => {
    cluster.edit((document) => {
      document.redis.config['io-threads'] = 2;
    });
    const steps = await proofs.drive(cluster);
    expect(steps.filter((id) => id.startsWith('restart-node:'))).toHaveLength(6);
    expect(steps.filter((id) => id.startsWith('await-soak:'))).toHaveLength(1);
  });

  it('a replica that was reset and is somebody else now', async () => {
    const [primary, replica] = [
      await cluster.memberOf('s2', 'primary'),
      await cluster.memberOf('s2', 'replica'),
    ];
    const id = await cluster.idOf(replica);
    await cluster.asAdmin(replica, 'CLUSTER', 'RESET', 'HARD');
    const steps = await proofs.drive(cluster);
    // Whether there is still something to wait for when somebody looks is the machine's to say.
    expect(steps.filter((step) => !step.startsWith('await-'))).toEqual([
      `forget-ghost:${id}`,
      `set-config-epoch:${replica}`,
      `meet:${replica}`,
      `replicate:${replica}:${primary}`,
    ]);
  });

  it('a replica that was pointed elsewhere', async () => {
    const [primary, replica] = [
      await cluster.memberOf('s2', 'primary'),
      await cluster.memberOf('s2', 'replica'),
    ];
    const elsewhere = await cluster.idOf(await cluster.memberOf('s1', 'primary'));
    await cluster.asAdmin(replica, 'CLUSTER', 'REPLICATE', elsewhere);
    const steps = await proofs.drive(cluster);
    expect(steps.filter((step) => !step.startsWith('await-'))).toEqual([`replicate:${replica}:${primary}`]);
  });

  it('the wait for links after a start', async () => {
    const node = await cluster.memberOf('s1', 'replica');
    const others = ['2a', '2b', '3a', '3b'];
    // Members look for broken links in every round of their cron: once a second now, not ten times.
    for (const other of others) await cluster.asAdmin(other, 'CONFIG', 'SET', 'hz', 1);
    // Where the machine is busy the links may be whole before anybody has looked.
    for (let attempts = 1; ; attempts += 1) {
      await stop(cluster, node);
      await settled(cluster);
      const outcome = await Promise.allSettled([
        prove(cluster, 'await-links'),
        cluster.container(node).start(),
      ]);
      const failed = outcome.find(({ status }) => status === 'rejected');
      if (failed === undefined) break;
      if (attempts === 4 && failed.status === 'rejected') throw failed.reason;
    }
    for (const other of others) await cluster.asAdmin(other, 'CONFIG', 'SET', 'hz', 10);
  });

  it('the wait for a server that reads its data', async () => {
    const node = await cluster.memberOf('s1', 'replica');
    // 80 µs a key make it half a second, in which the server listens every 1,024 keys only.
    await cluster.fill(20_000);
    await cluster.asAdmin(node, 'CONFIG', 'SET', 'key-load-delay', 80);
    await cluster.asAdmin(node, 'CONFIG', 'REWRITE');
    await stop(cluster, node);
    await settled(cluster);
    await Promise.all([prove(cluster, 'await-start'), cluster.container(node).start()]);
    await cluster.asAdmin(node, 'CONFIG', 'SET', 'key-load-delay', 0);
  });

  it('the wait for a replica that synchronises', async () => {
    const [primary, replica] = [
      await cluster.memberOf('s2', 'primary'),
      await cluster.memberOf('s2', 'replica'),
    ];
    await cluster.asAdmin(primary, 'CONFIG', 'SET', 'repl-diskless-sync-delay', 2);
    const elsewhere = await cluster.idOf(await cluster.memberOf('s1', 'primary'));
    await cluster.asAdmin(replica, 'CLUSTER', 'REPLICATE', elsewhere);
    await eventually('it has given its copy up', async () =>
      String(await cluster.asAdmin(replica, 'INFO', 'replication')).includes('master_link_status:up'),
    );
    await cluster.asAdmin(replica, 'CLUSTER', 'REPLICATE', await cluster.idOf(primary));
    await prove(cluster, 'await-sync');
    expect(await proofs.drive(cluster)).toEqual([`configure:${primary}:repl-diskless-sync-delay=0`]);
  });

  it('a new shard, and slots for it', async () => {
    cluster.edit((document) => addNodes(document, 4, 'a', 'b'));
    const steps = await proofs.drive(cluster);
    expect(steps.filter((id) => id.startsWith('migrate-slots:'))).toHaveLength(3);
    expect(await cluster.countIntact(20_000)).toBe(20_000);
  });

  it('the same shard taken away again, behind a snapshot and a migration by hand', async () => {
    cluster.edit((document) => {
      document.nodes = document.nodes.filter(({ shard }) => shard !== 's4');
    });
    // 200 µs a key make a snapshot, or a migration, last a second.
    const slow = ['4a', await cluster.memberOf('s1', 'primary')];
    for (const node of slow) await cluster.asAdmin(node, 'CONFIG', 'SET', 'rdb-key-save-delay', 200);
    await cluster.asAdmin('4a', 'CLUSTER', 'MIGRATION', 'IMPORT', 0, 2000);
    await prove(cluster, 'cancel-migration');
    await cluster.asAdmin('4a', 'BGSAVE');
    await prove(cluster, 'await-save');
    const { situation, step } = await proposed(cluster, 'migrate-slots');
    if (step.step.kind !== 'migrate-slots') throw new Error('no migration is called for');
    expect(situation.live.nodes[step.step.from]?.shard).toBe('s4');
    const ranges = parseSlots(step.step.slots).flat();
    await cluster.asAdmin(cluster.short(step.step.to), 'CLUSTER', 'MIGRATION', 'IMPORT', ...ranges);
    await prove(cluster, 'await-migration');
    for (const node of slow) await cluster.asAdmin(node, 'CONFIG', 'SET', 'rdb-key-save-delay', 0);
    const steps = await proofs.drive(cluster);
    expect(steps.filter((id) => id.startsWith('remove-'))).toHaveLength(4);
    expect(await cluster.countIntact(20_000)).toBe(20_000);
  });

  it('a node that left the spec before it had joined', async () => {
    cluster.edit((document) => addNodes(document, 1, 'c'));
    for (const kind of ['prepare-volume', 'deploy-node'] as const) await prove(cluster, kind);
    cluster.edit((document) => {
      document.nodes = document.nodes.filter(({ name }) => !name.endsWith('-1c'));
    });
    const steps = await proofs.drive(cluster);
    expect(steps.slice(0, 2)).toEqual(['fence-node:1c', 'remove-node:1c']);
  });
});

describe('a cluster whose addresses the engine gives', () => {
  let cluster: RealCluster;
  let registry: ImageRegistry;
  beforeAll(async () => {
    cluster = await RealCluster.create({ floating: true });
    registry = await startImageRegistry();
  });
  afterAll(async () => {
    await registry?.close();
    await cluster?.remove();
  });

  it('an image that the engine does not have', async () => {
    const image = `${registry.address}/${cluster.name}:8.6.3`;
    cluster.alsoRemove(() => cluster.docker.getImage(image).remove());
    cluster.edit((document) => {
      document.redis.image = image;
    });
    for (const kind of ['create-network', 'pull-image'] as const) await prove(cluster, kind);
    cluster.edit((document) => {
      document.redis.image = 'redis:8.6.3';
    });
  });

  it('a replica that dials a former address of its primary', async () => {
    await cluster.mustRun();
    await cluster.fill(1000);
    await misdirectLink(cluster, '2a', '2b');
    expect(await proofs.drive(cluster)).toEqual(['repair-link:2b:2a']);
    expect(await cluster.countIntact(1000)).toBe(1000);
  });

  it('two primaries that are gone for good, and a decision', async () => {
    // Nobody is left who could be elected for the third shard as soon as there is a majority again.
    for (const node of ['2a', '3a', '3b']) {
      await cluster.container(node).remove({ force: true });
      await cluster.docker.getVolume(`redisforge-${cluster.name}-${cluster.node(node)}`).remove();
    }
    cluster.edit((document) => {
      document.recovery = { takeover: [cluster.node('2b')], reason: 'the machines are gone' };
    });
    await eventually('the members have given them up', async () => {
      const { live } = await cluster.observe();
      return Object.values(live.ghosts).filter(({ state }) => state === 'lost').length === 3;
    });
    await settled(cluster);
    await prove(cluster, 'takeover');
  });
});

it('every kind of step was proved', () => {
  expect([...proofs.proved.keys()].sort()).toEqual(Object.keys(STEP_KINDS).sort());
});
