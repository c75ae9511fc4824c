import { expect, test } from 'vitest';
import type { Ports } from '../../reconciler/engine/cluster.ts';
import { Reconciler } from '../../reconciler/engine/reconciler.ts';
import type { Clock, Leases, StateStore } from '../../reconciler/ports.ts';
import { SimulatedRepository } from '../support/simulation/spec-repository.ts';

/** Time moves only when a test says so. */
class ManualClock implements Clock {
  #now = 0;
  #sleepers: { readonly until: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      signal?.addEventListener('abort', () => resolve(), { once: true });
      this.#sleepers.push({ until: this.#now + ms, wake: resolve });
    });
  }

  /** Everything that follows from the time having come has happened afterwards. */
  async forward(ms: number): Promise<void> {
    await settled();
    this.#now += ms;
    const due = this.#sleepers.filter(({ until }) => until <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#now);
    for (const { wake } of due) wake();
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

class MemoryStore implements StateStore {
  readonly #documents = new Map<string, string>();
  read = async (key: string): Promise<string | undefined> => this.#documents.get(key);
  write = async (key: string, content: string): Promise<void> => void this.#documents.set(key, content);
  append = async (): Promise<void> => undefined;
}

test('a bell shortens the wait for the next look, however often it rings, and does not make a habit of it', async () => {
  const clock = new ManualClock();
  const repository = new SimulatedRepository(() => clock.now());
  repository.commit('main', { 'README.md': 'no spec yet' });
  const unused = {} as never;
  const ports: Ports = { engines: unused, redis: unused, secrets: unused, store: new MemoryStore(), clock };
  const settings = { pollMs: 30_000, driftMs: 30_000, holder: 'test' };
  const reconciler = new Reconciler(ports, repository, {} as Leases, settings, () => undefined);
  const over = new AbortController();
  const running = reconciler.run(over.signal);
  await clock.forward(0);
  expect(repository.fetches).toBe(1);
  for (let times = 0; times < 100; times += 1) reconciler.wake();
  await clock.forward(1_000);
  expect(repository.fetches, 'not at once: a bell that never stops would be heard all the time').toBe(1);
  await clock.forward(1_000);
  expect(repository.fetches).toBe(2);
  await clock.forward(2_000);
  expect(repository.fetches, 'a bell that rang before is over').toBe(2);
  reconciler.wake();
  await clock.forward(0);
  expect(repository.fetches).toBe(3);
  await clock.forward(2_000);
  await clock.forward(27_999);
  expect(repository.fetches).toBe(3);
  await clock.forward(1);
  expect(repository.fetches, 'and without any bell it is as it was').toBe(4);
  over.abort();
  await running;
});
