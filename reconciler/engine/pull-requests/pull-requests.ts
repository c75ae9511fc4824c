/**
 * The life of pull requests: what they would do is shown and kept right, what people ask for in comments is done, and
 * what was merged may come into force only as it was shown.
 *
 * Whatever the forge does, nothing here holds up a cluster: what is to be said waits in the outbox, and only a change
 * that is new waits for an answer.
 */
import pLimit from 'p-limit';
import type { Hold } from '../../planner/holds.ts';
import type { Preview } from '../../planner/preview/preview.ts';
import type { Forge, PullRequest } from '../../ports/forge.ts';
import type { Notifier } from '../../ports/notifier.ts';
import { type Commit, type Lease, type Leases, PortError, type SpecRepository } from '../../ports.ts';
import type { Ports } from '../cluster.ts';
import type { ReconcilerEvent } from '../reconciler-events.ts';
import { type Admission, type Candidate, judge, type Verdict } from './admission.ts';
import { ask, type Books, type Desk, openBooks, type PullRequestSettings, previewName } from './desk.ts';
import { DriftWatch } from './drift-watch.ts';
import { Planning, type PlanRequest } from './planning.ts';
import { PolicySource } from './policy-source.ts';
import { hearRemarks } from './remarks.ts';
import { Rollouts } from './rollouts.ts';

/** Pull requests that are read at the same time; their clusters have a limit of their own. */
const PARALLEL_PULL_REQUESTS = 4;
/** Not the name of a cluster. */
const LEASE = 'pull_requests';

export interface PullRequestsOptions {
  readonly forge: Forge;
  /** Channels that are told, too. */
  readonly notifiers?: readonly Notifier[];
  readonly repository: SpecRepository;
  readonly ports: Ports;
  readonly leases: Leases;
  readonly settings: PullRequestSettings;
  readonly report: (event: ReconcilerEvent) => void;
}

/** What there is while this process is the one that acts. */
interface Office {
  readonly desk: Desk;
  readonly planning: Planning;
  readonly policies: PolicySource;
  readonly rollouts: Rollouts;
  readonly drift: DriftWatch;
  readonly signal: AbortSignal;
}

export class PullRequests implements Admission {
  readonly #options: PullRequestsOptions;
  readonly #limit = pLimit(PARALLEL_PULL_REQUESTS);
  #office: Office | undefined;
  #opening: Promise<Office | undefined> | undefined;
  #standby: string | undefined;
  #checks: boolean | undefined;
  #polling = false;
  #trouble: string | undefined;

  constructor(options: PullRequestsOptions) {
    this.#options = options;
  }

  /**
   * Whether this process is the one that acts on the repository. The signal is aborted when it is not any more: then
   * whatever was known is out of date.
   * @throws PortError
   */
  async term(signal: AbortSignal): Promise<AbortSignal | undefined> {
    return (await this.#acting(signal))?.signal;
  }

  /** Why another one acts; undefined while this one does. */
  get standby(): string | undefined {
    return this.#office === undefined ? this.#standby : undefined;
  }

  /** One look at the forge. Never rejects for what the outside does; returns at once while an earlier look still runs. */
  async poll(head: Commit, wake: (cluster: string) => void, signal: AbortSignal): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      const office = await this.#acting(signal);
      if (office !== undefined) await this.#round(office, head, wake);
      this.#trouble = undefined;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      if (!signal.aborted) this.#troubled(error.message);
    } finally {
      this.#polling = false;
    }
  }

  async admit(candidate: Candidate, signal: AbortSignal): Promise<Verdict> {
    try {
      const office = await this.#acting(signal);
      if (office === undefined)
        return notNow(candidate, 'standby', this.#standby ?? 'another one acts on the repository');
      const { verdict, record } = await judge(
        office.desk,
        office.policies,
        candidate,
        AbortSignal.any([signal, office.signal]),
      );
      await office.rollouts.begin(record);
      return verdict;
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return notNow(candidate, 'not-judged', `it could not be looked at: ${error.message}`);
    }
  }

  stuck(): readonly string[] {
    return this.#office?.rollouts.stuck() ?? [];
  }

  async mayRelease(previous: string | undefined): Promise<boolean> {
    const { policies } = this.#office ?? {};
    if (policies === undefined || previous === undefined) return false;
    return (await policies.at(previous)).limits.release === 'allowed';
  }

  /** Hears what the keepers tell. Never waits, never throws. */
  record(event: ReconcilerEvent): void {
    const office = this.#office;
    if (office === undefined || office.signal.aborted) return;
    try {
      office.rollouts.record(event, office.signal);
      office.drift.record(event, (cluster) => office.rollouts.isUnderWay(cluster));
    } catch (error) {
      office.desk.defect(error);
    }
  }

  /** What is shown of a cluster in the pull requests that are open; none while another process acts. */
  previewsOf(cluster: string): readonly Preview[] {
    const { previews, pullRequests } = this.#office?.desk.books ?? {};
    if (previews === undefined || pullRequests === undefined) return [];
    return [...pullRequests.values()].flatMap(({ pullRequest }) => {
      if (pullRequest.state !== 'open') return [];
      const shown = previews.get(previewName(pullRequest.id, cluster));
      return shown === undefined ? [] : [shown.preview];
    });
  }

  /** What keeps a cluster from being changed, beside its spec. */
  brakeOn(cluster: string, now: number): Hold | undefined {
    return this.#office?.desk.books.commands.brakeOn(cluster, now);
  }

  /** The office, while we hold its lease; the books are read when it is taken over. @throws PortError */
  async #acting(signal: AbortSignal): Promise<Office | undefined> {
    if (this.#office?.signal.aborted === true) this.#office = undefined;
    if (this.#office !== undefined) return this.#office;
    this.#opening ??= this.#open(signal).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(signal: AbortSignal): Promise<Office | undefined> {
    const { forge, notifiers = [], repository, ports, leases, settings, report } = this.#options;
    let lease: Lease;
    try {
      lease = await leases.acquire(LEASE, settings.holder);
    } catch (error) {
      if (!(error instanceof PortError) || error.code !== 'conflict') throw error;
      if (this.#standby !== error.message)
        report({ kind: 'pull-requests', state: 'standby', reason: error.message });
      this.#standby = error.message;
      return undefined;
    }
    let books: Books;
    try {
      books = await openBooks(forge, notifiers, ports, ({ key, reason, givenUp }) =>
        report({ kind: 'unsaid', key, reason, givenUp }),
      );
    } catch (error) {
      await lease.release();
      throw error;
    }
    const desk: Desk = {
      forge,
      repository,
      ports,
      settings,
      books,
      checks: () => this.#checks === true,
      defect: (error) => report({ kind: 'defect', cluster: LEASE, error }),
    };
    const ending = AbortSignal.any([signal, lease.lost]);
    ending.addEventListener('abort', () => void lease.release().catch(() => undefined), { once: true });
    books.outbox.run(ending).catch(desk.defect);
    this.#office = {
      desk,
      planning: new Planning(desk),
      policies: new PolicySource(repository, ports.store),
      rollouts: new Rollouts(desk),
      drift: new DriftWatch(desk),
      signal: ending,
    };
    report({ kind: 'pull-requests', state: 'acting', reason: '' });
    return this.#office;
  }

  async #round(office: Office, head: Commit, wake: (cluster: string) => void): Promise<void> {
    const { desk, planning, policies, signal } = office;
    const { repository, settings, books, forge } = desk;
    this.#checks ??= await this.#mayMakeChecks(desk, signal);
    const listed = await ask(desk, 'pull requests', signal, (limited) => forge.pullRequests(limited));
    const here = listed.filter(({ base }) => base.branch === settings.branch);
    for (const pullRequest of here) await remember(books, pullRequest);
    await forgetOld(books, desk.ports.clock.now());
    const open = here.filter(({ state }) => state === 'open');
    planning.retain(new Set(open.map(({ id }) => id)));
    await this.#fetched(repository, open, signal);
    const { policy, problems } = await policies.ofHead(head.id);
    if (problems[0] !== undefined)
      this.#troubled(
        `the policy of ${settings.branch} is not valid, the last good one holds: ${problems[0].summary}`,
      );
    const request = { base: head.id, policy };
    // First what is shown, then what people say about it: what they saw may be what a life that ended has said last.
    await this.#planAll(planning, open, { ...request, anew: new Set() }, signal);
    const names = new Set([
      ...[...books.pullRequests.values()].flatMap(({ clusters }) => clusters),
      ...[...books.rollouts.values()].map(({ rollout }) => rollout.cluster),
    ]);
    const heard = await hearRemarks(desk, names, signal);
    for (const cluster of heard.wake) wake(cluster);
    if (heard.replan.size + heard.wake.size > 0)
      await this.#planAll(planning, open, { ...request, anew: heard.replan }, signal);
  }

  async #planAll(
    planning: Planning,
    open: readonly PullRequest[],
    { base, policy, anew }: Pick<PlanRequest, 'base' | 'policy'> & { readonly anew: ReadonlySet<string> },
    signal: AbortSignal,
  ): Promise<void> {
    const plan = async (pullRequest: PullRequest): Promise<void> => {
      try {
        await planning.plan({ pullRequest, base, policy, anew: anew.has(pullRequest.id) }, signal);
      } catch (error) {
        // One whose head was pushed over meanwhile must not keep the others waiting: it comes again at the next poll.
        if (!(error instanceof PortError)) this.#office?.desk.defect(error);
        else if (!signal.aborted) this.#troubled(`pull request ${pullRequest.id}: ${error.message}`);
      }
    };
    await Promise.all(open.map((pullRequest) => this.#limit(() => plan(pullRequest))));
  }

  async #mayMakeChecks(desk: Desk, signal: AbortSignal): Promise<boolean> {
    const { checks, lacking } = await ask(desk, 'account', signal, (limited) => desk.forge.account(limited));
    if (lacking.length > 0) this.#troubled(lacking.join('; '));
    return checks;
  }

  /** Heads that are gone or have moved on meanwhile are found out one by one, by whoever needs them. */
  async #fetched(
    repository: SpecRepository,
    open: readonly PullRequest[],
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await repository.fetchRefs(
        open.map(({ head: { ref, commit } }) => ({ ref, commit })),
        signal,
      );
    } catch (error) {
      if (!(error instanceof PortError) || (error.code !== 'not-found' && error.code !== 'conflict'))
        throw error;
    }
  }

  #troubled(reason: string): void {
    if (this.#trouble === reason) return;
    this.#trouble = reason;
    this.#options.report({ kind: 'pull-requests', state: 'troubled', reason });
  }
}

/** That it was merged or closed is kept as it is told; a new head only once it has been planned. */
async function remember({ pullRequests }: Books, pullRequest: PullRequest): Promise<void> {
  const known = pullRequests.get(pullRequest.id);
  if (known === undefined) {
    if (pullRequest.state === 'open')
      await pullRequests.put(pullRequest.id, {
        pullRequest,
        clusters: [],
        plannedHead: undefined,
        unsaid: [],
      });
    return;
  }
  // Where the base stands is told by Git; a push there is no news about each of the pull requests.
  const news = { ...pullRequest, base: known.pullRequest.base };
  if (JSON.stringify(known.pullRequest) !== JSON.stringify(news))
    await pullRequests.put(pullRequest.id, { ...known, pullRequest });
}

/** What is over for so long is not looked up any more, unless a change of it still waits. */
const FORGET_MS = 7 * 86_400_000;

async function forgetOld({ pullRequests, previews, rollouts }: Books, now: number): Promise<void> {
  const waiting = new Set(
    [...rollouts.values()].flatMap(({ pullRequest, rollout: { state } }) =>
      state === 'held' || state === 'running' || state === 'failed' ? (pullRequest ?? []) : [],
    ),
  );
  for (const [id, { pullRequest, clusters }] of [...pullRequests.entries()]) {
    if (pullRequest.state === 'open' || waiting.has(id) || now - pullRequest.updatedAt < FORGET_MS) continue;
    for (const cluster of clusters) await previews.remove(previewName(id, cluster));
    await pullRequests.remove(id);
  }
}

function notNow({ cluster }: Candidate, code: string, summary: string): Verdict {
  return {
    verdict: 'held',
    problem: {
      severity: 'error',
      code,
      subject: cluster,
      summary,
      hint: 'it is tried again at the next poll',
    },
  };
}
