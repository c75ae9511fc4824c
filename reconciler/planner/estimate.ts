/** What a plan costs: how long it takes, what it moves, and how bare the cluster is on the way. Worked out, not promised. */
import type { Operation } from 'fast-json-patch';
import type { ClusterState, NodeName } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import { parseSlots, slotCount } from '../model/slots.ts';
import { nodeOf } from '../model/topology.ts';
import type { Step } from '../steps/table.ts';
import type { SlotWeights } from './balance-by-weight.ts';
import { type Exposure, type Exposures, ExposureWatch, type Outage, type Period } from './exposure.ts';
import { type Guess, greatest, plus, whole } from './guess.ts';
import type { Wave } from './law.ts';
import { bytesOf, keysOf, type LoadGuess, Loads } from './loads.ts';
import { type StepTime, stepTime } from './step-times.ts';

export interface Estimate {
  /** Sum over the waves of their slowest steps. */
  readonly ms: Guess;
  /** What is certain of it when the rest is unknown. */
  readonly atLeastMs: number;
  readonly waves: readonly WaveTime[];
  /** What changes its shard. */
  readonly migrated: { readonly slots: number; readonly keys: Guess; readonly bytes: Guess };
  /** What replicas receive in full synchronisations. */
  readonly synchronised: { readonly replicas: number; readonly keys: Guess; readonly bytes: Guess };
  readonly redundancy: {
    /** Fewest replicas in sync that any shard has at any time (0: its primary alone); null when none is ever served. */
    readonly worst: Guess | null;
    /** Shards that have no replica in sync at any time. */
    readonly bare: Exposures['bare'];
    /** When and for how long shards have fewer replicas in sync than before, or none. */
    readonly exposed: readonly Timed<Exposure>[];
  };
  /** When and for how long slots are not served; a switchover's pause of some milliseconds is none. */
  readonly outages: readonly Timed<Outage>[];
}

export interface WaveTime {
  readonly ms: Guess;
  readonly atLeastMs: number;
  /** In the order of the wave. */
  readonly steps: readonly StepTime[];
  /** What each of them carries from node to node, in that order; undefined for those that carry nothing. */
  readonly carried: readonly (LoadGuess | undefined)[];
}

export type Timed<P extends Period> = P & { readonly ms: Guess };

/** After each wave the loop looks at everything again: a pass over an idle fleet takes about so long. */
const LOOK_MS = 50;

export interface EstimateOptions {
  /** For how long the policy wants to watch what was changed first. */
  readonly soakMs: number;
  /** What each slot weighs in bytes, where that was asked for. */
  readonly slotBytes?: SlotWeights | undefined;
}

/** Takes the waves of a plan one after the other, so that no state has to be kept for its sake. */
export class Estimator {
  readonly #facts: Facts;
  readonly #soakMs: number;
  readonly #loads: Loads;
  readonly #watch: ExposureWatch;
  readonly #waves: WaveTime[] = [];
  #migratedSlots = 0;
  #migrated: LoadGuess = { keys: 0, bytes: 0 };
  #replicas = 0;
  #synchronised: LoadGuess = { keys: 0, bytes: 0 };

  constructor(live: ClusterState, facts: Facts, { soakMs, slotBytes }: EstimateOptions) {
    this.#facts = facts;
    this.#soakMs = soakMs;
    this.#loads = new Loads(facts, slotBytes);
    this.#watch = new ExposureWatch(live);
  }

  /** @param operations what the wave's steps made of the state before it. */
  add(wave: Wave, operations: readonly Operation[]): void {
    const { before, steps } = wave;
    const carried = steps.map((step) => this.#carried(step, before));
    this.#waves.push({ ...this.#timeOf(wave), carried });
    for (const [index, step] of steps.entries()) this.#count(step, carried[index]);
    for (const step of steps) this.#loads.take(step, before);
    this.#watch.add(wave, operations);
  }

  #timeOf({ before, steps }: Wave): Omit<WaveTime, 'carried'> {
    const machine = (node: NodeName): string => {
      const host = before.nodes[node]?.host ?? '';
      return this.#facts.hosts[host]?.engineId ?? host;
    };
    const starts = Map.groupBy(steps.filter(isStart), ({ node }) => machine(node));
    const times = steps.map((step) =>
      stepTime(step, {
        before,
        loads: this.#loads,
        soakMs: this.#soakMs,
        startsBeside: (node) => starts.get(machine(node))?.length ?? 1,
      }),
    );
    return {
      ms: plus(greatest(times.map(({ ms }) => ms)), LOOK_MS),
      atLeastMs: Math.max(...times.map(({ atLeastMs }) => atLeastMs)) + LOOK_MS,
      steps: times,
    };
  }

  /** A migration carries its slots, a full synchronisation all that the primary holds. */
  #carried(step: Step, before: ClusterState): LoadGuess | undefined {
    if (step.kind === 'migrate-slots' || step.kind === 'await-migration')
      return this.#loads.carried(before, step);
    if (step.kind !== 'await-sync') return undefined;
    const { copy, replicaOf } = nodeOf(before, step.node);
    if (copy === 'whole') return undefined;
    return replicaOf === null ? 'unknown' : this.#loads.of(before, replicaOf);
  }

  #count(step: Step, carried: LoadGuess | undefined): void {
    if (carried === undefined) return;
    if (step.kind === 'migrate-slots' || step.kind === 'await-migration') {
      this.#migratedSlots += slotCount(parseSlots(step.slots));
      this.#migrated = sum(this.#migrated, carried);
    } else {
      this.#replicas += 1;
      this.#synchronised = sum(this.#synchronised, carried);
    }
  }

  result(): Estimate {
    const { worst, bare, exposed, outages } = this.#watch.result();
    return {
      ms: this.#waves.reduce<Guess>((total, { ms }) => plus(total, ms), 0),
      atLeastMs: this.#waves.reduce((total, { atLeastMs }) => total + atLeastMs, 0),
      waves: this.#waves,
      migrated: { slots: this.#migratedSlots, ...rounded(this.#migrated) },
      synchronised: { replicas: this.#replicas, ...rounded(this.#synchronised) },
      redundancy: { worst, bare, exposed: exposed.map((period) => this.#timed(period)) },
      outages: outages.map((period) => this.#timed(period)),
    };
  }

  /** From the beginning of the wave in which it begins to the end of the wave that ends it. */
  #timed<P extends Period>(period: P): Timed<P> {
    if (period.untilWave === null) return { ...period, ms: 'unknown' };
    const waves = this.#waves.slice(Math.max(0, period.fromWave - 1), period.untilWave);
    return { ...period, ms: waves.reduce<Guess>((total, { ms }) => plus(total, ms), 0) };
  }
}

function isStart(step: Step): step is Extract<Step, { kind: 'deploy-node' | 'start-node' | 'restart-node' }> {
  return step.kind === 'deploy-node' || step.kind === 'start-node' || step.kind === 'restart-node';
}

function sum(a: LoadGuess, b: LoadGuess): LoadGuess {
  if (a === 'unknown' || b === 'unknown') return 'unknown';
  return { keys: a.keys + b.keys, bytes: a.bytes + b.bytes };
}

function rounded(load: LoadGuess): { keys: Guess; bytes: Guess } {
  return { keys: whole(keysOf(load)), bytes: whole(bytesOf(load)) };
}
