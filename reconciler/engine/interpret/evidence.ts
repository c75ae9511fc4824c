/** All readings of one round, with the failed ones in their place: what interpretation starts from. */
import type { HostName, NodeId, NodeName } from '../../model/cluster-state.ts';
import type { Election, ReadingFailure, Stranger } from '../../model/facts.ts';
import type { EngineReading, NodeReading } from '../../model/readings.ts';
import type { SlotSet } from '../../model/slots.ts';

/** A reading, or why there is none. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: ReadingFailure };

export interface Evidence {
  /** When the round was begun, in milliseconds since the epoch. */
  readonly now: number;
  readonly engines: ReadonlyMap<HostName, Reading<EngineReading>>;
  /** Only for nodes that were asked: those whose container runs, or whose engine could not say. */
  readonly nodes: ReadonlyMap<NodeName, Reading<NodeReading>>;
  /** Who answers where nodes are to be of which nothing was made yet. */
  readonly strangers: ReadonlyMap<NodeName, Stranger>;
  /** Slots without an owner of which a node holds keys; only asked when there are such slots. */
  readonly stranded: ReadonlyMap<NodeName, SlotSet>;
  /** Node ids as they were when the nodes could last be asked. */
  readonly remembered: Readonly<Record<NodeName, NodeId>>;
  /** Ids that nodes had before they lost their volumes. */
  readonly former: Readonly<Record<NodeName, NodeId>>;
  /** Since when volumes of nodes that left the spec have been seen unused, in milliseconds since the epoch. */
  readonly retiredSince: Readonly<Record<string, number>>;
  /** The last election that each node won. */
  readonly elections: Readonly<Record<NodeName, Election>>;
}

/** The value of a reading, undefined when it failed or was not taken. */
export function valueIn<T>(reading: Reading<T> | undefined): T | undefined {
  return reading?.ok === true ? reading.value : undefined;
}
