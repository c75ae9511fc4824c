/** How a node comes back when its process starts: shared by the steps that start one. */
import type { Operation } from 'fast-json-patch';
import type { ClusterState, NodeName } from '../model/cluster-state.ts';
import { nodeOf, ownsSlots, peersOf } from '../model/topology.ts';
import { setNode } from './step.ts';

/**
 * What starting redis-server on an existing volume does to the node's own fields.
 *
 * A node that the members know takes its place again: a replica has to catch up, and a former primary whose slots
 * all went to another member of its shard follows that member (`clusterUpdateSlotsConfigWith` in Redis). A node
 * that nobody knows is new: alone, empty, without a configuration epoch. Of one that ran before, while nobody is there to
 * tell about it, nothing can be said but that it will answer.
 */
export function returnOf(state: ClusterState, name: NodeName): Operation[] {
  const node = nodeOf(state, name);
  const answering = { container: 'running', reachable: 'yes', soaked: false };
  if (node.membership === 'none' || node.membership === 'alone') {
    return setNode(name, {
      ...answering,
      membership: 'alone',
      contents: 'empty',
      epoch: 'unset',
      role: 'primary',
      replicaOf: null,
      link: 'none',
      synced: true,
      copy: 'whole',
    });
  }
  // What it holds and whom it follows is known only once it runs: nothing may be built on it before.
  if (node.membership === 'unknown') return setNode(name, answering);
  const successor = peersOf(state, name).find((peer) => ownsSlots(nodeOf(state, peer)));
  if (node.role === 'replica' || (!ownsSlots(node) && successor !== undefined)) {
    const primary = node.role === 'replica' ? node.replicaOf : successor;
    return setNode(name, {
      ...answering,
      role: 'replica',
      replicaOf: primary,
      link: 'syncing',
      synced: false,
      copy: 'partial',
    });
  }
  return setNode(name, { ...answering, link: 'none', synced: true });
}
