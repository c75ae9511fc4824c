/** Real containers for tests: unique names, redis-server with users as in production, and removal by label. */
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import Docker from 'dockerode';
import { type ContainerPlan, type FileToPut, Secret } from '../../reconciler/ports.ts';

export const IMAGE = 'redis:8.6.3';
export const ENGINE_SOCKET = (process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace(
  'unix://',
  '',
);
export const PASSWORD = 'operator-secret-7f1c';
export const REPLICATION_PASSWORD = 'replication-secret-93ab';
export const CREDENTIALS = { username: 'redisforge', password: new Secret(PASSWORD) };

/** What RedisForge's own user may do on every node: no key at all. */
export const OPERATOR_RULES = [
  '+ping +info +dbsize +wait +lastsave +bgsave +bgrewriteaof +psync +sync +replconf',
  '+cluster|info +cluster|nodes +cluster|shards +cluster|slots +cluster|links +cluster|myid +cluster|myshardid',
  '+cluster|meet +cluster|forget +cluster|replicate +cluster|failover +cluster|addslotsrange',
  '+cluster|set-config-epoch +cluster|migration +cluster|reset +cluster|slot-stats +cluster|countkeysinslot',
  '+config|get +config|set +config|rewrite',
  '+acl|list +acl|getuser +acl|setuser +acl|deluser +acl|save +acl|load +acl|dryrun +acl|whoami +acl|log',
  '+client|pause +client|unpause +client|list +client|kill +client|setname +client|setinfo +client|info',
  '+client|no-evict +latency|latest +slowlog|get +memory|stats +function|list +hello',
].join(' ');

/** Whatever a test makes under this name is found and removed by its label. */
export function uniqueCluster(): string {
  return `rf-test-${randomBytes(4).toString('hex')}`;
}

export function labelsOf(cluster: string, node?: string): Record<string, string> {
  return {
    'dev.redisforge.cluster': cluster,
    ...(node === undefined ? {} : { 'dev.redisforge.node': node }),
  };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Users as in production: the default one is off, RedisForge's and the replicas' have passwords. */
export function usersFile(more: readonly string[] = []): FileToPut {
  const lines = [
    'user default reset off',
    `user redisforge reset on #${sha256(PASSWORD)} ${OPERATOR_RULES}`,
    `user replication reset on #${sha256(REPLICATION_PASSWORD)} +psync +replconf +ping`,
    ...more,
  ];
  return { path: 'users.acl', content: `${lines.join('\n')}\n`, mode: 0o600 };
}

export function configFile(directives: Readonly<Record<string, string>> = {}): FileToPut {
  const all = {
    dir: '@DATA@',
    aclfile: '@DATA@/conf/users.acl',
    port: '6379',
    'cluster-enabled': 'yes',
    'cluster-node-timeout': '2000',
    'repl-diskless-sync-delay': '0',
    appendonly: 'yes',
    save: '""',
    masteruser: 'replication',
    masterauth: REPLICATION_PASSWORD,
    ...directives,
  };
  const content = Object.entries(all).map(([name, value]) => `${name} ${value}\n`);
  return { path: 'redis.conf', content: content.join(''), mode: 0o600 };
}

/** A container plan with everything but what the test is about. */
export function nodePlan(cluster: string, node: string, more: Partial<ContainerPlan> = {}): ContainerPlan {
  return {
    name: `${cluster}-${node}`,
    image: IMAGE,
    labels: labelsOf(cluster, node),
    volume: `${cluster}-${node}`,
    restart: 'always',
    memoryBytes: 0,
    cpus: 0,
    nofile: 0,
    network: 'bridge',
    ip: '',
    publish: '',
    port: 6379,
    files: [configFile(), usersFile()],
    ...more,
  };
}

/** The engine without our adapter: for looking at what the adapter did, and for making what is not ours. */
export function rawEngine(): Docker {
  return new Docker({ socketPath: ENGINE_SOCKET });
}

/** Runs a command in a container and returns what it wrote. @throws Error when its exit code is not 0. */
export async function execIn(container: string, ...command: string[]): Promise<string> {
  const docker = rawEngine();
  const exec = await docker
    .getContainer(container)
    .exec({ Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true });
  const stream = await exec.start({ Tty: true });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const output = Buffer.concat(chunks).toString().replaceAll('\r\n', '\n');
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`${command.join(' ')}: exit code ${ExitCode}: ${output}`);
  return output;
}

/** Removes all containers, volumes and networks that carry the cluster's label. */
export async function removeCluster(cluster: string): Promise<void> {
  const docker = rawEngine();
  const filters = { label: [`dev.redisforge.cluster=${cluster}`] };
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
  const { Volumes } = await docker.listVolumes({ filters });
  for (const { Name } of Volumes ?? []) await docker.getVolume(Name).remove();
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
}

/**
 * Waits for a condition.
 * @param probe undefined or false while it does not hold; what it throws counts as "not yet".
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 20_000,
): Promise<T> {
  const until = performance.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const result = await probe();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      last = error;
    }
    if (performance.now() > until) {
      throw new Error(`not within ${deadlineMs} ms: ${what}${last === undefined ? '' : `: ${String(last)}`}`);
    }
    await wait(20);
  }
}
