/** From spec to desired `ClusterState`: what the spec leaves open stays as it is live whenever that is allowed. */
import type { ClusterState, HostState, NodeName, NodeState } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { formatSlots, parseSlots, unionSlots } from '../model/slots.ts';
import { fillCoverage } from './coverage.ts';
import type { Intent, NodeIntent } from './intent.ts';
import { choosePrimaries } from './primaries.ts';

/**
 * The desired document. It is worked out anew on every state, also on paper: after a switchover the new primary is
 * what the spec accepts.
 * @param facts for the addresses that engines gave to nodes whose address the spec does not fix.
 */
export function resolve(intent: Intent, live: ClusterState, facts: Facts): ClusterState {
  const primaries = choosePrimaries(intent, live);
  const added = fillCoverage(intent, live, primaries);
  const nodes: Record<NodeName, NodeState> = {};
  for (const [name, node] of Object.entries(intent.nodes)) {
    const before = live.nodes[name];
    const owned = unionSlots(parseSlots(before?.slots ?? ''), added.get(name) ?? []);
    const primary = primaries.get(node.shard) ?? name;
    nodes[name] = {
      host: node.host,
      zone: node.zone,
      shard: node.shard,
      volume: 'ready',
      container: 'running',
      launch: node.launch,
      reachable: 'yes',
      membership: 'joined',
      contents: before?.contents ?? 'unknown',
      epoch: 'set',
      role: primary === name ? 'primary' : 'replica',
      replicaOf: primary === name ? null : primary,
      slots: formatSlots(owned),
      link: primary === name ? 'none' : 'up',
      synced: true,
      copy: 'whole',
      strandedKeys: '',
      config: configOf(node, facts.nodes[name]?.address?.ip),
      users: { ...node.users },
    };
  }
  return {
    cluster: intent.spec.metadata.name,
    serving: 'yes',
    agreement: 'yes',
    openSlots: '',
    hosts: hostsOf(intent, live),
    nodes,
    ghosts: {},
  };
}

function configOf(node: NodeIntent, givenAddress: string | undefined): Record<string, string> {
  if (node.address !== undefined || givenAddress === undefined) return { ...node.config };
  return { ...node.config, 'cluster-announce-ip': givenAddress };
}

/** A host needs its network, and an image only while a container is to be made from it. */
function hostsOf(intent: Intent, live: ClusterState): Record<string, HostState> {
  const hosts: Record<string, HostState> = {};
  for (const host of intent.spec.hosts) {
    const before = live.hosts[host.name];
    hosts[host.name] = {
      engine: 'yes',
      network: intent.spec.network.mode === 'bridge' ? 'ready' : 'none',
      images: { ...before?.images },
    };
  }
  for (const [name, node] of Object.entries(intent.nodes)) {
    const before = live.nodes[name];
    const images = hosts[node.host]?.images;
    if (
      images === undefined ||
      (before?.container === 'running' && before.launch?.image === node.launch.image)
    )
      continue;
    images[node.launch.image] = 'present';
  }
  return hosts;
}
