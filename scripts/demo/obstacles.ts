/** What on this machine would keep the demo from starting: taken ports, an overlapping network. Told before anything is done. */
import { BlockList, createServer, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { CLUSTER_LABEL } from '../../reconciler/engine/interpret/labels.ts';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import { callEngine } from '../engine-api.js';

/** One line for each obstacle; empty when the way is free. */
export async function obstacles(
  spec: ClusterSpec,
  live: ClusterState,
  dockerHost: string,
): Promise<string[]> {
  return [...(await takenPorts(spec, live)), ...(await overlappingNetworks(spec, dockerHost))];
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

interface ListedNetwork {
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
}

async function overlappingNetworks(
  { metadata, network }: ClusterSpec,
  dockerHost: string,
): Promise<string[]> {
  if (network.mode !== 'bridge' || network.subnet === undefined) return [];
  const { subnet } = network;
  const networks = JSON.parse(await callEngine(dockerHost, '/networks')) as ListedNetwork[];
  const others = networks.filter(({ Labels }) => Labels?.[CLUSTER_LABEL] !== metadata.name);
  const engines = others.flatMap(({ Name, IPAM }) =>
    (IPAM?.Config ?? []).flatMap(({ Subnet }) =>
      Subnet !== undefined && overlap(subnet, Subnet) ? [`the Docker network ${Name} (${Subnet})`] : [],
    ),
  );
  // Once the cluster's own network exists, the machine's address in it is the engine's.
  const isOwn = networks.length > others.length;
  const machines = isOwn
    ? []
    : Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
        (addresses ?? []).flatMap(({ family, cidr }) =>
          family === 'IPv4' && cidr !== null && overlap(subnet, cidr)
            ? [`the network of ${name} (${cidr})`]
            : [],
        ),
      );
  // The engine's networks are interfaces of the machine too.
  const found = engines.length > 0 ? engines : machines;
  return found.map((other) => `the subnet ${subnet} of the example overlaps with ${other}`);
}

function overlap(a: string, b: string): boolean {
  return contains(a, b) || contains(b, a);
}

/** Whether the first subnet contains the base address of the second. */
function contains(outer: string, inner: string): boolean {
  const [base = '', prefix = '32'] = outer.split('/');
  const address = inner.split('/')[0] ?? '';
  if (!isIPv4(base) || !isIPv4(address)) return false;
  const block = new BlockList();
  block.addSubnet(base, Number(prefix), 'ipv4');
  return block.check(address, 'ipv4');
}
