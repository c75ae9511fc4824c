/** When a step counts as done: its effect shows, not merely what is desired in the end. */
import { describe, expect, it } from 'vitest';
import { Underway } from '../../reconciler/engine/underway.ts';
import type { ClusterState } from '../../reconciler/model/cluster-state.ts';
import { applyOperations } from '../../reconciler/planner/diff.ts';
import type { PlannedStep } from '../../reconciler/planner/next-steps.ts';
import { resolve } from '../../reconciler/planner/resolve.ts';
import { type Step, stepEffect, stepId } from '../../reconciler/steps/table.ts';
import { convergedState, noFacts, testIntent } from '../support/specs.ts';

const intent = testIntent({});
const before = convergedState(intent);
const desiredOf = (live: ClusterState): ClusterState => resolve(intent, live, noFacts(intent));

function started(step: Step): { underway: Underway; planned: PlannedStep } {
  const planned = { id: stepId(step), step, because: '' };
  const underway = new Underway();
  underway.start(planned, before, 0);
  underway.executed(planned.id, 1, undefined);
  return { underway, planned };
}

function outcomes(underway: Underway, live: ClusterState, now = 2): string[] {
  return underway.settle(live, desiredOf(live), now, new Set()).map(({ outcome }) => outcome.result);
}

describe('a switchover that only prepares a restart', () => {
  // Nobody desires it in the end: the present primary is as welcome as the other.
  const step: Step = { kind: 'switchover', shard: 's1', from: 'n1a', to: 'n1b' };

  it('is not done while nothing has happened yet', () => {
    const { underway } = started(step);
    expect(desiredOf(before).nodes['n1b']?.role).toBe('replica');
    expect(outcomes(underway, before)).toEqual([]);
    expect(underway.has(stepId(step))).toBe(true);
  });

  it('is done when the roles have changed, and the former primary is in sync already', () => {
    const { underway } = started(step);
    const after = structuredClone(applyOperations(before, stepEffect(step, before)));
    Object.assign(after.nodes['n1a'] as object, { link: 'up', synced: true });
    expect(outcomes(underway, after)).toEqual(['done']);
  });

  it('has failed when its time is over', () => {
    const { underway } = started(step);
    expect(outcomes(underway, before, 60_000)).toEqual(['failed']);
  });
});

it('a node that was started has come back, whatever place the cluster has given it meanwhile', () => {
  const dead = structuredClone(before);
  Object.assign(dead.nodes['n1a'] as object, { container: 'stopped', reachable: 'no', slots: '' });
  Object.assign(dead.nodes['n1b'] as object, { role: 'primary', replicaOf: null, slots: '0-5460' });
  const { config, users } = before.nodes['n1a'] as {
    config: Record<string, string>;
    users: Record<string, string>;
  };
  const step: Step = { kind: 'start-node', node: 'n1a', host: 'h1', config, users };
  const underway = new Underway();
  underway.start({ id: stepId(step), step, because: '' }, dead, 0);
  underway.executed(stepId(step), 1, undefined);
  const live = structuredClone(dead);
  // Its last slots went to another shard while it was away: it follows their owner, not its own shard's primary.
  Object.assign(live.nodes['n1a'] as object, {
    container: 'running',
    reachable: 'yes',
    role: 'replica',
    replicaOf: 'n2a',
    link: 'up',
  });
  expect(outcomes(underway, dead)).toEqual([]);
  expect(outcomes(underway, live)).toEqual(['done']);
});

it('a node that came back without its cluster is fenced once it is stopped, whether or not anybody still lists it', () => {
  const returned = structuredClone(before);
  Object.assign(returned.nodes['n1b'] as object, { membership: 'parted', link: 'down' });
  const step: Step = { kind: 'fence-node', node: 'n1b', host: 'h2' };
  const underway = new Underway();
  underway.start({ id: stepId(step), step, because: '' }, returned, 0);
  underway.executed(stepId(step), 1, undefined);
  const live = structuredClone(applyOperations(returned, stepEffect(step, returned)));
  // The members had forgotten it: stopped, it is nobody any more.
  Object.assign(live.nodes['n1b'] as object, {
    membership: 'none',
    role: 'none',
    replicaOf: null,
    link: 'none',
    synced: true,
    copy: 'whole',
  });
  expect(outcomes(underway, returned)).toEqual([]);
  expect(outcomes(underway, live)).toEqual(['done']);
});

it('a step is done when somebody has brought about what is desired in its place', () => {
  const { underway } = started({ kind: 'configure', node: 'n1a', config: { maxmemory: '1' } });
  const live = structuredClone(before);
  const wanted = desiredOf(before).nodes['n1a']?.config ?? {};
  (live.nodes['n1a'] as { config: Record<string, string> }).config = { ...wanted, maxmemory: '2' };
  const desired = structuredClone(desiredOf(live));
  (desired.nodes['n1a'] as { config: Record<string, string> }).config['maxmemory'] = '2';
  expect(underway.settle(live, desired, 2, new Set()).map(({ outcome }) => outcome.result)).toEqual(['done']);
});
