/**
 * The planner remembers what it said of nodes that have not changed. That spares work and must never make a difference:
 * along random histories everything is worked out as it goes, and then again of each document alone.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import type { Facts } from '../../reconciler/model/facts.ts';
import { diff, isConverged } from '../../reconciler/planner/diff.ts';
import { fingerprint } from '../../reconciler/planner/fingerprint.ts';
import type { Intent } from '../../reconciler/planner/intent.ts';
import { checkLaws } from '../../reconciler/planner/laws.ts';
import { nextSteps } from '../../reconciler/planner/next-steps.ts';
import { resolve } from '../../reconciler/planner/resolve.ts';
import { runs } from '../support/examples.ts';
import { afterRound, type History, histories, type Round } from '../support/random-states.ts';
import { noFacts, POLICY } from '../support/specs.ts';

interface Moment {
  readonly intent: Intent;
  readonly live: ClusterState;
  readonly facts: Facts;
}

/** All that is worked out of one document. */
function thoughts({ intent, live, facts }: Moment) {
  const desired = resolve(intent, live, facts);
  const decision = nextSteps(intent, desired, live, facts, POLICY);
  const steps = decision.wave.map(({ step }) => step);
  return {
    desired,
    decision,
    converged: isConverged(live, desired),
    violations: checkLaws({ before: live, steps, after: live }, POLICY),
    fingerprint: fingerprint(live),
  };
}

/** Nothing of it is known to anybody. */
function afresh(moment: Moment): ReturnType<typeof thoughts> {
  return thoughts(structuredClone(moment));
}

type Remembered = { readonly moment: Moment; readonly thought: ReturnType<typeof thoughts> };

function* tell({ intent, live: start, rounds }: History): Generator<Remembered> {
  let live = start;
  for (const round of rounds) {
    const moment = { intent, live, facts: factsOf(intent, round) };
    const thought = thoughts(moment);
    yield { moment, thought };
    live = afterRound(
      live,
      thought.decision.wave.map(({ step }) => step),
      round,
    );
  }
}

const unchanging = new WeakMap<Intent, Facts>();

/** The very same facts as long as nothing else is read, as in a plan; and other ones for a while. */
function factsOf(intent: Intent, { address }: Round): Facts {
  const facts = unchanging.get(intent) ?? noFacts(intent);
  unchanging.set(intent, facts);
  if (address === null) return facts;
  const name = Object.keys(intent.nodes)[address % Object.keys(intent.nodes).length] as string;
  const moved = { endpoints: [], remarks: [], address: { ip: '10.9.9.9', port: 7000, busPort: 17000 } };
  return { ...facts, nodes: { ...facts.nodes, [name]: moved } };
}

function expectTheSame(told: readonly Remembered[]): void {
  for (const { moment, thought } of told) {
    const again = afresh(moment);
    // A plain comparison first: to be able to show a difference takes ten times as long.
    if (!isDeepStrictEqual(thought, again)) expect(thought).toEqual(again);
    expect(thought.converged).toBe(diff(moment.live, thought.desired).length === 0);
  }
}

/** The histories are the same in every run, so that a failure is somebody's doing. */
const seed = 20_261_124;
const timeout = 120_000;

describe('what is decided', () => {
  it(
    'is the same from scratch',
    () => {
      fc.assert(
        fc.property(histories, (history) => expectTheSame([...tell(history)])),
        { numRuns: runs(60), seed },
      );
    },
    timeout,
  );

  it(
    'is the same when other clusters are decided about in between',
    () => {
      fc.assert(
        fc.property(histories, histories, (one, other) => {
          const [first, second] = [tell(one), tell(other)];
          const told: Remembered[] = [];
          for (let more = true; more; ) {
            const next = [first.next(), second.next()];
            more = next.some(({ done }) => done !== true);
            told.push(...next.flatMap(({ value }) => value ?? []));
          }
          expectTheSame(told);
        }),
        { numRuns: runs(15), seed },
      );
    },
    timeout,
  );
});
