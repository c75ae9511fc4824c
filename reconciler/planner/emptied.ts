/** Primaries that came back empty while a replica still has the keys: the next synchronisation would delete them. */
import { ofEachNode } from '../model/census.ts';
import type { ClusterState, NodeName } from '../model/cluster-state.ts';
import { ownsSlots } from '../model/topology.ts';
import type { Step } from '../steps/table.ts';

export interface Emptied {
  readonly primary: NodeName;
  /** It holds keys and has not begun to copy the emptiness. */
  readonly replica: NodeName;
}

/** Whom a replica follows that has keys and is not in sync. */
const endangered = ofEachNode(({ contents, synced, replicaOf }) =>
  contents === 'keys' && !synced && replicaOf !== null ? replicaOf : undefined,
);

export function emptied(state: ClusterState): Emptied[] {
  return endangered(state)
    .filter(([, primary]) => {
      const node = state.nodes[primary];
      return node !== undefined && ownsSlots(node) && node.contents === 'empty';
    })
    .map(([replica, primary]) => ({ primary, replica }));
}

/** What could bring the two together: their addresses, their introduction, the password of the link, the link itself. */
const UNITING: ReadonlySet<Step['kind']> = new Set([
  'configure',
  'set-users',
  'meet',
  'repair-link',
  'replicate',
  'restart-node',
  'remove-container',
]);

/** Whether a step could make a replica copy the emptiness of its primary. */
export function unitesWithEmptied(step: Step, pairs: readonly Emptied[]): boolean {
  if (pairs.length === 0 || !UNITING.has(step.kind)) return false;
  const touched = step.kind === 'meet' ? step.nodes : 'node' in step ? [step.node] : [];
  return pairs.some(({ primary, replica }) => touched.includes(primary) || touched.includes(replica));
}
