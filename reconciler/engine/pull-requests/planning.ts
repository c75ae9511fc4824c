/** Keeps the previews of open pull requests right: as soon as anything that a plan is bound to changes, it is made anew. */
import pLimit from 'p-limit';
import type { ApprovalPolicy } from '../../../spec-schema/policy/policy.ts';
import { type GivenApproval, requirementsOf, shrinkageOf } from '../../planner/approval/requirements.ts';
import { understoodDigest } from '../../planner/preview/digests.ts';
import type { Preview, Requirement } from '../../planner/preview/preview.ts';
import type { PullRequest } from '../../ports/forge.ts';
import { PortError } from '../../ports.ts';
import { verdictOf } from '../../render/pull-request/verdict.ts';
import { approvalsFor } from './approvals.ts';
import { type Desk, type KnownPullRequest, previewName, type ShownPreview } from './desk.ts';
import { planMessages, planningMessages } from './plan-messages.ts';
import { lookAt, makePreview, type Sight } from './preview-making.ts';
import { changeDigest, type Proposal, ProposalReader, type ProposedChange } from './proposal.ts';

/** Clusters that are looked at and planned at the same time. */
const PARALLEL_PLANS = 8;
const MOST_EARLIER = 5;

export interface PlanRequest {
  readonly pullRequest: PullRequest;
  /** Head of the followed branch. */
  readonly base: string;
  readonly policy: ApprovalPolicy;
  /** Somebody asked for it: it is made anew whether anything has changed or not. */
  readonly anew: boolean;
}

interface ReadProposal extends Proposal {
  /** The two commits that it was read from. */
  readonly between: string;
}

export class Planning {
  readonly #desk: Desk;
  readonly #reader: ProposalReader;
  /** What open pull requests change, as it was read last: it is not read again while neither side moves. */
  readonly #read = new Map<string, ReadProposal>();
  readonly #limit = pLimit(PARALLEL_PLANS);

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#reader = new ProposalReader(desk.repository);
  }

  /** Forgets what is not open any more. */
  retain(open: ReadonlySet<string>): void {
    for (const id of this.#read.keys()) if (!open.has(id)) this.#read.delete(id);
  }

  /** @throws PortError when the repository or the store fails; the forge is only asked for approvals, and may be away. */
  async plan(request: PlanRequest, signal: AbortSignal): Promise<void> {
    const { pullRequest, base } = request;
    const { books } = this.#desk;
    const known = books.pullRequests.get(pullRequest.id);
    const pushed = known?.plannedHead !== pullRequest.head.commit;
    if (pushed) await books.outbox.put(planningMessages(pullRequest, known?.clusters ?? []));
    const proposal = await this.#proposal(pullRequest, base, known);
    const { changes } = proposal;
    const clusters = changes.map(({ cluster }) => cluster);
    const shown = await Promise.all(
      changes.map((change) => this.#limit(() => this.#preview(change, request, pushed, signal))),
    );
    const fresh = shown.filter((one) => one.fresh).map((one) => one.shown);
    const told = new Set([...(known?.unsaid ?? []), ...fresh.map(({ preview }) => preview.cluster)]);
    const same = !pushed && known !== undefined && known.clusters.join() === clusters.join();
    if (same && told.size === 0) return;
    // What people read must be in the books by then: they may answer it at once.
    const next = { pullRequest, clusters, plannedHead: pullRequest.head.commit };
    await books.pullRequests.put(pullRequest.id, { ...next, unsaid: [...told] });
    for (const document of fresh)
      await books.previews.put(previewName(pullRequest.id, document.preview.cluster), document);
    const previews = shown.map((one) => one.shown.preview);
    await books.outbox.put(planMessages(this.#desk, pullRequest, previews, told, proposal));
    await books.pullRequests.put(pullRequest.id, { ...next, unsaid: [] });
  }

  async #proposal(
    { id, head }: PullRequest,
    base: string,
    known: KnownPullRequest | undefined,
  ): Promise<Proposal> {
    const between = `${base} ${head.commit}`;
    const before = this.#read.get(id);
    if (before?.between === between) return before;
    const proposal = await this.#reader.read(base, head.commit, this.#earlier(id, known));
    this.#read.set(id, { ...proposal, between });
    return proposal;
  }

  /** Clusters that were shown once stay shown: what they are told must not stand there for ever. */
  #earlier(id: string, known: KnownPullRequest | undefined): ReadonlyMap<string, string> {
    return new Map(
      (known?.clusters ?? []).map((cluster) => [
        cluster,
        this.#desk.books.previews.get(previewName(id, cluster))?.preview.path ?? '',
      ]),
    );
  }

  async #preview(
    change: ProposedChange,
    request: PlanRequest,
    pushed: boolean,
    signal: AbortSignal,
  ): Promise<{ readonly shown: ShownPreview; readonly fresh: boolean }> {
    const { pullRequest, anew } = request;
    const { books, ports } = this.#desk;
    const before = books.previews.get(previewName(pullRequest.id, change.cluster));
    const offline = this.#offline(pullRequest);
    const sight =
      change.head === undefined || offline !== undefined ? undefined : await lookAt(change.head, ports);
    let shown = before;
    if (shown === undefined || anew || pushed || !isBoundTo(shown, change, request, sight)) {
      if (before !== undefined && !pushed)
        await books.outbox.put(planningMessages(pullRequest, [change.cluster]));
      shown = await this.#made(change, request, sight, offline, before);
    }
    const asked = await this.#asked(shown, request, signal);
    const requirements = this.#requirements(asked, change, pullRequest);
    const preview: Preview = { ...asked.preview, requirements };
    const fresh =
      asked !== before || JSON.stringify(requirements) !== JSON.stringify(before.preview.requirements);
    return { shown: { ...asked, preview }, fresh };
  }

  #offline({ id, fork, head }: PullRequest): string | undefined {
    if (!fork || this.#desk.books.commands.state.granted[id] === head.commit) return undefined;
    return 'this pull request comes from a fork';
  }

  async #made(
    change: ProposedChange,
    { pullRequest, base, policy }: PlanRequest,
    sight: Sight | undefined,
    offline: string | undefined,
    before: ShownPreview | undefined,
  ): Promise<ShownPreview> {
    const { ports, settings } = this.#desk;
    const head = pullRequest.head.commit;
    const made = await makePreview(
      { change, head, base, policy, engine: settings.version, offline },
      sight,
      ports,
    );
    const preview = { ...made, earlier: earlierThan(made, before?.preview) };
    const same = before !== undefined && before.preview.id === preview.id;
    return {
      preview,
      change: changeDigest(change),
      policy,
      given: same ? before.given : [],
      askedFor: same ? before.askedFor : '',
    };
  }

  /** With the approvals as they are now, where the policy asks for any; as they were last while the forge is away. */
  async #asked(
    shown: ShownPreview,
    { pullRequest }: PlanRequest,
    signal: AbortSignal,
  ): Promise<ShownPreview> {
    const { preview, policy } = shown;
    const { outcome, id } = preview;
    if (!('plan' in outcome) || id === undefined) return shown;
    const now = this.#desk.ports.clock.now();
    const bare = requirementsOf(policy, {
      plan: outcome.plan,
      author: pullRequest.author,
      approvals: [],
      now,
    });
    if (!bare.some(({ kind }) => kind === 'approval' || kind === 'confirmation')) return shown;
    const named = this.#desk.books.commands.state.approvals.filter(({ plan }) => plan === id).length;
    const askedFor = `${id} ${pullRequest.updatedAt} ${named}`;
    if (shown.askedFor === askedFor) return shown;
    try {
      const question = { pullRequest: pullRequest.id, head: pullRequest.head.commit, plans: new Set([id]) };
      const given: readonly GivenApproval[] = await approvalsFor(this.#desk, question, policy, signal);
      return { ...shown, given, askedFor };
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return shown;
    }
  }

  #requirements(
    { preview: { outcome, cluster }, policy, given }: ShownPreview,
    change: ProposedChange,
    { author }: PullRequest,
  ): Requirement[] {
    const now = this.#desk.ports.clock.now();
    const brake = this.#desk.books.commands.brakeOn(cluster, now);
    const shrinkage =
      change.base === undefined || (change.state !== 'changed' && change.state !== 'gone')
        ? []
        : shrinkageOf(policy, change.base, change.head);
    return [
      ...shrinkage,
      ...('plan' in outcome
        ? requirementsOf(policy, { plan: outcome.plan, author, approvals: given, now })
        : []),
      ...(brake === undefined ? [] : [{ kind: 'window', state: 'open', text: brake.summary } as const]),
    ];
  }
}

/** Whether everything that the preview was made from is as it was. That the base moved on elsewhere changes nothing. */
function isBoundTo(
  shown: ShownPreview,
  change: ProposedChange,
  { pullRequest, policy }: PlanRequest,
  sight: Sight | undefined,
): boolean {
  const { binding, outcome } = shown.preview;
  const problems = outcome.kind === 'failed' ? outcome.problems : [];
  return (
    binding.head === pullRequest.head.commit &&
    shown.change === changeDigest(change) &&
    binding.policy === understoodDigest(policy) &&
    (sight?.problems === undefined
      ? binding.live === (sight?.digest ?? '')
      : JSON.stringify(sight.problems) === JSON.stringify(problems))
  );
}

function earlierThan(made: Preview, before: Preview | undefined): Preview['earlier'] {
  if (before === undefined) return [];
  if (before.id === undefined || before.id === made.id) return before.earlier;
  const last = { id: before.id, head: before.binding.head, verdict: verdictOf(before) };
  return [last, ...before.earlier.filter(({ id }) => id !== before.id)].slice(0, MOST_EARLIER);
}
