/**
 * How many requests GitHub counts in an hour of polls every 30 seconds: the real reconciler on a simulated fleet and
 * its clock, against the fake GitHub with real Git. Answers with 304 are free, and are shown beside.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { GitSpecRepository } from '../../reconciler/adapters/git/spec-repository.ts';
import { GithubForge } from '../../reconciler/adapters/github/github-forge.ts';
import { PullRequests } from '../../reconciler/engine/pull-requests/pull-requests.ts';
import { Reconciler } from '../../reconciler/engine/reconciler.ts';
import { FakeGithub } from '../../test/support/github/fake-github.ts';
import { ChangingSecrets, MemoryStore } from '../../test/support/github/github-lab.ts';
import type { FakeRepository } from '../../test/support/github/repository.ts';
import { SimulatedFleet } from '../../test/support/simulation/fleet.ts';
import { clusterText, HOSTS, POLL_MS } from '../../test/support/simulation/flow.ts';
import type { BenchContext, Benchmark } from './benchmark.ts';
import type { Measure } from './measure.ts';

const HOUR_MS = 3_600_000;
const PULL_REQUESTS = 50;
const PATH = 'orders/cluster.yaml';
const BOUND = { atMost: 240, said: '240 an hour' };

export const forgeCalls: Benchmark = {
  name: 'forge-calls',
  summary: 'requests to GitHub in an hour, polled every 30 s: nothing open, and 50 pull requests open',
  async run(context) {
    const hour = await Hour.begin(context);
    try {
      await hour.until('the cluster is formed', () => hour.converged());
      // The first polls read what later ones find unchanged.
      await hour.pass(5 * POLL_MS);
      const idle = await hour.counted(HOUR_MS);
      context.say(`${PULL_REQUESTS} pull requests are opened`);
      const opening = await hour.open(PULL_REQUESTS);
      const first = await hour.counted(HOUR_MS);
      if (hour.planned(opening) < PULL_REQUESTS)
        throw new Error('not every pull request has its plan after an hour');
      const open = await hour.counted(HOUR_MS);
      return [
        ...measures('nothing open', idle, true),
        ...measures(
          `the hour in which ${PULL_REQUESTS} pull requests are opened, with all that is written`,
          first,
          false,
        ),
        ...measures(`${PULL_REQUESTS} open pull requests with their plans`, open, true),
      ];
    } finally {
      await hour.end();
    }
  },
};

interface Traffic {
  readonly counted: number;
  readonly free: number;
}

function measures(what: string, { counted, free }: Traffic, bound: boolean): Measure[] {
  return [
    {
      what: `${what}: requests that count`,
      unit: 'count',
      samples: [counted],
      ...(bound ? { bound: BOUND } : {}),
    },
    { what: `${what}: answers that nothing has changed`, unit: 'count', samples: [free] },
  ];
}

class Hour {
  readonly #context: BenchContext;
  readonly #fleet: SimulatedFleet;
  readonly #github: FakeGithub;
  readonly #repository: FakeRepository;
  readonly #folder: string;
  readonly #stop = new AbortController();
  /** Calls that really go out: simulated time waits for them. */
  #underWay = 0;
  #reconciler: Reconciler | undefined;

  private constructor(
    context: BenchContext,
    fleet: SimulatedFleet,
    github: FakeGithub,
    repository: FakeRepository,
    folder: string,
  ) {
    this.#context = context;
    this.#fleet = fleet;
    this.#github = github;
    this.#repository = repository;
    this.#folder = folder;
  }

  static async begin(context: BenchContext): Promise<Hour> {
    const fleet = new SimulatedFleet({ seed: 1, hosts: HOSTS });
    for (const file of ['operator', 'replication', 'id_ed25519'])
      fleet.setSecret({ file }, `secret of ${file}`);
    const github = await FakeGithub.start({ now: () => Math.floor(fleet.world.now) });
    const repository = await github.createRepository('acme', 'specs', {
      files: { [PATH]: clusterText('orders') },
    });
    repository.setRole('forge-user', 'write');
    const folder = await mkdtemp(join(tmpdir(), 'rf-forge-calls-'));
    const hour = new Hour(context, fleet, github, repository, folder);
    hour.#start();
    return hour;
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#settled();
    await this.#github.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #start(): void {
    const { ports } = this.#fleet;
    const secrets = new ChangingSecrets();
    secrets.values.set('TOKEN', this.#github.personalToken('forge-user'));
    const token = { env: 'TOKEN' };
    const clock = { now: () => ports.clock.now(), sleep: async () => await turn() };
    const access = { kind: 'token', token } as const;
    const place = { apiUrl: this.#github.address, owner: 'acme', repo: 'specs', branch: 'main' };
    const own = { version: '0.0.0-bench', spacing: false };
    const forge = new GithubForge({ ...place, ...own, access }, { secrets, clock, store: new MemoryStore() });
    const { cloneUrl: url } = this.#repository;
    const directory = join(this.#folder, 'mirror');
    const source = { url, branch: 'main', directory, environment: process.env, access };
    const repository = this.#watched(new GitSpecRepository(source, secrets));
    const settings = { branch: 'main', version: '0.0.0-bench', holder: 'bench' };
    const report = (): void => {};
    const { leases } = ports;
    const pullRequests = new PullRequests({
      forge: this.#watched(forge),
      repository,
      ports,
      leases,
      settings,
      report,
    });
    const times = { pollMs: POLL_MS, driftMs: POLL_MS, holder: 'bench' };
    this.#reconciler = new Reconciler(ports, repository, leases, times, report, pullRequests);
    void this.#reconciler.run(this.#stop.signal);
  }

  /** The same port, of whose calls it is known how many are under way. */
  #watched<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const result = value.apply(target, args) as unknown;
          if (!(result instanceof Promise)) return result;
          this.#underWay += 1;
          return result.finally(() => {
            this.#underWay -= 1;
          });
        };
      },
    });
  }

  converged(): boolean {
    const clusters = Object.values(this.#reconciler?.status().clusters ?? {});
    return clusters.length > 0 && clusters.every(({ status }) => status === 'converged');
  }

  /** Each from a branch of its own, each with another change of the same cluster. */
  async open(count: number): Promise<readonly number[]> {
    const numbers: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const text = clusterText('orders', { config: { maxmemory: `${200 + index}mb` } });
      const opening = { branch: `change-${index}`, title: `Change ${index}`, author: 'ada' };
      numbers.push(await this.#repository.open({ ...opening, files: { [PATH]: text } }));
    }
    return numbers;
  }

  /** How many of these have a comment. */
  planned(numbers: readonly number[]): number {
    return numbers.filter((number) => this.#repository.commentsOn(number).length > 0).length;
  }

  async counted(ms: number): Promise<Traffic> {
    const before = this.#github.calls.length;
    await this.pass(ms);
    const calls = this.#github.calls.slice(before);
    if (this.#github.contractErrors.length > 0) throw new Error(this.#github.contractErrors.join('\n'));
    const free = calls.filter(({ status }) => status === 304).length;
    return { counted: calls.length - free, free };
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = this.#fleet.world.now + HOUR_MS;
    while (!holds()) {
      if (this.#fleet.world.now > deadline) throw new Error(`not within an hour: ${what}`);
      await this.pass(1000);
    }
  }

  /** Simulated time, which stands still while something real is under way. */
  async pass(ms: number): Promise<void> {
    const end = this.#fleet.world.now + ms;
    while (this.#fleet.world.now < end) {
      this.#context.signal.throwIfAborted();
      await this.#fleet.idle(Math.min(500, end - this.#fleet.world.now));
      await this.#settled();
    }
  }

  async #settled(): Promise<void> {
    do await turn();
    while (this.#underWay > 0);
  }
}
