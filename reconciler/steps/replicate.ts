/** Makes a member without slots a replica of a primary, or points it to the primary's present address again. */
import type { NodeName } from '../model/cluster-state.ts';
import { PortError } from '../ports.ts';
import { type StepContext, type StepKind, setNode } from './step.ts';

export interface Replicate {
  readonly kind: 'replicate';
  readonly node: NodeName;
  readonly primary: NodeName;
}

/** Repeats CLUSTER REPLICATE for the primary that the node has already, so that it dials its present address. */
export interface RepairLink {
  readonly kind: 'repair-link';
  readonly node: NodeName;
  readonly primary: NodeName;
}

async function sendReplicate(step: Replicate | RepairLink, context: StepContext): Promise<void> {
  const id = context.facts.nodes[step.primary]?.nodeId;
  if (id === undefined) throw new PortError('not-found', `the node id of ${step.primary} is not known`);
  await context.redis(step.node).replicate(id);
}

export const replicate: StepKind<Replicate> = {
  id: (step) => `replicate:${step.node}:${step.primary}`,
  describe: (step) => `make ${step.node} a replica of ${step.primary}`,
  risk: 'safe',
  locks: (step) => [`node:${step.node}`],
  disturbs: () => [],
  effect: (step) =>
    setNode(step.node, {
      role: 'replica',
      replicaOf: step.primary,
      slots: '',
      link: 'syncing',
      synced: false,
      copy: 'partial',
    }),
  deadlineMs: 30_000,
  sends: (step) => [`CLUSTER REPLICATE <id of ${step.primary}>`],
  execute: sendReplicate,
};

export const repairLink: StepKind<RepairLink> = {
  id: (step) => `repair-link:${step.node}:${step.primary}`,
  describe: (step) => `point the replication link of ${step.node} to the present address of ${step.primary}`,
  risk: 'safe',
  locks: (step) => [`node:${step.node}`],
  disturbs: () => [],
  effect: (step) => setNode(step.node, { link: 'syncing', synced: false, copy: 'partial' }),
  deadlineMs: 30_000,
  sends: (step) => [`CLUSTER REPLICATE <id of ${step.primary}>`],
  execute: sendReplicate,
};
