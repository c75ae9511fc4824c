/**
 * `Facts`: what was read but is never converged. Plans use it for estimates, preflights, evidence and messages.
 *
 * A reading that failed is a value here, with its error (law 7: what was not read is unknown, not absent).
 */
import type { Problem } from '../../spec-schema/problem.ts';
import type { HostName, NodeId, NodeName } from './cluster-state.ts';
import type { ContainerReading, NodeReading } from './readings.ts';

/** A reading that failed. */
export interface ReadingFailure {
  /** Stable and kebab-case: `unreachable`, `timeout`, `auth`, `refused-host-key`, `protocol`, … */
  readonly code: string;
  readonly message: string;
}

export interface Facts {
  /** When the readings were begun, in milliseconds since the epoch. The only clock that pure code sees. */
  readonly now: number;
  readonly hosts: Readonly<Record<HostName, HostFacts>>;
  readonly nodes: Readonly<Record<NodeName, NodeFacts>>;
  /** Warnings that observation itself came to, for example one engine behind several zones. */
  readonly warnings: readonly Problem[];
  /** Keys were missing after a step: nothing more is done under this spec but repairs. */
  readonly halt?: Halt;
  /** What each of the 16,384 slots weighs, when shards are balanced by memory or load. */
  readonly slotWeights?: readonly number[];
  /** Containers and volumes with our labels that the spec does not name. */
  readonly strays: readonly string[];
}

export interface HostFacts {
  /** The engine's own id: two hosts with the same one are one machine. */
  readonly engineId?: string;
  readonly engineVersion?: string;
  readonly failure?: ReadingFailure;
  /** Why an image could not be pulled the last time, by reference. */
  readonly imageFailures?: Readonly<Record<string, string>>;
}

/** Why everything stops. */
export interface Halt {
  /** Id of the step. */
  readonly step: string;
  /** What was counted, and in which slots keys are missing. */
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Where redis-server can be reached. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

/** Where other members reach a node: client port and bus port. */
export interface MemberAddress extends Endpoint {
  readonly busPort: number;
}

/** An election that a node won, planned or not. */
export interface Election {
  /** Whose slots it took. */
  readonly from: NodeName;
  /** When it was first seen to have them, in milliseconds since the epoch. */
  readonly at: number;
}

/** A server in no container of ours that answers where a node is to be. */
export interface Stranger {
  /** What it says of itself; undefined when it lets nobody in, or is no Redis. */
  readonly reading?: NodeReading;
  readonly failure?: ReadingFailure;
}

export interface NodeFacts {
  readonly nodeId?: NodeId;
  /** The address under which other members should reach it now. */
  readonly address?: MemberAddress;
  /** Addresses under which RedisForge may reach it, best first. */
  readonly endpoints: readonly Endpoint[];
  readonly container?: ContainerReading;
  readonly reading?: NodeReading;
  readonly failure?: ReadingFailure;
  readonly stranger?: Stranger;
  /** Bytes by which it lags behind its primary; undefined when either offset was not read. */
  readonly lagBytes?: number;
  /** The last election that it won, as far as that was seen. */
  readonly elected?: Election;
  /** What else is wrong with it, in words: who disagrees with whom, which link is broken. */
  readonly remarks: readonly string[];
}
