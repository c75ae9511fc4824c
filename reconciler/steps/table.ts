/** The table of all kinds of step: one row per kind, and typed access to a step's behaviour. */
import { createHash } from 'node:crypto';
import type { Operation } from 'fast-json-patch';
import type { ClusterState, NodeName } from '../model/cluster-state.ts';
import { type AssignSlots, assignSlots } from './assign-slots.ts';
import { type Configure, configure } from './configure.ts';
import { type CreateNetwork, createNetwork } from './create-network.ts';
import { type DeployNode, deployNode } from './deploy-node.ts';
import { type ForgetGhost, forgetGhost } from './forget-ghost.ts';
import { type Meet, meet } from './meet.ts';
import {
  type AwaitMigration,
  awaitMigration,
  type CancelMigration,
  cancelMigration,
  type MigrateSlots,
  migrateSlots,
} from './migrate-slots.ts';
import { type PrepareVolume, prepareVolume } from './prepare-volume.ts';
import { type PullImage, pullImage } from './pull-image.ts';
import { type RemoveContainer, removeContainer } from './remove-container.ts';
import {
  type FenceNode,
  fenceNode,
  type RemoveNode,
  type RemoveVolume,
  removeNode,
  removeVolume,
} from './remove-node.ts';
import { type RemoveSurge, removeSurge } from './remove-surge.ts';
import { type RepairLink, type Replicate, repairLink, replicate } from './replicate.ts';
import { type RestartNode, restartNode } from './restart-node.ts';
import { type SetConfigEpoch, setConfigEpoch } from './set-config-epoch.ts';
import { type SetUsers, setUsers } from './set-users.ts';
import { type StartNode, startNode } from './start-node.ts';
import type { Lock, Risk, StepContext, StepKind } from './step.ts';
import {
  type Failover,
  failover,
  type Switchover,
  switchover,
  type Takeover,
  takeover,
} from './switchover.ts';
import { type UpdateLimits, updateLimits } from './update-limits.ts';
import {
  type AwaitAgreement,
  type AwaitLinks,
  type AwaitSave,
  type AwaitSoak,
  type AwaitStart,
  type AwaitSync,
  awaitAgreement,
  awaitLinks,
  awaitSave,
  awaitSoak,
  awaitStart,
  awaitSync,
} from './waiting.ts';

interface StepTypes {
  'create-network': CreateNetwork;
  'pull-image': PullImage;
  'prepare-volume': PrepareVolume;
  'deploy-node': DeployNode;
  'start-node': StartNode;
  'restart-node': RestartNode;
  'update-limits': UpdateLimits;
  'remove-container': RemoveContainer;
  'set-config-epoch': SetConfigEpoch;
  'assign-slots': AssignSlots;
  meet: Meet;
  replicate: Replicate;
  'repair-link': RepairLink;
  configure: Configure;
  'set-users': SetUsers;
  switchover: Switchover;
  failover: Failover;
  takeover: Takeover;
  'migrate-slots': MigrateSlots;
  'cancel-migration': CancelMigration;
  'remove-node': RemoveNode;
  'remove-surge': RemoveSurge;
  'fence-node': FenceNode;
  'remove-volume': RemoveVolume;
  'forget-ghost': ForgetGhost;
  'await-start': AwaitStart;
  'await-sync': AwaitSync;
  'await-links': AwaitLinks;
  'await-agreement': AwaitAgreement;
  'await-migration': AwaitMigration;
  'await-save': AwaitSave;
  'await-soak': AwaitSoak;
}

/** The name of a kind of step. */
export type StepName = keyof StepTypes;

/** A unit of work: plain data that can be posted, compared, logged and hashed. */
export type Step = StepTypes[StepName];

export const STEP_KINDS: { readonly [K in StepName]: StepKind<StepTypes[K]> } = {
  'create-network': createNetwork,
  'pull-image': pullImage,
  'prepare-volume': prepareVolume,
  'deploy-node': deployNode,
  'start-node': startNode,
  'restart-node': restartNode,
  'update-limits': updateLimits,
  'remove-container': removeContainer,
  'set-config-epoch': setConfigEpoch,
  'assign-slots': assignSlots,
  meet,
  replicate,
  'repair-link': repairLink,
  configure,
  'set-users': setUsers,
  switchover,
  failover,
  takeover,
  'migrate-slots': migrateSlots,
  'cancel-migration': cancelMigration,
  'remove-node': removeNode,
  'remove-surge': removeSurge,
  'fence-node': fenceNode,
  'remove-volume': removeVolume,
  'forget-ghost': forgetGhost,
  'await-start': awaitStart,
  'await-sync': awaitSync,
  'await-links': awaitLinks,
  'await-agreement': awaitAgreement,
  'await-migration': awaitMigration,
  'await-save': awaitSave,
  'await-soak': awaitSoak,
};

function kindOf(step: Step): StepKind<Step> {
  // The table pairs each name with the behaviour of exactly that type; TypeScript cannot follow it through the union.
  return STEP_KINDS[step.kind] as unknown as StepKind<Step>;
}

const LONGEST_ID = 200;

/** Content-derived identity of a step; long ones end in a digest of the whole. */
export function stepId(step: Step): string {
  const id = kindOf(step).id(step);
  if (id.length <= LONGEST_ID) return id;
  return `${id.slice(0, LONGEST_ID - 17)}~${createHash('sha256').update(id).digest('hex').slice(0, 16)}`;
}

export function describeStep(step: Step): string {
  return kindOf(step).describe(step);
}

export function stepRisk(step: Step): Risk {
  return kindOf(step).risk;
}

export function stepLocks(step: Step, state: ClusterState): readonly Lock[] {
  return kindOf(step).locks(step, state);
}

export function stepDisturbs(step: Step, state: ClusterState): readonly NodeName[] {
  return kindOf(step).disturbs(step, state);
}

export function stepEffect(step: Step, state: ClusterState): Operation[] {
  return kindOf(step).effect(step, state);
}

export function stepDeadlineMs(step: Step): number {
  return kindOf(step).deadlineMs;
}

export function stepSends(step: Step): readonly string[] {
  return kindOf(step).sends(step);
}

/** Whether the step only waits: nothing is sent, the loop just looks again. */
export function isWait(step: Step): boolean {
  return stepRisk(step) === 'none';
}

/** Carries the step out; the answer is what {@link verifyStep} will want. @throws PortError */
export async function executeStep(step: Step, context: StepContext): Promise<unknown> {
  return kindOf(step).execute(step, context);
}

/** Whether work that goes on after a step was accepted still does; undefined for kinds that have none. */
export function isUnderWay(step: Step, state: ClusterState): boolean | undefined {
  return kindOf(step).isUnderWay?.(step, state);
}

/** Whether {@link hasEnded} can be asked about the step. */
export function canBeWatched(step: Step): boolean {
  return kindOf(step).hasEnded !== undefined;
}

/** Whether work that went on after a step was accepted has ended. @throws PortError */
export async function hasEnded(step: Step, context: StepContext): Promise<boolean> {
  return (await kindOf(step).hasEnded?.(step, context)) ?? true;
}

export function needsVerification(step: Step): boolean {
  return kindOf(step).verify !== undefined;
}

/** @throws PortError when what the step did is not what it should have done. */
export async function verifyStep(step: Step, context: StepContext, evidence: unknown): Promise<void> {
  await kindOf(step).verify?.(step, context, evidence);
}
