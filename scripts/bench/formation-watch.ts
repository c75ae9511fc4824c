/** Watches how nodes become a cluster, by the word of every server and on connections of its own. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { parseClusterInfo } from '../../reconciler/wire/cluster-info.ts';
import { parseInfo } from '../../reconciler/wire/info.ts';
import type { RealCluster } from '../../test/support/real-cluster.ts';

const LOOK_MS = 10;

/** Moments on the clock of `performance.now()`. */
export interface Formation {
  /** When every node said `cluster_state:ok` and knew every other. */
  readonly serving: number;
  /** When, at the same time, every replica's link was up. */
  readonly whole: number;
}

export class FormationWatch {
  readonly #clients: readonly Redis[];
  readonly #replicas: number;

  private constructor(clients: readonly Redis[], replicas: number) {
    this.#clients = clients;
    this.#replicas = replicas;
  }

  static async open(cluster: RealCluster): Promise<FormationWatch> {
    const { nodes } = cluster.spec;
    const clients = await Promise.all(nodes.map(({ name }) => cluster.admin(cluster.short(name))));
    return new FormationWatch(clients, nodes.length - new Set(nodes.map(({ shard }) => shard)).size);
  }

  async formation(signal: AbortSignal): Promise<Formation> {
    let serving: number | undefined;
    for (;;) {
      const told = await Promise.all(this.#clients.map((client) => this.#ask(client)));
      const now = performance.now();
      const serve = told.every(({ serves }) => serves);
      if (serve) serving ??= now;
      const linked = told.filter(({ isLinkedReplica }) => isLinkedReplica).length;
      if (serve && linked === this.#replicas) return { serving: serving ?? now, whole: now };
      await wait(LOOK_MS, undefined, { signal });
    }
  }

  close(): void {
    for (const client of this.#clients) client.disconnect();
  }

  async #ask(client: Redis): Promise<{ serves: boolean; isLinkedReplica: boolean }> {
    const [cluster, replication] = await Promise.all([client.call('CLUSTER', 'INFO'), client.call('INFO')]);
    const text = String(cluster);
    const info = parseInfo(String(replication));
    return {
      serves:
        parseClusterInfo(text).state === 'ok' &&
        new RegExp(`^cluster_known_nodes:${this.#clients.length}\\r?$`, 'm').test(text),
      isLinkedReplica: info.primaryLink?.status === 'up',
    };
  }
}
