/** What was found out about a live cluster that no spec describes yet. */
import type { NodeId } from '../../model/cluster-state.ts';
import type { MemberAddress, ReadingFailure } from '../../model/facts.ts';
import type { ContainerReading, MemberView, NetworkReading, NodeReading } from '../../model/readings.ts';

export interface Survey {
  /** Who was asked first, as a person wrote it. */
  readonly seed: string;
  /** The name that it is to have, undefined when nobody has said one. */
  readonly cluster: string | undefined;
  readonly members: readonly SurveyedMember[];
  /** What the engine that was named says; undefined when none was. */
  readonly engine: SurveyedEngine | undefined;
}

export interface SurveyedMember {
  readonly id: NodeId;
  /** Where the other members reach it. */
  readonly address: MemberAddress;
  /** As it tells of itself, or else as the one that was asked first does. */
  readonly view: MemberView;
  readonly reading: NodeReading | undefined;
  readonly failure: ReadingFailure | undefined;
  /** The container of ours that it runs in. */
  readonly container: SurveyedContainer | undefined;
}

/** What our containers tell of the spec that they were made from. */
export interface SurveyedContainer {
  readonly node: string;
  readonly host: string | undefined;
  readonly shard: string | undefined;
  readonly reading: ContainerReading;
}

export interface SurveyedEngine {
  /** As a spec would name it. */
  readonly docker: string;
  /** The network of the cluster, if it has one of its own. */
  readonly network: NetworkReading | undefined;
}
