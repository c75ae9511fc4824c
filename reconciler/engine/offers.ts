/**
 * Specs that are on the branch and not in force: each is offered for admission until it may come into force or the
 * branch says something else. One that takes long to be judged holds up no other.
 */

import pLimit from 'p-limit';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import { understoodDigest } from '../planner/preview/digests.ts';
import { PortError } from '../ports.ts';
import type { SpecInForce, SpecsInForce } from './in-force.ts';
import type { Admission } from './pull-requests/admission.ts';
import type { ReconcilerEvent } from './reconciler-events.ts';
import type { AcceptedSpec, SpecChange } from './spec-source.ts';

/** Clusters that are judged at the same time. */
const PARALLEL_JUDGEMENTS = 8;

interface Offer extends AcceptedSpec {
  readonly head: string;
  readonly previous: string | undefined;
  readonly author: string | undefined;
}

export interface OffersOptions {
  readonly admission: Admission;
  readonly inForce: SpecsInForce;
  readonly report: (event: ReconcilerEvent) => void;
  /** Looks after a cluster by a spec that is in force. */
  readonly keep: (spec: ClusterSpec, commit: string, approved: ReadonlySet<string>) => void;
  /** Nobody looks after the cluster any more. */
  readonly letGo: (cluster: string) => void;
  /** Commit that the keeper of a cluster follows. */
  readonly followed: (cluster: string) => string | undefined;
}

export class Offers {
  readonly #options: OffersOptions;
  readonly #offers = new Map<string, Offer>();
  readonly #held = new Map<string, Problem>();
  readonly #judging = new Set<string>();
  readonly #limit = pLimit(PARALLEL_JUDGEMENTS);

  constructor(options: OffersOptions) {
    this.#options = options;
  }

  /** Why specs of the head are not in force, by cluster. */
  get held(): ReadonlyMap<string, Problem> {
    return this.#held;
  }

  /** What a new head says. The very first one is what people declare at the start: it comes into force as it is. @throws PortError */
  async take(change: SpecChange): Promise<void> {
    const { inForce, keep } = this.#options;
    const head = change.commit.id;
    if (!inForce.areKnown) {
      const first = change.specs.map((spec) => ({ ...spec, approved: new Set<string>() }));
      await inForce.put(first);
      for (const { spec } of first) keep(spec, head, new Set());
      return;
    }
    this.#offers.clear();
    for (const accepted of change.specs) {
      const cluster = accepted.spec.metadata.name;
      const now = inForce.of(cluster);
      if (now === undefined || understoodDigest(now.spec) !== understoodDigest(accepted.spec)) {
        this.#offers.set(cluster, {
          ...accepted,
          head,
          previous: change.previous,
          author: accepted.commit === head ? change.commit.author : undefined,
        });
        continue;
      }
      // Rewritten history that says the same changes nothing, and what comes after it is measured by it.
      if (change.forced) await inForce.put([{ ...accepted, commit: head, approved: now.approved }]);
      keep(accepted.spec, head, now.approved);
    }
    for (const cluster of this.#held.keys()) if (!this.#offers.has(cluster)) this.#held.delete(cluster);
    await this.#release(change);
  }

  /** Clusters whose spec is gone are let go only where the policy allows it: a file is deleted too easily. */
  async #release(change: SpecChange): Promise<void> {
    const { admission, inForce, letGo, report } = this.#options;
    const present = new Set([
      ...change.specs.map(({ spec }) => spec.metadata.name),
      // What is not valid says nothing about which cluster it was.
      ...change.invalid.flatMap(({ path }) =>
        [...inForce.all()].flatMap(([cluster, entry]) => (entry.path === path ? [cluster] : [])),
      ),
    ]);
    for (const cluster of [...inForce.all().keys()].filter((name) => !present.has(name))) {
      if (await admission.mayRelease(change.previous)) {
        await inForce.drop(cluster);
        letGo(cluster);
        continue;
      }
      const problem: Problem = {
        severity: 'error',
        code: 'spec-gone',
        subject: cluster,
        summary: `the spec of ${cluster} is gone from the branch; the one that was in force stays in force`,
        hint: 'bring the file back, or let the policy say `limits.release: allowed` and take it away then',
      };
      this.#held.set(cluster, problem);
      report({ kind: 'held', cluster, commit: change.commit.id, problem });
    }
  }

  /** Has every offer judged, beside those that are being judged still. Returns at once. */
  judge(signal: AbortSignal): void {
    for (const [cluster, offer] of [...this.#offers, ...this.#again()]) {
      if (this.#judging.has(cluster)) continue;
      this.#judging.add(cluster);
      void this.#limit(() => this.#judge(cluster, offer, signal))
        .catch((error: unknown) => {
          if (error instanceof PortError) return;
          this.#options.report({ kind: 'defect', cluster, error });
        })
        .finally(() => this.#judging.delete(cluster));
    }
  }

  /** Changes that came into force and got stuck before a step that no plan had: somebody may approve it now. */
  #again(): [string, Offer][] {
    const { admission, inForce } = this.#options;
    return admission.stuck().flatMap((cluster): [string, Offer][] => {
      const entry = this.#offers.has(cluster) ? undefined : inForce.of(cluster);
      return entry === undefined
        ? []
        : [[cluster, { ...entry, head: entry.commit, previous: undefined, author: undefined }]];
    });
  }

  async #judge(cluster: string, offer: Offer, signal: AbortSignal): Promise<void> {
    const { admission, inForce, report, keep, followed } = this.#options;
    const verdict = await admission.admit(
      {
        cluster,
        path: offer.path,
        spec: offer.spec,
        commit: offer.commit,
        author: offer.author,
        previous: offer.previous,
        inForce: inForce.of(cluster),
        followed: followed(cluster),
      },
      signal,
    );
    // The branch may say something else by now.
    const current = this.#offers.get(cluster);
    if (
      signal.aborted ||
      (current !== offer && !(current === undefined && inForce.of(cluster)?.spec === offer.spec))
    )
      return;
    if (verdict.verdict === 'held') {
      const before = this.#held.get(cluster);
      this.#held.set(cluster, verdict.problem);
      if (before?.code !== verdict.problem.code || before.summary !== verdict.problem.summary)
        report({ kind: 'held', cluster, commit: offer.commit, problem: verdict.problem });
      return;
    }
    const entry: SpecInForce = {
      path: offer.path,
      spec: offer.spec,
      text: offer.text,
      commit: offer.commit,
      approved: verdict.approved,
    };
    await inForce.put([entry]);
    this.#offers.delete(cluster);
    this.#held.delete(cluster);
    report({ kind: 'admitted', cluster, commit: offer.commit, destructive: verdict.approved.size });
    keep(offer.spec, offer.head, verdict.approved);
  }
}
