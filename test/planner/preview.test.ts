/** What a pull request changes, and whether one plan is another one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlannedStep } from '../../reconciler/planner/next-steps.ts';
import { planId } from '../../reconciler/planner/preview/digests.ts';
import { planChange } from '../../reconciler/planner/preview/plan-change.ts';
import { specEdits } from '../../reconciler/planner/preview/spec-edits.ts';
import { specOf } from '../support/specs.ts';

describe('edits of a spec', () => {
  it('name entries of lists, so that taking one out changes nothing else', () => {
    const base = specOf({ shards: 4, roles: false });
    const head = { ...base, nodes: base.nodes.filter(({ name }) => name !== 'n2a') };
    expect(specEdits(base, head)).toEqual([
      {
        operation: { op: 'remove', path: '/nodes/n2a' },
        before: base.nodes.find(({ name }) => name === 'n2a'),
      },
    ]);
  });

  it('tell what stood there before', () => {
    const edits = specEdits(specOf(), specOf({ config: { maxmemory: '1gb' } }));
    expect(edits).toEqual([
      { operation: { op: 'add', path: '/redis/config/maxmemory', value: '1gb' }, before: undefined },
    ]);
    const [back] = specEdits(specOf({ config: { maxmemory: '1gb' } }), specOf());
    expect(back?.before).toBe('1gb');
  });

  it('of what says the same are none, and a new spec is all new', () => {
    expect(specEdits(specOf(), structuredClone(specOf()))).toEqual([]);
    expect(specEdits(undefined, specOf()).every(({ operation }) => operation.op === 'add')).toBe(true);
  });
});

function step(id: number, waits = false): PlannedStep {
  const node = `n${id}`;
  return {
    id: `${waits ? 'await-sync' : 'start-node'}:${node}`,
    because: '',
    step: waits ? { kind: 'await-sync', node } : { kind: 'start-node', node, host: 'h1' },
  } as PlannedStep;
}

describe('two plans', () => {
  const waves = fc.array(
    fc.array(
      fc.nat({ max: 6 }).map((id) => step(id)),
      { maxLength: 4 },
    ),
    { maxLength: 4 },
  );

  it('are the same however their waves are cut, and whatever is waited for', () => {
    fc.assert(
      fc.property(waves, (plan) => {
        const flat = [plan.flat().toReversed(), [step(1, true)]];
        expect(planChange(plan, flat)).toEqual({ verdict: 'same', added: [], gone: [] });
      }),
    );
  });

  it('are others as soon as one step comes that was not shown, or comes more often', () => {
    fc.assert(
      fc.property(waves, fc.nat({ max: 6 }), (plan, id) => {
        const more = [...plan, [step(id)]];
        expect(planChange(plan, more)).toMatchObject({ verdict: 'other', added: [step(id)], gone: [] });
        expect(planChange(more, plan)).toMatchObject({ verdict: 'less', added: [], gone: [step(id)] });
      }),
    );
  });

  it('have one id for equal steps of one head', () => {
    expect(planId('orders', 'a', 'x')).toMatch(/^p_[0-9a-f]{12}$/);
    expect(planId('orders', 'a', 'x')).toBe(planId('orders', 'a', 'x'));
    expect(
      new Set([
        planId('orders', 'a', 'x'),
        planId('orders', 'b', 'x'),
        planId('cart', 'a', 'x'),
        planId('orders', 'a', 'y'),
      ]).size,
    ).toBe(4);
  });
});
