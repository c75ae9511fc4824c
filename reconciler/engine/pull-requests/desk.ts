/** What all parts of the life of a pull request work with: the forge, the repository, and the books that survive a crash. */
import type { Operation } from 'fast-json-patch';
import type { ApprovalPolicy } from '../../../spec-schema/policy/policy.ts';
import type { Problem } from '../../../spec-schema/problem.ts';
import type { ClusterState } from '../../model/cluster-state.ts';
import type { GivenApproval } from '../../planner/approval/requirements.ts';
import type { PlanChange, Preview, Rollout } from '../../planner/preview/preview.ts';
import type { Forge, PullRequest } from '../../ports/forge.ts';
import type { Notifier } from '../../ports/notifier.ts';
import type { SpecRepository } from '../../ports.ts';
import type { Ports } from '../cluster.ts';
import { within } from '../deadline.ts';
import { CommandBook } from './command-book.ts';
import { Mail } from './mail.ts';
import type { OutboxTrouble } from './outbox.ts';
import { Shelf } from './shelf.ts';

export interface PullRequestSettings {
  /** The branch that is followed. */
  readonly branch: string;
  /** Version of RedisForge, which a plan is bound to. */
  readonly version: string;
  /** Who this process is, for the lease. */
  readonly holder: string;
  /** Address of a page that shows everything about a cluster, for what is left out of a comment. */
  readonly pageOf?: (cluster: string) => string | undefined;
}

/** A pull request as it was seen last. */
export interface KnownPullRequest {
  readonly pullRequest: PullRequest;
  /** Clusters that have a preview. */
  readonly clusters: readonly string[];
  /** The head that the previews were made for; undefined before the first ones. */
  readonly plannedHead: string | undefined;
  /** Those of its clusters about which there is something that is not in the outbox yet. */
  readonly unsaid: readonly string[];
}

export interface ShownPreview {
  readonly preview: Preview;
  /** {@link changeDigest} of what it was made from. */
  readonly change: string;
  /** Of the base branch, as it was when this was planned: what a merge is judged by. */
  readonly policy: ApprovalPolicy;
  readonly given: readonly GivenApproval[];
  /** What the approvals were asked for; another text here asks again. */
  readonly askedFor: string;
}

/** What became of a merged change, or of a direct push. */
export interface RolloutRecord {
  readonly rollout: Rollout;
  /** Undefined for a direct push, and while it is not known. */
  readonly pullRequest: string | undefined;
  readonly author: string | undefined;
  readonly change: PlanChange | undefined;
  /** Digest of the spec that wants to come into force. */
  readonly spec: string;
  /** Head of the branch when it was first seen, and the one before it. */
  readonly seenAt: number;
  readonly previous: string | undefined;
  /** What the keeper followed before: events of its passes say nothing about this rollout. */
  readonly before: string | undefined;
}

/** A cluster that is not as its spec says, and that no change is being made to. */
export interface DriftRecord {
  readonly firstSeen: number;
  /** Undefined while no issue was opened. */
  readonly said: { readonly at: number; readonly blocks: string } | undefined;
  readonly drift: readonly Operation[];
  readonly live: ClusterState | undefined;
  readonly blocks: readonly Problem[];
}

export interface Books {
  readonly pullRequests: Shelf<KnownPullRequest>;
  /** By {@link previewName}. */
  readonly previews: Shelf<ShownPreview>;
  /** By cluster. */
  readonly rollouts: Shelf<RolloutRecord>;
  /** By cluster. */
  readonly drift: Shelf<DriftRecord>;
  readonly commands: CommandBook;
  readonly outbox: Mail;
}

export interface Desk {
  readonly forge: Forge;
  readonly repository: SpecRepository;
  readonly ports: Ports;
  readonly settings: PullRequestSettings;
  readonly books: Books;
  /** Whether the forge takes check runs from us. */
  readonly checks: () => boolean;
  /** A defect of ours in what nobody waits for: it is told, and ends nothing else. */
  readonly defect: (error: unknown) => void;
}

/** Where rollouts are kept. */
export const ROLLOUTS = 'pull-requests/rollouts';

export function previewName(pullRequest: string, cluster: string): string {
  return `${cluster} ${pullRequest}`;
}

/** @throws PortError */
export async function openBooks(
  forge: Forge,
  notifiers: readonly Notifier[],
  ports: Ports,
  report: (trouble: OutboxTrouble) => void,
): Promise<Books> {
  const { store, clock } = ports;
  return {
    pullRequests: await Shelf.open(store, 'pull-requests/known'),
    previews: await Shelf.open(store, 'pull-requests/previews'),
    rollouts: await Shelf.open(store, ROLLOUTS),
    drift: await Shelf.open(store, 'pull-requests/drift'),
    commands: await CommandBook.open(store, clock.now()),
    outbox: await Mail.open(forge, notifiers, ports, report),
  };
}

/** Nobody waits longer than this for the forge. */
const ASK_MS = 30_000;

/** A question to the forge, within a deadline. @throws PortError */
export function ask<T>(
  { ports }: Pick<Desk, 'ports'>,
  what: string,
  signal: AbortSignal,
  question: (signal: AbortSignal) => Promise<T>,
  limitMs = ASK_MS,
): Promise<T> {
  return within(ports.clock, limitMs, what, signal, question);
}

/** Previews of a pull request, in the order of its clusters. */
export function previewsOf({ books }: Pick<Desk, 'books'>, pullRequest: string): ShownPreview[] {
  const known = books.pullRequests.get(pullRequest);
  return (known?.clusters ?? []).flatMap(
    (cluster) => books.previews.get(previewName(pullRequest, cluster)) ?? [],
  );
}
