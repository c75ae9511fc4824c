import { expect, test } from 'vitest';
import { CommandBook } from '../../reconciler/engine/pull-requests/command-book.ts';
import { ROLLOUTS, type RolloutRecord } from '../../reconciler/engine/pull-requests/desk.ts';
import { Shelf } from '../../reconciler/engine/pull-requests/shelf.ts';
import { standingOf } from '../../reconciler/engine/pull-requests/standing.ts';
import type { Rollout } from '../../reconciler/planner/preview/preview.ts';
import { MemoryStore } from '../support/github/github-lab.ts';

const NOW = 1_000_000;

test('nothing is known where no reconciler has run, and asking leaves nothing behind', async () => {
  const store = new MemoryStore();
  expect(await standingOf(store, 'orders', NOW)).toEqual({ brake: undefined, held: [] });
  expect(await store.read('pull-requests/commands.json')).toBeUndefined();
});

test('a pause is told while it lasts, a held change with what would help', async () => {
  const store = new MemoryStore();
  const book = await CommandBook.open(store, 0);
  const remark = { id: '1', pullRequest: '7', author: 'ada', body: '', at: 1, edited: false };
  const brake = { kind: 'paused', by: 'ada', reason: 'a look first', at: NOW, until: NOW + 1000 } as const;
  await book.handled(remark, { brakes: { orders: brake } }, []);
  const problem = {
    severity: 'error',
    code: 'plan-changed',
    subject: 'orders',
    summary: 'other',
    hint: 'approve',
  } as const;
  const rollout: Rollout = {
    cluster: 'orders',
    mergeCommit: 'c',
    plan: undefined,
    state: 'held',
    problems: [problem],
    steps: [],
    begunAt: undefined,
    endedAt: undefined,
    live: undefined,
  };
  const rollouts = await Shelf.open<RolloutRecord>(store, ROLLOUTS);
  await rollouts.put('orders', {
    rollout,
    pullRequest: '7',
    author: 'ada',
    change: undefined,
    spec: 's',
    seenAt: 0,
    previous: undefined,
    before: undefined,
  });
  expect(await standingOf(store, 'orders', NOW)).toMatchObject({
    brake: { code: 'paused', summary: expect.stringContaining('a look first') },
    held: [{ code: 'plan-changed', summary: 'other', hint: 'approve' }],
  });
  expect((await standingOf(store, 'orders', NOW + 1000)).brake).toBeUndefined();
  expect(await standingOf(store, 'carts', NOW)).toEqual({ brake: undefined, held: [] });
});
