/** Looks at one cluster again and again. While only data moves, the engines need not be asked every time. */
import { isGoneSurge } from '../model/topology.ts';
import type { Cluster } from './cluster.ts';
import type { Observation } from './interpret/interpret.ts';
import { type EngineReadings, observeNodes, readEngines } from './observe.ts';

/**
 * How long the engines' word is good while only data moves. Asking an engine for eight containers takes 31 ms and more of the
 * two cores that the servers would use (measured), at each of the moments in which nothing moves.
 */
const ENGINES_MS = 1_000;

interface Known {
  readonly engines: EngineReadings;
  /** When they were asked, in milliseconds since the epoch. */
  readonly at: number;
  readonly news: AbortSignal | undefined;
}

export class Observer {
  readonly #cluster: Cluster;
  /** Nothing when the last look showed a node that does not answer. */
  #known: Known | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * @param onlyDataMoves between servers that go on running: no container changes but by accident, and then an event, or
   * a node that does not answer, tells.
   * @param news aborted as soon as there is an event.
   */
  async look(onlyDataMoves: boolean, news: AbortSignal | undefined): Promise<Observation> {
    const known = this.#known;
    if (onlyDataMoves && known !== undefined && this.#isGood(known)) {
      const observation = await observeNodes(this.#cluster, known.engines);
      if (allAnswer(observation)) return observation;
    }
    const at = this.#cluster.ports.clock.now();
    const engines = await readEngines(this.#cluster);
    const observation = await observeNodes(this.#cluster, engines);
    this.#known = allAnswer(observation) ? { engines, at, news } : undefined;
    return observation;
  }

  #isGood({ at, news }: Known): boolean {
    return news?.aborted !== true && this.#cluster.ports.clock.now() - at < ENGINES_MS;
  }
}

function allAnswer({ live }: Observation): boolean {
  return Object.values(live.nodes).every((node) => node.reachable === 'yes' || isGoneSurge(node));
}
