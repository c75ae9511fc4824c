/** The nodes under observation, with what their engines tell of them. */
import type { NodeName } from '../../model/cluster-state.ts';
import type { Intent } from '../../planner/intent.ts';
import { type ContainerTruth, containerTruth } from './containers.ts';
import { type Evidence, valueIn } from './evidence.ts';
import { type RosterEntry, roster } from './roster.ts';

/** One node: what is known of it from the spec or its labels, and from its engine. */
export interface Subject {
  readonly entry: RosterEntry;
  readonly truth: ContainerTruth;
}

/** All nodes to look at; also where each can be asked. */
export function subjects(
  intent: Intent,
  engines: Evidence['engines'],
  lastIps: Readonly<Record<NodeName, string>>,
): Subject[] {
  return roster(intent, engines).map((entry) => ({
    entry,
    truth: containerTruth(intent.spec, entry, valueIn(engines.get(entry.host)), lastIps[entry.name]),
  }));
}
