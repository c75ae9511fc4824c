import { expect, test } from 'vitest';
import { OnceWatch } from '../../reconciler/app/once.ts';
import type { KeeperStatus } from '../../reconciler/engine/keeper-status.ts';
import type { ReconcilerStatus } from '../../reconciler/engine/reconciler.ts';

const COMMIT = { id: 'c'.repeat(40), author: 'Ann', subject: 'x', at: 1 };

function keeper(status: KeeperStatus['status'], changes: Partial<KeeperStatus> = {}): KeeperStatus {
  return {
    status,
    commit: COMMIT.id,
    checkedAt: 1,
    blocks: [],
    failures: [],
    observation: undefined,
    stepsDone: 0,
    stepsFailed: 0,
    ...changes,
  };
}

function status(
  clusters: ReconcilerStatus['clusters'],
  changes: Partial<ReconcilerStatus> = {},
): ReconcilerStatus {
  return {
    commit: COMMIT,
    polledAt: 1,
    repositoryFailure: undefined,
    clusters,
    invalid: {},
    held: {},
    standby: undefined,
    ...changes,
  };
}

const GONE = {
  severity: 'error',
  code: 'volume-lost',
  subject: 'node a',
  summary: 'the volume is gone',
} as const;

test('it is over when every cluster has converged', () => {
  const watch = new OnceWatch();
  expect(watch.ending(status({}, { commit: undefined }))).toBeUndefined();
  expect(watch.ending(status({ a: keeper('converged'), b: keeper('working') }))).toBeUndefined();
  expect(watch.ending(status({ a: keeper('converged'), b: keeper('converged') }))).toEqual({
    exitCode: 0,
    reasons: [],
  });
});

test('it is over when a pass could do nothing more, with the reasons', () => {
  const watch = new OnceWatch();
  const failing = keeper('failed', {
    failures: [{ step: 'deploy-node:a', reason: 'port taken' }],
    checkedAt: 1,
    observation: {} as never,
  });
  const event = {
    kind: 'pass',
    cluster: 'a',
    cause: { kind: 'change' },
    status: failing,
    durationMs: 1,
  } as const;
  watch.record({ ...event, steps: 2 });
  expect(watch.ending(status({ a: failing }))).toBeUndefined();
  watch.record({ ...event, steps: 0 });
  expect(watch.ending(status({ a: failing }))).toEqual({
    exitCode: 1,
    reasons: ['a: deploy-node:a: port taken'],
  });
});

test('secrets that cannot be read end it at once', () => {
  expect(new OnceWatch().ending(status({ a: keeper('blocked', { blocks: [GONE] }) }))).toEqual({
    exitCode: 3,
    reasons: ['a: the volume is gone'],
  });
});

test('somebody else who holds the cluster ends it', () => {
  const standby = keeper('standby', {
    checkedAt: undefined,
    failures: [{ step: 'lease', reason: 'held by another' }],
  });
  expect(new OnceWatch().ending(status({ a: standby }))?.exitCode).toBe(3);
});

test('a spec that is not valid makes it an error, also when the last good one has converged', () => {
  const ending = new OnceWatch().ending(
    status({ a: keeper('converged') }, { invalid: { 'a/cluster.yaml': [GONE] } }),
  );
  expect(ending).toEqual({ exitCode: 1, reasons: ['a/cluster.yaml: the volume is gone'] });
});

test('no repository, or none with a spec in it, is an error', () => {
  const watch = new OnceWatch();
  expect(watch.ending(status({}, { repositoryFailure: 'refused' }))?.exitCode).toBe(1);
  expect(watch.ending(status({}))?.reasons).toEqual(['commit cccccccccccc holds no cluster.yaml']);
});
