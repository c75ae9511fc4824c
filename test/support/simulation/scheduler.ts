/**
 * Simulated time: a queue of what happens next, and the loop that lets code under test run in between.
 *
 * No real timer is ever set. Between two events the loop waits until every promise that could go on has gone on
 * (Node runs `process.nextTick` callbacks only after all microtasks), so one seed always gives one order.
 */

interface Happening {
  readonly at: number;
  readonly order: number;
  /** Whether code under test may go on because of it; otherwise the next one follows at once. */
  readonly wakes: boolean;
  readonly run: () => void;
}

/** The run did not end: it waits for something that no simulated event can bring, or for too long. */
export class SimulationStuck extends Error {
  override readonly name = 'SimulationStuck';
}

/** Events between two turns of the real event loop, so that a test's own time limit can strike. */
const EVENTS_PER_TURN = 8192;

export class Scheduler {
  now: number;
  #order = 0;
  readonly #heap: Happening[] = [];
  #abandon: ((reason: Error) => void) | undefined;
  /** How many events have happened: a measure of work. */
  events = 0;

  constructor(startAt: number) {
    this.now = startAt;
  }

  /** Lets something happen in the simulated world after `delayMs`; nothing of the code under test depends on it. */
  later(delayMs: number, run: () => void): void {
    this.#push({ at: this.now + delayMs, order: this.#order, wakes: false, run });
  }

  /** Lets the code under test go on after `delayMs`: `run` settles a promise. */
  wake(delayMs: number, run: () => void): void {
    this.#push({ at: this.now + delayMs, order: this.#order, wakes: true, run });
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const stop = () => this.wake(0, resolve);
      signal?.addEventListener('abort', stop, { once: true });
      this.wake(Math.max(0, ms), () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
    });
  }

  /** Ends the present {@link run} at once, as a SIGKILL would: nothing of it is told. */
  abandon(reason: Error): void {
    this.#abandon?.(reason);
  }

  /**
   * Runs `task` and simulated time with it until the task settles.
   * @throws SimulationStuck when `limitMs` of simulated time pass first.
   */
  run<T>(task: () => Promise<T>, limitMs: number): Promise<T> {
    if (this.#abandon !== undefined) throw new Error('a simulation runs one task at a time');
    const deadline = this.now + limitMs;
    return new Promise<T>((resolve, reject) => {
      let settled = false;
      const settle = (report: () => void) => {
        if (settled) return;
        settled = true;
        this.#abandon = undefined;
        report();
      };
      this.#abandon = (reason) => settle(() => reject(reason));
      let idleTurns = 0;
      const pump = () => {
        for (;;) {
          if (settled) return;
          const next = this.#pop();
          if (next === undefined) {
            // Nothing is planned: real input or output may still be under way in the code under test.
            idleTurns += 1;
            if (idleTurns > 1000) {
              settle(() => reject(new SimulationStuck('the task waits for something that never happens')));
            } else setImmediate(pump);
            return;
          }
          if (next.at > deadline) {
            this.#push(next);
            const message = `the task has not settled after ${limitMs} ms of simulated time`;
            settle(() => reject(new SimulationStuck(message)));
            return;
          }
          idleTurns = 0;
          if (next.at > this.now) this.now = next.at;
          this.events += 1;
          try {
            next.run();
          } catch (error) {
            settle(() => reject(error));
            return;
          }
          if (this.events % EVENTS_PER_TURN === 0) {
            setImmediate(pump);
            return;
          }
          if (next.wakes) {
            afterMicrotasks(pump);
            return;
          }
        }
      };
      task().then(
        (value) => settle(() => resolve(value)),
        (error) => settle(() => reject(error)),
      );
      afterMicrotasks(pump);
    });
  }

  #push(happening: Happening): void {
    this.#order += 1;
    const heap = this.#heap;
    let index = heap.length;
    heap.push(happening);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Happening;
      if (!before(happening, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = happening;
  }

  #pop(): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Happening, heap[child] as Happening))
        child += 1;
      if (!before(heap[child] as Happening, last)) break;
      heap[index] = heap[child] as Happening;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function before(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Queued from within a microtask, a tick runs when no microtask is left. */
function afterMicrotasks(run: () => void): void {
  queueMicrotask(() => process.nextTick(run));
}
