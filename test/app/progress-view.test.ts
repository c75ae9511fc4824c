import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { waitsForWhat } from '../../reconciler/app/progress/progress-lines.ts';
import { progressView } from '../../reconciler/app/progress/progress-view.ts';
import { RunningSteps } from '../../reconciler/app/progress/running-steps.ts';
import type { ProgressEvent } from '../../reconciler/engine/progress.ts';
import type { PlannedStep } from '../../reconciler/planner/next-steps.ts';
import { PLAIN } from '../../reconciler/render/style.ts';
import { type Step, stepId } from '../../reconciler/steps/table.ts';
import { healthy, node } from '../render/situations.ts';
import { FakePipe, FakeTerminal } from './fake-terminal.ts';

const START = 1_000_000;

const planned = (step: Step, because = 'it is missing'): PlannedStep => ({ id: stepId(step), step, because });
const volume = (name: string): PlannedStep => planned({ kind: 'prepare-volume', node: name });
const started = (step: PlannedStep, at = START): ProgressEvent => ({ kind: 'step-started', step, at });
const done = (step: PlannedStep, durationMs = 1200): ProgressEvent => ({
  kind: 'step-ended',
  step,
  at: START + durationMs,
  durationMs,
  outcome: { result: 'done' },
});
const failed = (step: PlannedStep, reason: string): ProgressEvent => ({
  ...(done(step) as Extract<ProgressEvent, { kind: 'step-ended' }>),
  outcome: { result: 'failed', reason },
});

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

test('what has ended scrolls, what runs stays below, and nothing of it is left at the end', () => {
  const terminal = new FakeTerminal();
  const view = progressView(terminal, PLAIN, Date.now);
  const [a, b] = [volume('a'), volume('b')];
  view.report({ kind: 'wave', number: 1, steps: [a, b] });
  view.report(started(a));
  view.report(started(b));
  vi.advanceTimersByTime(2000);
  expect(terminal.text()).toMatch(
    /^\S create the volume of a {2}2.0 s\n\S create the volume of b {2}2.0 s\n {2}2.0 s · 0 steps done$/,
  );
  expect(terminal.cursorVisible).toBe(false);
  view.report(done(a));
  vi.advanceTimersByTime(100);
  expect(terminal.text().split('\n')[0]).toBe('✔ create the volume of a  1.2 s  it is missing');
  view.report(failed(b, 'no space left'));
  view.close();
  expect(terminal.text()).toBe(
    '✔ create the volume of a  1.2 s  it is missing\n✖ create the volume of b  1.2 s  no space left',
  );
  expect(terminal.cursorVisible).toBe(true);
});

test('it is drawn at most ten times a second, however much happens', () => {
  const terminal = new FakeTerminal();
  const view = progressView(terminal, PLAIN, Date.now);
  const before = terminal.writes;
  for (let index = 0; index < 1000; index += 1) {
    view.report(started(volume(`n${index}`)));
    vi.advanceTimersByTime(1);
  }
  expect(terminal.writes - before).toBeLessThanOrEqual(10);
  view.close();
});

test('a thousand steps of one kind are one line, and failures among them are told', () => {
  const terminal = new FakeTerminal(100, 20);
  const view = progressView(terminal, PLAIN, Date.now);
  const steps = Array.from({ length: 1000 }, (_, index) => volume(`n${index}`));
  view.report({ kind: 'wave', number: 1, steps });
  for (const step of steps) view.report(started(step));
  for (const step of steps.slice(0, 500)) view.report(done(step));
  vi.advanceTimersByTime(200);
  expect(terminal.text()).toContain('1000 × prepare-volume  ██████████░░░░░░░░░░ 500/1000');
  for (const step of steps.slice(500, 999)) view.report(done(step));
  view.report(failed(steps[999] as PlannedStep, 'no space left'));
  view.close();
  expect(terminal.text().split('\n')).toEqual(['✖ create the volume of n999  1.2 s  no space left']);
});

test('the end of many alike steps is one line', () => {
  const terminal = new FakeTerminal();
  const view = progressView(terminal, PLAIN, Date.now);
  const steps = Array.from({ length: 20 }, (_, index) => volume(`n${index}`));
  view.report({
    kind: 'observed',
    observation: { ...healthy(), facts: { ...healthy().facts, now: START } },
    differences: 20,
  });
  view.report({ kind: 'wave', number: 1, steps });
  for (const step of steps) view.report(started(step));
  for (const step of steps) view.report(done(step, 3400));
  view.close();
  expect(terminal.text()).toBe('✔ 20 × prepare-volume  3.4 s');
});

test('a resize leaves no remains', () => {
  const terminal = new FakeTerminal(80, 24);
  const view = progressView(terminal, PLAIN, Date.now);
  const step = planned({ kind: 'await-agreement' }, 'they do not agree');
  view.report(started(step));
  vi.advanceTimersByTime(100);
  terminal.resize(30, 10);
  vi.advanceTimersByTime(100);
  for (const line of terminal.text().split('\n')) expect(line.length).toBeLessThan(30);
  view.report(done(step));
  view.close();
  expect(terminal.text()).toContain('✔ wait until all members agree and serve');
});

test('a small window shows the end of the block, not more than fits', () => {
  const terminal = new FakeTerminal(80, 5);
  const view = progressView(terminal, PLAIN, Date.now);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) view.report(started(volume(name)));
  vi.advanceTimersByTime(100);
  expect(terminal.text().split('\n').length).toBeLessThanOrEqual(3);
  view.close();
});

test('a pipe gets one plain line for each event and nothing that moves', () => {
  const pipe = new FakePipe();
  const view = progressView(pipe, PLAIN, Date.now);
  const a = volume('a');
  view.report({ kind: 'wave', number: 1, steps: [a] });
  view.report(started(a));
  view.report(done(a));
  view.report(failed(a, 'no\nspace'));
  view.close();
  expect(pipe.text).toBe(
    [
      'wave 1: 1 step',
      '  started  create the volume of a (because it is missing)',
      '  done     create the volume of a (1.2 s)',
      '  failed   create the volume of a (1.2 s): no space',
      '',
    ].join('\n'),
  );
});

test('a wait says what it waits for', () => {
  const steps = new RunningSteps();
  const { live, facts } = structuredClone(healthy());
  node(live, 'n1b').link = 'syncing';
  steps.apply({ kind: 'observed', observation: { live, facts }, differences: 1 });
  expect(waitsForWhat(planned({ kind: 'await-sync', node: 'n1b' }), steps)).toBe(
    'link syncing, 1.5 KiB behind',
  );
});
