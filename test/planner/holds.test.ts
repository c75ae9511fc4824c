import { describe, expect, it } from 'vitest';
import { holdOf } from '../../reconciler/planner/holds.ts';
import { nextSteps } from '../../reconciler/planner/next-steps.ts';
import { plan } from '../../reconciler/planner/plan.ts';
import { resolve } from '../../reconciler/planner/resolve.ts';
import type { Step } from '../../reconciler/steps/table.ts';
import { convergedState, noFacts, POLICY, specOf, testIntent } from '../support/specs.ts';

const restart: Step = { kind: 'restart-node', node: 'n1b', host: 'h2', changes: {}, config: {}, users: {} };
const configure: Step = { kind: 'configure', node: 'n1b', config: {} };
const failover: Step = { kind: 'failover', shard: 's1', from: 'n1a', to: 'n1b' };
const removal: Step = { kind: 'remove-node', node: 'n1b', host: 'h2' };
const wait: Step = { kind: 'await-sync', node: 'n1b' };

const at = (iso: string): number => Date.parse(iso);
const under = (section: object) => specOf({ edit: (document) => Object.assign(document, section) });

describe('a pause', () => {
  const spec = under({ paused: { reason: 'the auditors are here' } });
  it('holds every step but waits, and says why', () => {
    for (const step of [restart, configure, failover, removal]) {
      expect(holdOf(spec, step, 0)).toMatchObject({
        code: 'paused',
        summary: expect.stringContaining('auditors'),
      });
    }
    expect(holdOf(spec, wait, 0)).toBeUndefined();
  });

  it('lets nothing start, while the plan still shows what would be done', () => {
    const intent = testIntent({
      edit: (document) => Object.assign(document, { paused: { reason: 'the auditors are here' } }),
    });
    const live = structuredClone(convergedState(testIntent()));
    Object.assign(live.nodes['n1b']?.config as object, { appendonly: 'no' });
    const facts = noFacts(intent);
    const decision = nextSteps(intent, resolve(intent, live, facts), live, facts, {
      ...POLICY,
      holds: 'kept',
    });
    expect(decision.wave).toEqual([]);
    expect(decision.blocks).toMatchObject([{ code: 'paused', evidence: 'set appendonly yes on n1b' }]);
    const shown = plan(intent, live, facts, POLICY);
    expect(shown.waves.flat().map(({ id }) => id)).toEqual(['configure:n1b:appendonly=yes']);
    expect(shown.warnings).toMatchObject([{ code: 'paused' }]);
  });
});

describe('maintenance windows', () => {
  // Saturdays from 02:00 to 04:00 in Berlin, which is 01:00 UTC in winter and 00:00 UTC in summer.
  const window = { cron: '0 2 * * 6', minutes: 120 };
  const spec = under({ maintenance: { timezone: 'Europe/Berlin', windows: [window] } });

  it.each([
    ['before it opens', '2026-11-28T00:59:59Z', true],
    ['the moment it opens', '2026-11-28T01:00:00Z', false],
    ['just before it closes', '2026-11-28T02:59:59Z', false],
    ['when it has closed', '2026-11-28T03:00:00Z', true],
    ['in summer time', '2026-07-04T00:30:00Z', false],
  ])('hold a restart: %s', (_, time, held) => {
    expect(holdOf(spec, restart, at(time)) !== undefined).toBe(held);
  });

  it('say until when', () => {
    expect(holdOf(spec, restart, at('2026-11-24T12:00:00Z'))?.summary).toContain('2026-11-28T01:00:00.000Z');
  });

  it('do not hold what nobody notices, nor a failover', () => {
    expect(holdOf(spec, configure, at('2026-11-24T12:00:00Z'))).toBeUndefined();
    expect(holdOf(spec, failover, at('2026-11-24T12:00:00Z'))).toBeUndefined();
  });

  it('are for the classes of risk that they name', () => {
    const careful = under({
      maintenance: { windows: [{ cron: '0 2 * * *', minutes: 60, risks: ['disruptive'] }] },
    });
    expect(holdOf(careful, restart, at('2026-11-24T02:30:00Z'))).toBeUndefined();
    expect(holdOf(careful, removal, at('2026-11-24T02:30:00Z'))?.summary).toContain(
      'no maintenance window is for destructive steps',
    );
  });
});

describe('a freeze', () => {
  const spec = under({ maintenance: { freeze: { reason: 'Black Friday', until: '2026-11-30T00:00:00Z' } } });
  it('holds what disturbs or destroys until it ends, and no repair', () => {
    expect(holdOf(spec, restart, at('2026-11-27T10:00:00Z'))?.summary).toContain('Black Friday');
    expect(holdOf(spec, removal, at('2026-11-27T10:00:00Z'))?.code).toBe('frozen');
    expect(holdOf(spec, failover, at('2026-11-27T10:00:00Z'))).toBeUndefined();
    expect(holdOf(spec, restart, at('2026-11-30T00:00:00Z'))).toBeUndefined();
  });
});
