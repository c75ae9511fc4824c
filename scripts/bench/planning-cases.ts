/** What is planned in the benchmark of the planner. */
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import type { Intent } from '../../reconciler/planner/intent.ts';
import { convergedState, emptyState, type SpecShape, testIntent } from '../../test/support/specs.ts';

export interface PlanningCase {
  readonly what: string;
  /** What is wanted, for so many nodes. */
  intent(nodes: number): Intent;
  /** What is there. */
  live(nodes: number): ClusterState;
  /** Nothing is promised of it and it takes long: measured once, to be known. */
  readonly isRolling?: boolean;
}

/** Two nodes a shard, over ten hosts in as many zones. */
function shape(nodes: number, more: SpecShape = {}): SpecShape {
  return { shards: nodes / 2, replicas: 1, zones: 10, ...more };
}

function converged(nodes: number): ClusterState {
  return convergedState(testIntent(shape(nodes)));
}

const NEXT_IMAGE = 'redis:8.6.4';

function useNextVersion(document: Record<string, unknown>): void {
  (document['redis'] as { image: string }).image = NEXT_IMAGE;
}

export const PLANNING_CASES = {
  nothing: {
    what: 'from nothing',
    intent: (nodes) => testIntent(shape(nodes)),
    live: (nodes) => emptyState(testIntent(shape(nodes))),
  },
  'edit-all': {
    what: 'a directive for all',
    intent: (nodes) => testIntent(shape(nodes, { config: { 'maxmemory-policy': 'allkeys-lru' } })),
    live: converged,
  },
  'edit-one': {
    what: 'a directive for one',
    intent: (nodes) =>
      testIntent(
        shape(nodes, {
          edit(document) {
            const [first] = document['nodes'] as { config?: Record<string, string> }[];
            if (first !== undefined) first.config = { 'maxmemory-policy': 'allkeys-lru' };
          },
        }),
      ),
    live: converged,
  },
  'edit-image': {
    what: 'another version for all',
    intent: (nodes) => testIntent(shape(nodes, { edit: useNextVersion })),
    live(nodes) {
      const live = converged(nodes);
      // As engines are asked for every image that the spec names.
      for (const host of Object.values(live.hosts)) Object.assign(host.images, { [NEXT_IMAGE]: 'absent' });
      return live;
    },
    isRolling: true,
  },
} as const satisfies Record<string, PlanningCase>;

export type PlanningCaseName = keyof typeof PLANNING_CASES;
