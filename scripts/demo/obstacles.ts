/** What on this machine would keep the demo from starting: taken ports, an overlapping network. Told before anything is done. */
import { BlockList, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';

/** One line for each obstacle; empty when the way is free. */
export async function obstacles(spec: ClusterSpec, live: ClusterState): Promise<string[]> {
  return [...(await takenPorts(spec, live)), ...overlappingNetworks(spec, live)];
}

async function takenPorts({ network, nodes }: ClusterSpec, live: ClusterState): Promise<string[]> {
  if (network.mode !== 'bridge' || network.publish === undefined) return [];
  const address = network.publish;
  // A port of a container of ours is taken by ourselves.
  const free = nodes.filter(({ name }) => live.nodes[name]?.container !== 'running');
  const taken = await Promise.all(
    free.map(async ({ name, port }) =>
      (await isTaken(address, port))
        ? [`port ${port} on ${address}, which ${name} needs, is taken by another program`]
        : [],
    ),
  );
  return taken.flat();
}

function isTaken(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}

function overlappingNetworks({ network }: ClusterSpec, live: ClusterState): string[] {
  if (network.mode !== 'bridge' || network.subnet === undefined) return [];
  // Once the network exists, the address in it is the engine's own.
  if (!Object.values(live.hosts).some((host) => host.network === 'absent')) return [];
  const [base = '', prefix = '32'] = network.subnet.split('/');
  const block = new BlockList();
  block.addSubnet(base, Number(prefix), 'ipv4');
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(({ family, address }) => family === 'IPv4' && block.check(address, 'ipv4'))
      .map(({ address }) => `the subnet ${network.subnet} overlaps with the network of ${name} (${address})`),
  );
}
