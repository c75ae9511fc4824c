/** Where a commit on the followed branch comes from: the pull request that brought it, or nobody's. */
import type { PullRequest } from '../../ports/forge.ts';
import { PortError } from '../../ports.ts';
import type { SpecInForce } from '../in-force.ts';
import { ask, type Desk } from './desk.ts';

export type Origin =
  | { readonly kind: 'pull-request'; readonly pullRequest: PullRequest }
  | { readonly kind: 'direct' }
  /** The forge could not be asked, or may not know it yet. */
  | { readonly kind: 'unknown'; readonly why: string };

/** A forge may know of a merge only some time after it shows on the branch. */
const FORGE_CATCHES_UP_MS = 60_000;
/** A merge must not wait long for a forge that does not answer: it is looked at again at the next poll. */
const ASK_MS = 10_000;

/**
 * @param commit that brought the spec of the cluster onto the branch.
 * @param seenAt when it was first seen, in milliseconds since the epoch.
 */
export async function originOf(
  desk: Desk,
  {
    commit,
    cluster,
    inForce,
    seenAt,
  }: {
    readonly commit: string;
    readonly cluster: string;
    readonly inForce: SpecInForce | undefined;
    readonly seenAt: number;
  },
  signal: AbortSignal,
): Promise<Origin> {
  const { books, forge, ports } = desk;
  for (const { pullRequest } of books.pullRequests.values())
    if (pullRequest.mergeCommit === commit) return { kind: 'pull-request', pullRequest };
  try {
    const pullRequest = await ask(
      desk,
      'pull request of a commit',
      signal,
      (limited) => forge.pullRequestOf(commit, limited),
      ASK_MS,
    );
    if (pullRequest !== undefined) return { kind: 'pull-request', pullRequest };
    if (forge.kind === 'local' || ports.clock.now() - seenAt >= FORGE_CATCHES_UP_MS)
      return { kind: 'direct' };
    return { kind: 'unknown', why: 'no pull request that brought it is known yet' };
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    const pullRequest = await mergedInto(desk, commit, cluster, inForce);
    return pullRequest === undefined
      ? { kind: 'unknown', why: `which pull request brought it cannot be asked: ${error.message}` }
      : { kind: 'pull-request', pullRequest };
  }
}

/** The forge is away, but Git tells of a merge commit that it contains the head of a pull request that is known. */
async function mergedInto(
  { books, repository }: Desk,
  commit: string,
  cluster: string,
  inForce: SpecInForce | undefined,
): Promise<PullRequest | undefined> {
  for (const { pullRequest, clusters } of books.pullRequests.values()) {
    if (!clusters.includes(cluster)) continue;
    const { head } = pullRequest;
    if (!(await repository.isAncestor(head.commit, commit))) continue;
    if (inForce !== undefined && (await repository.isAncestor(head.commit, inForce.commit))) continue;
    return pullRequest;
  }
  return undefined;
}
