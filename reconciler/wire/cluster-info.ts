/** CLUSTER INFO: the state of the cluster as one node sees it. */
import { parseFields } from './fields.ts';

export interface ClusterInfo {
  /** `fail`: this node refuses commands, because slots are not served or it cannot see a majority of primaries. */
  readonly state: 'ok' | 'fail';
  /** Slots that have an owner, 0 to 16384. */
  readonly slotsAssigned: number;
  /** Assigned slots whose owner is suspected, or known, to have failed. */
  readonly slotsSuspected: number;
  readonly slotsFailed: number;
  /** All that are in its table, itself, failed ones and those in handshake included. */
  readonly knownNodes: number;
  /** Primaries that own slots. */
  readonly size: number;
  readonly currentEpoch: number;
  /** Configuration epoch of this node, or of its primary. */
  readonly myEpoch: number;
  /** Atomic slot migrations under way on this node, on either end; 0 on servers before 8.4. */
  readonly activeMigrations: number;
  /** Whether it still deletes keys of slots that it gave away. */
  readonly trimming: boolean;
}

/** @throws WireError `cluster-info` */
export function parseClusterInfo(text: string): ClusterInfo {
  const fields = parseFields(text, 'cluster-info');
  const optional = (name: string) => (fields.optional(name) === undefined ? 0 : fields.integer(name));
  return {
    state: fields.word('cluster_state', ['ok', 'fail']),
    slotsAssigned: fields.integer('cluster_slots_assigned'),
    slotsSuspected: fields.integer('cluster_slots_pfail'),
    slotsFailed: fields.integer('cluster_slots_fail'),
    knownNodes: fields.integer('cluster_known_nodes'),
    size: fields.integer('cluster_size'),
    currentEpoch: fields.integer('cluster_current_epoch'),
    myEpoch: fields.integer('cluster_my_epoch'),
    activeMigrations: optional('cluster_slot_migration_active_tasks'),
    trimming: optional('cluster_slot_migration_active_trim_running') > 0,
  };
}
