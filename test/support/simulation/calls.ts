/**
 * The way of every port call: out, effect, and back, each a point at which the world may change in between.
 *
 * Here the code under test dies, waits in vain, or is told a failure though the effect has happened.
 */
import { PortError } from '../../../reconciler/ports.ts';
import type { World } from './world.ts';

/**
 * What befalls one call. `crash-…` ends the code under test like a SIGKILL: before the effect, in the middle of
 * it (where it has one), or after it. `hang` and `timeout-…` are told at the deadline, `broken-…` at once.
 */
export type CallMishap =
  | 'crash-before'
  | 'crash-during'
  | 'crash-after'
  | 'hang'
  | 'timeout-done'
  | 'timeout-undone'
  | 'broken-done'
  | 'broken-undone';

export const CALL_MISHAPS: readonly CallMishap[] = [
  'crash-before',
  'crash-during',
  'crash-after',
  'hang',
  'timeout-done',
  'timeout-undone',
  'broken-done',
  'broken-undone',
];

/** The code under test has been killed: start it again from nothing. */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash';
}

/** One life of the code under test, from its start to a crash. Calls of an ended life never return. */
export interface Life {
  alive: boolean;
}

export interface CallSite {
  /** `engine.startContainer`, `redis.meet`: for counters, faults and the history. */
  readonly call: string;
  readonly subject: string;
  readonly mutating: boolean;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Asked when the call arrives. */
  readonly reach: () => 'answers' | 'silence' | 'refusal';
}

/** One part of a call's effect, and how long it takes. Only the last one's result counts. */
export type Stage<T> = readonly [takesMs: number, run: () => T];

interface PlannedMishap {
  readonly mishap: CallMishap;
  readonly call: string | undefined;
  /** How many matching calls go well before. */
  skip: number;
}

const NEVER = new Promise<never>(() => {});

export class Calls {
  readonly #world: World;
  readonly #crash: (where: string) => void;
  readonly #planned: PlannedMishap[] = [];
  /** Mutating calls by kind, since the start or {@link clearCounts}. */
  readonly #counts = new Map<string, number>();

  constructor(world: World, crash: (where: string) => void) {
    this.#world = world;
    this.#crash = crash;
  }

  /** @param call kind of call that it befalls; without one any mutating call. */
  plan(mishap: CallMishap, call: string | undefined, skip: number): void {
    this.#planned.push({ mishap, call, skip });
  }

  clearMishaps(): void {
    this.#planned.length = 0;
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  clearCounts(): void {
    this.#counts.clear();
  }

  perform<T>(life: Life, site: CallSite, stages: readonly [...Stage<unknown>[], Stage<T>]): Promise<T> {
    if (!life.alive) return NEVER;
    const world = this.#world;
    if (site.mutating) this.#counts.set(site.call, (this.#counts.get(site.call) ?? 0) + 1);
    const mishap = this.#mishap(site);
    return new Promise<T>((resolve, reject) => {
      let settled = false;
      const back = (delayMs: number, deliver: () => void) => {
        world.scheduler.wake(delayMs, () => {
          if (settled || !life.alive) return;
          settled = true;
          site.signal?.removeEventListener('abort', abort);
          deliver();
        });
      };
      const fail = (delayMs: number, error: unknown) => back(delayMs, () => reject(error));
      const sentAt = world.now;
      const timeout = () =>
        fail(
          sentAt + site.deadlineMs - world.now,
          new PortError('timeout', `${site.call} ${site.subject}: no answer within ${site.deadlineMs} ms`),
        );
      const broken = () =>
        fail(1, new PortError('unreachable', `${site.call} ${site.subject}: the connection broke`));
      const crash = () => {
        if (life.alive) this.#crash(`${mishap} of ${site.call} ${site.subject}`);
      };
      const abort = () => fail(0, new PortError('aborted', `${site.call} ${site.subject}: given up`));
      if (site.signal?.aborted === true) return abort();
      site.signal?.addEventListener('abort', abort, { once: true });

      const answer = (deliver: () => void) => {
        if (mishap === 'crash-after' || mishap === 'crash-during') return crash();
        if (mishap === 'timeout-done') return timeout();
        if (mishap === 'broken-done') return broken();
        back(oneWay(world), deliver);
      };
      const step = (index: number) => {
        const stage = stages[index] as Stage<unknown>;
        world.scheduler.later(stage[0], () => {
          let result: unknown;
          try {
            result = stage[1]();
          } catch (error) {
            return answer(() => reject(error));
          }
          if (index + 1 === stages.length) return answer(() => resolve(result as T));
          if (mishap === 'crash-during') return crash();
          step(index + 1);
        });
      };
      world.scheduler.later(oneWay(world), () => {
        if (mishap === 'crash-before') return crash();
        if (mishap === 'hang' || mishap === 'timeout-undone') return timeout();
        if (mishap === 'broken-undone') return broken();
        const reach = site.reach();
        if (reach === 'silence') return timeout();
        if (reach === 'refusal') {
          return fail(1, new PortError('unreachable', `${site.call} ${site.subject}: connection refused`));
        }
        if (site.mutating) world.tell(`RedisForge: ${site.call} ${site.subject}`);
        step(0);
      });
    });
  }

  #mishap(site: CallSite): CallMishap | undefined {
    if (this.#planned.length === 0) return undefined;
    for (const [index, planned] of this.#planned.entries()) {
      if (planned.call === undefined ? !site.mutating : planned.call !== site.call) continue;
      if (planned.skip > 0) {
        planned.skip -= 1;
        continue;
      }
      this.#planned.splice(index, 1);
      this.#world.tell(`fault: ${planned.mishap} of ${site.call} ${site.subject}`);
      return planned.mishap;
    }
    return undefined;
  }
}

/** Half of a round trip. */
function oneWay(world: World): number {
  return 0.4 + world.callChance.next() * 1.2;
}
