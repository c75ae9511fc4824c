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
  /** It takes hundreds of waves, one after the other, whose number grows with the nodes too. */
  readonly isLong?: boolean;
}

/** Two nodes a shard, over ten hosts in as many zones. */
function shape(nodes: number, more: SpecShape = {}): SpecShape {
  return { shards: nodes / 2, replicas: 1, zones: 10, ...more };
}

function converged(nodes: number): ClusterState {
  return convergedState(testIntent(shape(nodes)));
}

/** A tenth of the nodes, in whole shards. */
function tenth(nodes: number): number {
  return 2 * Math.round(nodes / 20);
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
    isLong: true,
  },
  'scale-out': {
    what: 'a tenth more shards',
    intent: (nodes) => testIntent(shape(nodes)),
    live(nodes) {
      const { nodes: all } = emptyState(testIntent(shape(nodes)));
      const before = converged(nodes - tenth(nodes));
      return { ...before, nodes: { ...all, ...before.nodes } };
    },
    isLong: true,
  },
  'scale-in': {
    what: 'a tenth of the shards less',
    intent: (nodes) => testIntent(shape(nodes - tenth(nodes))),
    live: converged,
    isLong: true,
  },
} as const satisfies Record<string, PlanningCase>;

export type PlanningCaseName = keyof typeof PLANNING_CASES;
