/** What happens to a cluster without RedisForge's doing: by hand, by the engine, by bad luck. */
import { eventually } from './lab-containers.ts';
import type { RealCluster } from './real-cluster.ts';
import { steadily } from './steadily.ts';

/**
 * Kills nodes and starts them again at other addresses, with their old volumes and configuration files: what a restart
 * of the machine does. Their old addresses are taken by somebody else, or the engine would give them back.
 */
export async function readdress(cluster: RealCluster, nodes: readonly string[]): Promise<void> {
  const old = await Promise.all(nodes.map((node) => cluster.endpoint(node)));
  await Promise.all(nodes.map((node) => cluster.container(node).kill()));
  await occupy(
    cluster,
    old.map(({ host }) => host),
  );
  await Promise.all(nodes.map((node) => cluster.container(node).start()));
}

/** Stops a node in good order. While a replica writes its first append-only file it would not heed the signal. */
export async function stop(cluster: RealCluster, node: string): Promise<void> {
  await eventually(`${node} has written its append-only file`, async () =>
    String(await cluster.asAdmin(node, 'INFO', 'persistence')).includes('aof_rewrite_in_progress:0'),
  );
  await cluster.container(node).stop();
}

/** Containers that have these addresses, in the cluster's network. They carry its label, so that they are removed with it. */
export async function occupy(cluster: RealCluster, addresses: readonly string[]): Promise<void> {
  const network = `redisforge-${cluster.name}`;
  await Promise.all(
    addresses.map(async (address) => {
      const container = await cluster.docker.createContainer({
        Image: cluster.spec.redis.image,
        Entrypoint: ['tail', '-f', '/dev/null'],
        Labels: { 'dev.redisforge.cluster': cluster.name },
        HostConfig: { NetworkMode: network, AutoRemove: true },
        NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
      });
      await container.start();
    }),
  );
}

/** CLUSTER NODES as one node tells it, one line per member. */
export async function membersOf(cluster: RealCluster, node: string): Promise<string[]> {
  return String(await cluster.asAdmin(node, 'CLUSTER', 'NODES'))
    .trim()
    .split('\n');
}

/**
 * Brings a replica to dial its primary's former address for ever while the whole cluster says `ok` (measured fact
 * M8): it must have given the primary up when it hears of the new address from a third member.
 */
export async function misdirectLink(cluster: RealCluster, primary: string, replica: string): Promise<void> {
  await readdress(cluster, [primary, replica]);
  const [at, from] = [await cluster.endpoint(primary), await cluster.endpoint(replica)];
  const reachable = (node: string) => eventually(`${node} answers`, () => cluster.asAdmin(node, 'PING'));
  await Promise.all([reachable(primary), reachable(replica)]);
  const primaryLine = async () => {
    const id = await cluster.idOf(primary);
    return (await membersOf(cluster, replica)).find((line) => line.startsWith(id)) ?? '';
  };
  const timeout = (ms: number) => cluster.asAdmin(replica, 'CONFIG', 'SET', 'cluster-node-timeout', ms);
  await timeout(500);
  await eventually(`${replica} gives ${primary} up`, async () => (await primaryLine()).includes('fail'));
  await cluster.asAdmin(primary, 'CONFIG', 'SET', 'cluster-announce-ip', at.host);
  await eventually(`${replica} hears where ${primary} is`, async () => {
    const line = await primaryLine();
    return line.includes(`${at.host}:`) && line.includes(' connected');
  });
  await cluster.asAdmin(replica, 'CONFIG', 'SET', 'cluster-announce-ip', from.host);
  await timeout(5000);
  // The others would hear of it within seconds, ping by ping.
  for (const { name } of cluster.spec.nodes) {
    const other = cluster.short(name);
    if (other === primary || other === replica) continue;
    const { host, port } = await cluster.endpoint(other);
    await cluster.asAdmin(replica, 'CLUSTER', 'MEET', host, port);
  }
  await steadily('all is well but the link', async () => {
    const { live } = await cluster.observe();
    const joined = Object.values(live.nodes).every(({ membership }) => membership === 'joined');
    const link = live.nodes[cluster.node(replica)]?.link;
    return joined && live.serving === 'yes' && live.agreement === 'yes' && link === 'stale-address';
  });
}
