import { expect, test } from 'vitest';
import { EventLog } from '../../reconciler/app/log/event-log.ts';
import { createLogger } from '../../reconciler/app/log/logger.ts';
import type { KeeperStatus } from '../../reconciler/engine/keeper-status.ts';
import type { ReconcilerEvent } from '../../reconciler/engine/reconciler-events.ts';
import { PLAIN } from '../../reconciler/render/style.ts';
import type { Problem } from '../../spec-schema/problem.ts';

type Line = Readonly<Record<string, unknown>>;

function recorded(pretty = false): {
  lines: string[];
  handle(event: ReconcilerEvent): void;
  log: ReturnType<typeof createLogger>;
} {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', pretty, style: PLAIN, write: (line) => lines.push(line) });
  const events = new EventLog(log);
  return { lines, log, handle: (event) => events.handle(event) };
}

const parsed = (lines: readonly string[]): Line[] => lines.map((line) => JSON.parse(line) as Line);
const BLOCK: Problem = {
  severity: 'error',
  code: 'volume-lost',
  subject: 'node a',
  summary: 'it is gone',
  hint: 'restore it',
};

function pass(status: KeeperStatus['status'], steps = 0, blocks: readonly Problem[] = []): ReconcilerEvent {
  const keeper: KeeperStatus = {
    status,
    commit: 'abc',
    checkedAt: 1,
    blocks,
    failures: [],
    observation: undefined,
    stepsDone: 0,
    stepsFailed: 0,
  };
  return {
    kind: 'pass',
    cluster: 'orders',
    cause: { kind: 'drift', commit: 'abc' },
    status: keeper,
    durationMs: 12,
    steps,
  };
}

test('a step is one line with cluster, step, reason, cause, commit, duration and result', () => {
  const { lines, handle } = recorded();
  handle({
    kind: 'progress',
    cluster: 'orders',
    cause: { kind: 'drift', commit: 'abc' },
    event: {
      kind: 'step-ended',
      step: {
        id: 'prepare-volume:a',
        step: { kind: 'prepare-volume', node: 'a' },
        because: 'it has no volume',
      },
      at: 1,
      durationMs: 34,
      outcome: { result: 'failed', reason: 'no space left' },
    },
  });
  expect(parsed(lines)).toEqual([
    expect.objectContaining({
      level: 'error',
      cluster: 'orders',
      step: 'prepare-volume:a',
      reason: 'it has no volume',
      cause: 'drift',
      commit: 'abc',
      durationMs: 34,
      result: 'failed',
      error: 'no space left',
    }),
  ]);
});

test('a pass is told only when something changed', () => {
  const { lines, handle } = recorded();
  for (const event of [
    pass('converged'),
    pass('converged'),
    pass('converged'),
    pass('blocked', 0, [BLOCK]),
    pass('blocked', 0, [BLOCK]),
    pass('converged', 1),
  ])
    handle(event);
  expect(parsed(lines).map(({ level, msg }) => [level, msg])).toEqual([
    ['info', 'converged'],
    ['error', 'blocked'],
    ['error', 'it is gone'],
    ['info', 'converged'],
  ]);
});

test('an invalid commit is loud: one line for the file and one for each problem', () => {
  const { lines, handle } = recorded();
  handle({
    kind: 'spec-invalid',
    path: 'a/cluster.yaml',
    commit: 'abc',
    problems: [BLOCK, { ...BLOCK, severity: 'warning' }],
    keeping: 'old',
  });
  expect(parsed(lines).map(({ level, msg }) => [level, msg])).toEqual([
    ['error', 'spec not valid; the last good spec stays in force'],
    ['error', 'it is gone'],
    ['warn', 'it is gone'],
  ]);
  expect(parsed(lines)[0]).toMatchObject({
    path: 'a/cluster.yaml',
    commit: 'abc',
    keeping: 'old',
    problems: 2,
  });
});

test('a force-pushed branch is an error', () => {
  const { lines, handle } = recorded();
  const commit = { id: 'new', author: 'Ann', subject: 'History, rewritten', at: 1 };
  handle({ kind: 'commit', commit, forced: true, previous: 'old' });
  handle({ kind: 'commit', commit, forced: false, previous: 'old' });
  expect(parsed(lines).map(({ level }) => level)).toEqual(['error', 'info']);
});

test('commands on errors are never logged, at any depth of causes', () => {
  const { lines, log } = recorded();
  const command = { name: 'AUTH', args: ['redisforge', 'hunter2'] };
  const deepest = Object.assign(new Error('c'), { command });
  const cause = Object.assign(new Error('b', { cause: deepest }), { command });
  log.error({ err: Object.assign(new Error('a', { cause }), { command }) }, 'defect');
  expect(lines.join('')).not.toContain('hunter2');
  expect(lines.join('')).toContain('defect');
});

test('on a terminal a line can be read, and nothing in it can act on the terminal', () => {
  const { lines, log } = recorded(true);
  log.info({ cluster: 'orders', step: 'meet:a+b\u001b[2J', durationMs: 3 }, 'step done');
  expect(lines).toEqual([
    expect.stringMatching(
      /^\d\d:\d\d:\d\d INFO {2}step done {2}cluster=orders step=meet:a\+b\\u001b\[2J durationMs=3\n$/,
    ),
  ]);
});
