/** What a plan says of balance: the score before and after, and why slots move or stay where they are. */
import { describe, expect, it } from 'vitest';
import { SLOT_COUNT } from '../../reconciler/model/slots.ts';
import { type Plan, plan } from '../../reconciler/planner/plan.ts';
import { balanceInWords } from '../../reconciler/render/balance-words.ts';
import { planJson } from '../../reconciler/render/plan-json.ts';
import { planMarkdown } from '../../reconciler/render/plan-markdown.ts';
import { planText } from '../../reconciler/render/plan-text.ts';
import { planView } from '../../reconciler/render/plan-view.ts';
import { PLAIN } from '../../reconciler/render/style.ts';
import { convergedState, emptyState, noFacts, POLICY, type SpecShape, testIntent } from '../support/specs.ts';

interface Situation {
  readonly from?: SpecShape;
  readonly to?: SpecShape;
  readonly balance?: { readonly by: 'slots' | 'memory' | 'load'; readonly threshold?: number };
  /** What a slot weighs. */
  readonly weight?: (slot: number) => number;
}

/** The plan for a cluster that was converged before, and whose slots weigh what is told. */
function planOf({ from = {}, to = from, balance, weight }: Situation): Plan {
  const intent = testIntent({
    ...to,
    edit: (document) => Object.assign(document, balance === undefined ? {} : { balance }),
  });
  const live = structuredClone(convergedState(testIntent(from)));
  for (const [name, node] of Object.entries(emptyState(intent).nodes)) live.nodes[name] ??= node;
  const slotWeights =
    weight === undefined ? undefined : Array.from({ length: SLOT_COUNT }, (_, slot) => weight(slot));
  const facts = { ...noFacts(intent), ...(slotWeights === undefined ? {} : { slotWeights }) };
  return plan(intent, live, facts, POLICY);
}

const words = ({ balance }: Plan): string | undefined => balanceInWords(balance)?.lines.join('\n');

describe('the balance that a plan tells of', () => {
  it('is worth no word while all have like shares of the slots', () => {
    const made = planOf({});
    expect(made.balance).toMatchObject({ by: 'slots', reason: 'even', thresholdPercent: 2 });
    expect(made.balance.before?.worstPercent).toBeLessThan(0.1);
    expect(words(made)).toBeUndefined();
  });

  it('is none of a cluster that is yet to be formed', () => {
    const intent = testIntent();
    const { balance } = plan(intent, emptyState(intent), noFacts(intent), POLICY);
    expect(balance.before).toBeNull();
    expect(balanceInWords(balance)).toBeUndefined();
  });

  it('gets as good as it can with a new shard', () => {
    const { balance, ...made } = planOf({ to: { shards: 4 } });
    expect(balance.reason).toBe('moves');
    expect(balance.before?.worstPercent).toBe(100);
    expect(balance.after?.worstPercent).toBeLessThan(0.1);
    expect(words({ balance, ...made })).toBe('before: s4 has nothing yet\nafter: every shard has its share');
  });

  it('counts by what slots weigh where that is shared, and by the same weights afterwards', () => {
    // The first third of the slots holds three times as much as the others together.
    const made = planOf({ balance: { by: 'memory' }, weight: (slot) => (slot < 5461 ? 60 : 10) });
    expect(made.balance).toMatchObject({
      by: 'memory',
      measured: true,
      thresholdPercent: 20,
      reason: 'moves',
    });
    expect(made.balance.before?.worstPercent).toBeCloseTo(125, 0);
    expect(made.balance.after?.worstPercent).toBeLessThan(5);
    expect(words(made)).toMatch(
      /^before: s1 has 125 % more than its share \(75 % of all instead of 33 %\)\nafter: s\d has [\d.]+ % (more|less)/,
    );
  });

  it('says that nothing moves under the threshold, and that it does above', () => {
    const uneven = { weight: (slot: number) => (slot < 5461 ? 12 : 10) } as const;
    const made = planOf({ balance: { by: 'load' }, ...uneven });
    expect(made).toMatchObject({ status: 'converged', balance: { reason: 'even' } });
    expect(words(made)).toBe(
      's1 has 12 % more than its share (37 % of all instead of 33 %); under the threshold of 20 %, so no slot moves',
    );
    expect(planOf({ balance: { by: 'load', threshold: 5 }, ...uneven }).balance).toMatchObject({
      reason: 'moves',
      thresholdPercent: 5,
    });
  });

  it('is shown in every format, also when there is nothing to do', () => {
    const made = planOf({ balance: { by: 'load' }, weight: (slot) => (slot < 5461 ? 12 : 10) });
    const live = convergedState(testIntent());
    const said = 's1 has 12 % more than its share';
    expect(planText(planView(made, live), PLAIN)).toContain(`What is shared\n  balance by load: ${said}`);
    expect(planMarkdown(made, live)).toContain(`| balance by load | ${said}`);
    expect(planJson(made, live)).toMatchObject({
      balance: { by: 'load', reason: 'even', thresholdPercent: 20 },
    });
  });

  it('says that a single heavy slot stays where it is', () => {
    const made = planOf({ balance: { by: 'load' }, weight: (slot) => (slot === 100 ? 1_000_000 : 0) });
    expect(made).toMatchObject({ status: 'converged', balance: { reason: 'heavy-slots' } });
    expect(words(made)).toContain('above the threshold of 20 %, but single slots weigh so much');
  });

  it('says that nothing was measured, and shares by number then', () => {
    const made = planOf({ balance: { by: 'memory' } });
    expect(made.balance).toMatchObject({
      by: 'memory',
      measured: false,
      thresholdPercent: 2,
      reason: 'even',
    });
    expect(words(made)).toMatch(/^what slots weigh by memory was not measured, or is nothing/);
  });
});
