/** The state of a node before it is made, and after it has gone for good. */
import type { NodeState } from './cluster-state.ts';

/** A node of which nothing was ever made, or nothing is left. */
export const NOTHING_THERE = {
  volume: 'absent',
  container: 'absent',
  launch: null,
  reachable: 'no',
  membership: 'none',
  contents: 'unknown',
  epoch: 'unknown',
  role: 'none',
  replicaOf: null,
  slots: '',
  imports: '',
  importsFrom: '',
  saving: false,
  soaked: true,
  link: 'none',
  synced: true,
  copy: 'whole',
  strandedKeys: '',
  config: {},
  users: {},
} as const satisfies Omit<NodeState, 'host' | 'zone' | 'shard' | 'surge'>;
