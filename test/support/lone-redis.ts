/** One redis-server in a container of its own, for tests that compare what we compute with what it says. */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { eventually, IMAGE, rawEngine } from './lab-containers.ts';

const LABEL = 'dev.redisforge.test';

export interface LoneRedis {
  /** RESP3; every command has a deadline of 20 s. */
  readonly client: Redis<'resp3'>;
  /** Ends the connection and removes the container. */
  remove(): Promise<void>;
}

/**
 * Starts an empty server that nobody but this machine reaches: the default user has no password, and its port is
 * published on the loopback address only.
 * @param options of redis-server, for example `--cluster-enabled yes`.
 */
export async function startLoneRedis(...options: string[]): Promise<LoneRedis> {
  const unique = `rf-lone-${randomBytes(4).toString('hex')}`;
  const docker = rawEngine();
  const filters = { label: [`${LABEL}=${unique}`] };
  const remove = async () => {
    for (const { Id } of await docker.listContainers({ all: true, filters }))
      await docker.getContainer(Id).remove({ force: true, v: true });
    for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
  };
  try {
    // Of its own, because an engine's default network belongs to everybody and may be gone.
    await docker.createNetwork({ Name: unique, Labels: { [LABEL]: unique } });
    const container = await docker.createContainer({
      name: unique,
      Image: IMAGE,
      Labels: { [LABEL]: unique },
      Cmd: ['redis-server', '--protected-mode', 'no', ...options],
      ExposedPorts: { '6379/tcp': {} },
      HostConfig: {
        NetworkMode: unique,
        PortBindings: { '6379/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
      },
    });
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const port = Number(NetworkSettings.Ports['6379/tcp']?.[0]?.HostPort);
    const client = await eventually('the lone redis answers', () => connect(port));
    return {
      client,
      remove: async () => {
        client.disconnect();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function connect(port: number): Promise<Redis<'resp3'>> {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    protocol: 3,
    replyMapping: 'resp3',
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => null,
    commandTimeout: 20_000,
  });
  // Failures show as rejected commands; without a listener ioredis writes each of them to the console as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
    return client;
  } catch (error) {
    client.disconnect();
    throw error;
  }
}
