/** What is left of a node once its process has stopped: shared by the steps that stop one for longer. */
import type { Operation } from 'fast-json-patch';
import type { ClusterState, NodeName } from '../model/cluster-state.ts';
import { nodeOf } from '../model/topology.ts';
import { setNode } from './step.ts';

/**
 * What stopping redis-server does to the node's own fields. Of a member the others go on to tell who it is and what
 * it owns; nobody tells of a node that no member knows.
 */
export function stopOf(state: ClusterState, name: NodeName): Operation[] {
  const { membership, role } = nodeOf(state, name);
  const silent = { reachable: 'no', contents: 'unknown', saving: false, config: {}, users: {} };
  if (membership === 'alone' || membership === 'elsewhere' || membership === 'none') {
    return setNode(name, {
      ...silent,
      membership: 'none',
      epoch: 'unknown',
      role: 'none',
      replicaOf: null,
      slots: '',
      link: 'none',
      synced: true,
      copy: 'whole',
    });
  }
  const replica = role === 'replica';
  return setNode(name, {
    ...silent,
    ...(membership === 'parted' ? { membership: 'joined' } : {}),
    link: replica ? 'down' : 'none',
    synced: !replica,
    copy: replica ? 'unknown' : 'whole',
  });
}
