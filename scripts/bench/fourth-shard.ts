/** Three shards full of keys, and a fourth that joins them: slots are moved there and back, by RedisForge or redis-cli. */
import { type ConvergeOptions, converge, type Outcome } from '../../reconciler/engine/converge.ts';
import { SLOT_COUNT } from '../../reconciler/model/slots.ts';
import { isWait } from '../../reconciler/steps/table.ts';
import { RealCluster } from '../../test/support/real-cluster.ts';
import type { SpecDocument } from '../../test/support/real-spec.ts';
import { makeKeys, mustHold } from './many-keys.ts';
import { redisCli } from './redis-cli.ts';

const FORM_MS = 120_000;
const MOVE_MS = 600_000;

type MayDo = NonNullable<ConvergeOptions['allow']>;

const movesSlots: MayDo = ({ step }) => step.kind === 'migrate-slots' || isWait(step);
const movesNone: MayDo = ({ step }) => step.kind !== 'migrate-slots';

export class FourthShard {
  readonly cluster: RealCluster;
  readonly #signal: AbortSignal;
  readonly #all: SpecDocument['nodes'];
  #keys = 0;

  private constructor(cluster: RealCluster, signal: AbortSignal) {
    this.cluster = cluster;
    this.#signal = signal;
    let all: SpecDocument['nodes'] = [];
    cluster.edit(({ nodes }) => {
      all = nodes;
    });
    this.#all = all;
  }

  /**
   * Makes the cluster, lends it, and removes it, whatever happens. The fourth shard has a replica in sync and no slots.
   * @param keys about so many, of 100 bytes.
   */
  static async lend<T>(keys: number, signal: AbortSignal, use: (lab: FourthShard) => Promise<T>): Promise<T> {
    // A log that is written anew would hold a migration up, whoever has asked for it.
    const cluster = await RealCluster.create({ shards: 4, config: { 'auto-aof-rewrite-percentage': 0 } });
    try {
      const lab = new FourthShard(cluster, signal);
      lab.#name(3);
      await lab.#converge({}, FORM_MS);
      lab.#keys = await makeKeys(cluster, keys, signal);
      lab.#name(4);
      const joined = await lab.#converge({ allow: movesNone }, FORM_MS);
      if (joined.status !== 'blocked') throw new Error(`the fourth shard has not joined: ${joined.status}`);
      return await use(lab);
    } finally {
      await cluster.remove();
    }
  }

  /** Lets the spec name so many shards. */
  #name(shards: number): void {
    this.cluster.edit((document) => {
      document.nodes = this.#all.filter(({ shard }) => Number(shard.slice(1)) <= shards);
    });
  }

  /** @returns milliseconds from the first look to converged, keys counted. */
  async scaleOutByRedisForge(): Promise<number> {
    this.#name(4);
    const began = performance.now();
    const outcome = await this.#converge({}, MOVE_MS);
    const took = performance.now() - began;
    await this.#mustHave(outcome, 4);
    return took;
  }

  /** @returns milliseconds from the first look until the last slot has moved and its keys are counted. */
  async drainByRedisForge(): Promise<number> {
    this.#name(3);
    const enough = new AbortController();
    const began = performance.now();
    let ended = began;
    // The nodes stay, without slots, for the next round.
    const outcome = await this.#converge({ allow: movesSlots, signal: enough.signal }, MOVE_MS, (event) => {
      if (event.kind === 'step-ended') ended = performance.now();
      if (event.kind !== 'observed') return;
      const { nodes } = event.observation.live;
      if (nodes[this.cluster.node('4a')]?.slots === '' && !isMoving(nodes)) enough.abort();
    });
    await this.#mustHave(outcome, 3);
    this.#name(4);
    return ended - began;
  }

  async scaleOutByRedisCli(): Promise<number> {
    return this.#byRedisCli('rebalance', '--cluster-use-empty-masters', 4);
  }

  async drainByRedisCli(): Promise<number> {
    return this.#byRedisCli('rebalance', `--cluster-weight ${await this.cluster.idOf('4a')}=0`, 3);
  }

  /**
   * Has redis-cli move a part of what a scale-out would, for where the whole would take too long.
   * @returns milliseconds for all of it at the same speed: redis-cli works slot by slot, all of the same size here.
   */
  async scaleOutInPartByRedisCli(slots: number): Promise<number> {
    const to = `--cluster-to ${await this.cluster.idOf('4a')}`;
    const how = `--cluster-from all ${to} --cluster-slots ${slots} --cluster-yes`;
    const took = await this.#byRedisCli('reshard', how, 4);
    return (took * (SLOT_COUNT / 4)) / slots;
  }

  async #byRedisCli(command: string, how: string, owners: number): Promise<number> {
    const { host, port } = await this.cluster.endpoint('1a');
    const words = [`--cluster ${command}`, `${host}:${port}`, how];
    const { began, done } = await redisCli(this.cluster, '1a', words, this.#signal);
    await this.#mustHave(undefined, owners);
    return done - began;
  }

  async #converge(
    options: Pick<ConvergeOptions, 'allow'> & { readonly signal?: AbortSignal },
    deadlineMs: number,
    report: ConvergeOptions['report'] = () => {},
  ): Promise<Outcome> {
    const deadline = AbortSignal.any([this.#signal, AbortSignal.timeout(deadlineMs)]);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
    const outcome = await converge(await this.cluster.open(), { ...options, signal, report });
    this.#signal.throwIfAborted();
    if (outcome.status === 'failed') throw new Error(outcome.failures.map(({ reason }) => reason).join('; '));
    return outcome;
  }

  /** @throws Error unless so many primaries own slots and no key is missing. */
  async #mustHave(outcome: Outcome | undefined, owners: number): Promise<void> {
    const { length } = await this.cluster.primaries();
    if (length !== owners)
      throw new Error(`${length} primaries own slots instead of ${owners} (${outcome?.status})`);
    await mustHold(this.cluster, this.#keys);
  }
}

function isMoving(nodes: Readonly<Record<string, { readonly imports: string }>>): boolean {
  return Object.values(nodes).some(({ imports }) => imports !== '');
}
