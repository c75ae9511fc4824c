/** What differs between the live and the desired document, as JSON Patch; empty is the definition of converged. */
import jsonPatch, { type Operation } from 'fast-json-patch';
import type { ClusterState } from '../model/cluster-state.ts';

/** The patch that would turn `live` into `desired`. */
export function diff(live: ClusterState, desired: ClusterState): Operation[] {
  return jsonPatch.compare(live, desired);
}

/** A copy of the document with the operations applied. @throws JsonPatchError when a path does not exist. */
export function applyOperations(state: ClusterState, operations: readonly Operation[]): ClusterState {
  const copy = jsonPatch.deepClone(state) as ClusterState;
  applyInPlace(copy, operations);
  return copy;
}

/** Applies operations to the document itself. Values are copied first: a later operation must not reach into a step. */
export function applyInPlace(state: ClusterState, operations: readonly Operation[]): void {
  for (const operation of operations) {
    jsonPatch.applyOperation(state, 'value' in operation ? { ...operation, value: jsonPatch.deepClone(operation.value) } : operation);
  }
}
