/** A loaded cluster on which faults are struck in the middle of changes, with everything that is checked afterwards. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { SystemClock } from '../../../reconciler/adapters/state/clock.ts';
import type { ProgressEvent } from '../../../reconciler/engine/progress.ts';
import { addShard, containerIds, removeShard, untouched } from '../changes.ts';
import { Keeping } from '../kept-cluster.ts';
import { eventually } from '../lab-containers.ts';
import type { LoadReport } from '../load/messages.ts';
import { Loader } from '../loader.ts';
import { portsIn, RealCluster } from '../real-cluster.ts';
import type { RealShape, SpecDocument } from '../real-spec.ts';
import { JumpingClock } from './jumping-clock.ts';
import type { Change } from './matrix.ts';
import { SeparateHosts } from './separate-hosts.ts';

/** Written before anything happens: all of them have to be there with their values after every fault. */
export const FILLED = 4_000;
/** What a killed primary may have acknowledged and not sent to its replica: some milliseconds of some hundred writes. */
const TAIL = 20;
/** Makes a migration of some 600 keys take three seconds. */
const SLOW_US = 5_000;
/** For what takes seconds on a machine that has nothing else to do. */
export const DEADLINE_MS = 240_000;

/** Of a user beside the loader, as long as nobody changes it. */
export const APP_PASSWORD = 'app-password';

export interface Toll {
  /** Clients may give up on commands: for longer than a client tries again nobody serves. */
  readonly failures?: boolean;
  /** A primary is killed: what it had not sent yet is gone with it. */
  readonly tail?: boolean;
}

export interface Strike extends Toll {
  /** The step at whose start it strikes; by default one in the middle: a migration, or a switchover of the canary. */
  readonly moment?: RegExp;
  /** What else the commit changes. */
  readonly also?: (document: SpecDocument) => void;
  /** Lets migrations take no time: for what strikes at another moment. */
  readonly quick?: boolean;
  /** @returns what it did, in words. */
  readonly strike: (at: Moment) => Promise<string>;
}

export interface Moment {
  /** Id of the step that has been started, without the cluster's name. */
  readonly step: string;
  /** Ids of the steps that were started since. */
  since(): string[];
}

export class Site {
  readonly cluster: RealCluster;
  readonly hosts: SeparateHosts;
  readonly clock: JumpingClock;
  readonly #loader: Loader | undefined;
  readonly #base: string;
  #keeping: Keeping | undefined;
  #tag = 0;

  private constructor(cluster: RealCluster, loader: Loader | undefined) {
    this.cluster = cluster;
    this.#loader = loader;
    this.#base = cluster.specText();
    this.clock = new JumpingClock(new SystemClock());
    this.hosts = new SeparateHosts(cluster);
  }

  /** @param loaded whether clients write and read all the time. */
  static async open(shape: RealShape, { loaded }: { readonly loaded: boolean }): Promise<Site> {
    const cluster = await RealCluster.create(shape);
    cluster.edit(({ users }) => {
      users.push({ name: 'app', rules: '~app:* +@read +ping +info', password: { file: 'app' } });
    });
    try {
      await writeFile(join(cluster.directory, 'app'), APP_PASSWORD, { mode: 0o600 });
      await cluster.mustRun();
      await cluster.fill(FILLED);
      const loader = loaded ? await Loader.start(cluster, { rate: 400, keys: 1500 }) : undefined;
      return new Site(cluster, loader);
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.cluster.remove();
  }

  /** The keeper that looks after the cluster, from the first time that somebody asks for it. */
  get keeping(): Keeping {
    if (this.#keeping === undefined) {
      // Those of a process that ended are closed.
      const ports = this.hosts.over({ ...portsIn(this.cluster.directory), clock: this.clock });
      this.#keeping = Keeping.start(this.cluster, { driftMs: 1000, ports });
    }
    return this.#keeping;
  }

  /** As if RedisForge were not there, or were started again: whoever asks for the keeper gets another one. */
  async dismissKeeper(): Promise<void> {
    await this.#keeping?.stop();
    this.#keeping = undefined;
  }

  /**
   * Brings the cluster to where a change begins, also after a test that ended in the middle of one: all hosts there,
   * the spec as it was with three or with four shards, converged, and nothing left of nodes that are gone.
   */
  async prepare(change: Change): Promise<void> {
    await this.hosts.restore();
    await this.slowDown(0);
    const wanted = change === 'in' ? 4 : 3;
    const before = this.cluster.specText();
    const { image } = this.cluster.spec.redis;
    this.cluster.edit((document) => {
      for (const key of Object.keys(document)) delete document[key as keyof SpecDocument];
      Object.assign(document, JSON.parse(this.#base));
      document.redis.image = image;
      document.redis.version = '8.6.3';
    });
    if (wanted === 4) addShard(this.cluster, 4);
    if (this.cluster.specText() !== before) this.keeping.commit();
    await this.keeping.converged(DEADLINE_MS);
    await this.#removeRetiredVolumes();
  }

  /** What `retireAfter` does after days: a volume that is left over is never taken up again silently. */
  async #removeRetiredVolumes(): Promise<void> {
    const { docker, name, spec } = this.cluster;
    const filters = { label: [`dev.redisforge.cluster=${name}`, 'dev.redisforge.node'] };
    const { Volumes } = await docker.listVolumes({ filters });
    const named = new Set(spec.nodes.map((node) => node.name));
    for (const { Name, Labels } of Volumes ?? [])
      if (!named.has(Labels['dev.redisforge.node'] ?? '')) await docker.getVolume(Name).remove();
  }

  /** The change as a commit makes it, not yet merged. */
  async edit(change: Change, also?: (document: SpecDocument) => void): Promise<void> {
    if (change === 'out') addShard(this.cluster, 4);
    else if (change === 'in') removeShard(this.cluster, 4);
    else {
      const image = await this.nextImage();
      this.cluster.edit(({ redis }) => {
        redis.image = image;
      });
    }
    if (also !== undefined) this.cluster.edit(also);
  }

  /** Everything that has to hold whatever was struck. @returns what it did and what it cost, in words. */
  async weather(act: () => Promise<string>, toll: Toll = {}): Promise<string> {
    const before = await containerIds(this.cluster);
    const { result, load } =
      this.#loader === undefined ? { result: await act(), load: undefined } : await this.#loader.during(act);
    if (load !== undefined) {
      expect(load.stale).toEqual([]);
      expect(load.lost, load.lostKeys.join(', ')).toBeLessThanOrEqual(toll.tail === true ? TAIL : 0);
      if (toll.failures !== true) expect(load.failed).toEqual({});
    }
    expect(await this.cluster.countIntact(FILLED)).toBe(FILLED);
    await this.#silent();
    const kept = untouched(before, await containerIds(this.cluster)).length;
    return [result, ...(load === undefined ? [] : inFewWords(load)), `${kept} containers as before`].join(
      '; ',
    );
  }

  /**
   * Nothing is left to do, and nothing is done. Members that heard of a new address make new links for some seconds,
   * so a first look may find one of them without.
   */
  async #silent(): Promise<void> {
    let pass = await this.cluster.anotherPass();
    await eventually(
      'one more look finds all as it should be',
      async () => {
        if (pass.status === 'converged' && pass.steps.length === 0) return true;
        pass = await this.cluster.anotherPass();
        return false;
      },
      DEADLINE_MS,
    );
    expect(pass).toEqual({ status: 'converged', steps: [], calls: [] });
  }

  /** Makes a change, strikes in the middle of it, and waits until the keeper has brought everything about. */
  async during(change: Change, { strike, moment, also, quick, ...toll }: Strike): Promise<string> {
    await this.prepare(change);
    return this.weather(async () => {
      const { keeping } = this;
      if (change !== 'roll' && quick !== true) await this.slowDown();
      const begun = keeping.events.length;
      await this.edit(change, also);
      keeping.commit();
      const at = await this.#moment(
        begun,
        moment ?? (change === 'roll' ? /^switchover:/ : /^migrate-slots:/),
      );
      const words = await strike(at);
      await this.slowDown(0);
      await this.keeping.converged(DEADLINE_MS);
      return words;
    }, toll);
  }

  /** Waits for the start of a step; of a migration, until slots are on their way too. */
  async #moment(begun: number, pattern: RegExp): Promise<Moment> {
    const { cluster, keeping } = this;
    const progress = (from: number): ProgressEvent[] =>
      keeping.events.slice(from).flatMap((event) => (event.kind === 'progress' ? [event.event] : []));
    const started = (from: number): string[] =>
      progress(from).flatMap((event) =>
        event.kind === 'step-started' ? [cluster.short(event.step.id)] : [],
      );
    const step = await eventually(
      `a step ${pattern.source}`,
      () => started(begun).find((id) => pattern.test(id)),
      DEADLINE_MS,
    );
    if (step.startsWith('migrate-slots:'))
      await eventually(
        'slots are on their way',
        () =>
          progress(begun).some((event) =>
            event.kind === 'observed'
              ? Object.values(event.observation.live.nodes).some(({ imports }) => imports !== '')
              : event.kind === 'step-ended' && cluster.short(event.step.id) === step,
          ),
        DEADLINE_MS,
      );
    const now = keeping.events.length;
    return { step, since: () => started(now) };
  }

  /** Lets migrations take seconds, so that something can happen in the middle. */
  async slowDown(us = SLOW_US): Promise<void> {
    await Promise.allSettled(
      this.cluster.spec.nodes.map(({ name }) =>
        this.cluster.asAdmin(this.cluster.short(name), 'CONFIG', 'SET', 'rdb-key-save-delay', us),
      ),
    );
  }

  /** Another name for the image that all nodes run: a rolling change in which nothing else is different. */
  async nextImage(): Promise<string> {
    this.#tag += 1;
    const tag = `8.6.3-${this.#tag}`;
    await this.cluster.docker.getImage('redis:8.6.3').tag({ repo: this.cluster.name, tag });
    return this.alsoRemoveImage(`${this.cluster.name}:${tag}`);
  }

  alsoRemoveImage(image: string): string {
    this.cluster.alsoRemove(() => this.cluster.docker.getImage(image).remove({ force: true }));
    return image;
  }
}

function inFewWords(load: LoadReport): string[] {
  const pauses = Object.values(load.pauses).map(({ served }) => served);
  const failed = Object.values(load.failed).reduce((sum, count) => sum + count, 0);
  return [
    `${load.lost} of ${load.writes} writes lost`,
    `${failed} commands failed`,
    `longest pause ${Math.max(0, ...pauses)} ms`,
  ];
}
