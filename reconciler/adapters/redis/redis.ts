/** Redis through ioredis: one plain connection for each node, never the client's cluster mode. */
import type { Endpoint } from '../../model/facts.ts';
import type { Redis, RedisCredentials, RedisNode } from '../../ports.ts';
import { Connections } from './connections.ts';
import { IoRedisNode } from './node.ts';

export class IoRedis implements Redis {
  readonly #connections = new Connections();

  at(endpoints: readonly Endpoint[], credentials: RedisCredentials): RedisNode {
    return new IoRedisNode(this.#connections, endpoints, credentials);
  }

  async close(): Promise<void> {
    this.#connections.close();
  }
}
