/** The end of something long is noticed at once, and cheaply. */
import { describe, expect, it } from 'vitest';
import { untilOneEnds, type Watched } from '../../reconciler/engine/watch.ts';
import type { MigrationTask } from '../../reconciler/model/readings.ts';
import { PortError } from '../../reconciler/ports.ts';
import type { StepContext } from '../../reconciler/steps/step.ts';

const TASK: MigrationTask = {
  id: 't',
  slots: [[0, 9]],
  source: 's',
  target: 'd',
  operation: 'import',
  state: 'streaming-buffer',
  lastError: '',
  retries: 0,
  createdAt: 0,
  startedAt: 0,
  endedAt: -1,
  writePauseMs: -1,
};

function moving(to: string): Watched {
  return { step: { kind: 'migrate-slots', from: 'a', to, slots: '0-9' }, at: 0 };
}

/** A world in which imports end when they are told to, and time passes only in sleep. */
function world(endsAt: Readonly<Record<string, number>>, signal = new AbortController().signal) {
  let now = 0;
  let questions = 0;
  const context = {
    signal,
    clock: {
      now: () => now,
      sleep: async (ms: number) => {
        now += ms;
        // Others get their turn.
        await new Promise((resolve) => setImmediate(resolve));
      },
    },
    redis: (name: string) => ({
      migrations: async () => {
        questions += 1;
        const end = endsAt[name];
        if (end === undefined) throw new PortError('unreachable', name);
        return [{ ...TASK, state: now >= end ? 'completed' : 'failed' }];
      },
    }),
  } as unknown as StepContext;
  return { context, now: () => now, questions: () => questions };
}

describe('watching', () => {
  it('notices the end within a hundredth of a second, or a twentieth of what it took', async () => {
    for (const end of [0, 100, 1_000, 7_200_000]) {
      const { context, now, questions } = world({ b: end });
      await untilOneEnds([moving('b')], context);
      expect(now()).toBeGreaterThanOrEqual(end);
      expect(now() - end).toBeLessThanOrEqual(Math.max(10, end / 20));
      expect(questions()).toBeLessThan(500);
    }
  });

  it('ends with the first of several', async () => {
    const { context, now } = world({ b: 1_000_000, c: 50 });
    await untilOneEnds([moving('b'), moving('c')], context);
    expect(now()).toBeLessThan(200);
  });

  it('says nothing of what cannot be asked, until it is told to end', async () => {
    const over = new AbortController();
    const { context } = world({}, over.signal);
    let ended = false;
    const watching = untilOneEnds([moving('b')], context).then(() => {
      ended = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    over.abort();
    await watching;
  });
});
