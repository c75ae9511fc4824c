/** The practical limit of moving keys: a plain full synchronisation of an empty replica. */
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { eventually, IMAGE } from '../../test/support/lab-containers.ts';
import type { RealCluster } from '../../test/support/real-cluster.ts';
import { LOADER_PASSWORD } from '../../test/support/real-spec.ts';

const LOOK_MS = 5;
const SYNC_MS = 120_000;

/** A server of its own in the cluster's network, and a member of nothing. */
export class SpareReplica {
  readonly #cluster: RealCluster;
  readonly #client: Redis;

  private constructor(cluster: RealCluster, client: Redis) {
    this.#cluster = cluster;
    this.#client = client;
  }

  /** It ends with the cluster. */
  static async start(cluster: RealCluster): Promise<SpareReplica> {
    const info = await cluster.container('1a').inspect();
    const [network = ''] = Object.keys(info.NetworkSettings.Networks);
    // As the cluster's own nodes have it: a log, and what is received goes over the disk.
    const server = ['redis-server', '--protected-mode', 'no', '--appendonly', 'yes'];
    const container = await cluster.docker.createContainer({
      name: `${cluster.name}-spare`,
      Image: IMAGE,
      Labels: { 'dev.redisforge.test': cluster.name },
      Cmd: [...server, '--masteruser', 'loader', '--masterauth', LOADER_PASSWORD],
      HostConfig: { NetworkMode: network },
    });
    cluster.alsoRemove(() => container.remove({ force: true, v: true }));
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const client = new Redis({ host: NetworkSettings.Networks[network]?.IPAddress ?? '' });
    client.on('error', () => {});
    cluster.alsoRemove(async () => client.disconnect());
    await eventually('the spare replica answers', async () => (await client.ping()) === 'PONG');
    return new SpareReplica(cluster, client);
  }

  /** @returns milliseconds from the command until the link is up. It is empty before, and alone afterwards. */
  async syncFrom(node: string, signal: AbortSignal): Promise<number> {
    const { host, port } = await this.#cluster.endpoint(node);
    await this.#client.call('FLUSHALL', 'SYNC');
    const until = AbortSignal.any([signal, AbortSignal.timeout(SYNC_MS)]);
    const began = performance.now();
    await this.#client.call('REPLICAOF', host, port);
    while (!/^master_link_status:up/m.test(await this.#client.info('replication')))
      await wait(LOOK_MS, undefined, { signal: until });
    const took = performance.now() - began;
    await this.#client.call('REPLICAOF', 'NO', 'ONE');
    // It writes its log anew now, which would slow down whatever is measured next.
    const rewriting = /^aof_rewrite_(in_progress|scheduled):1/m;
    while (rewriting.test(await this.#client.info('persistence')))
      await wait(LOOK_MS, undefined, { signal: until });
    return took;
  }
}
