/**
 * A story of pull requests on simulated fleets: a forge, a repository, machines and redis-servers in memory, and the
 * real reconciler between them.
 */
import { stringify } from 'yaml';
import { PullRequests } from '../../../reconciler/engine/pull-requests/pull-requests.ts';
import { Reconciler } from '../../../reconciler/engine/reconciler.ts';
import type { ReconcilerEvent } from '../../../reconciler/engine/reconciler-events.ts';
import type { Notifier } from '../../../reconciler/ports/notifier.ts';
import type { HostSpec } from '../../../spec-schema/cluster-spec.ts';
import { SimulatedCrash } from './calls.ts';
import { SimulatedFleet } from './fleet.ts';
import { ForgePlace } from './forge.ts';
import { plainDocument } from './plain-fleet.ts';
import { documentOf, rawFrom, type SpecDocument, specFrom } from './random-spec.ts';
import { type FileChanges, SimulatedRepository } from './spec-repository.ts';

export const POLL_MS = 30_000;

export interface ClusterShape {
  readonly shards?: number;
  readonly replicas?: number;
  readonly config?: Readonly<Record<string, string>>;
  readonly edit?: (document: Record<string, unknown>) => void;
}

/** Place of a cluster among several on the same machines, so that ports and names differ. */
const PORTS_EACH = 100;

/** The text of a `cluster.yaml`: three shards with a replica each over three zones, unless asked otherwise. */
export function clusterText(name: string, shape: ClusterShape = {}, place = 0): string {
  const document = documentOf({
    shards: shape.shards ?? 3,
    replicas: shape.replicas ?? 1,
    zones: 3,
    hostsPerZone: 1,
    network: 'host',
    persistent: true,
    roles: false,
    config: shape.config ?? {},
    users: 0,
  });
  const raw = {
    ...rawFrom({ ...document, nodes: document.nodes.map((node) => renamed(node, name, place)) }),
    metadata: { name },
    policies: { canarySoak: 0 },
  };
  const copy = structuredClone(raw) as Record<string, unknown>;
  shape.edit?.(copy);
  return stringify(copy);
}

/** A node keeps its port however many others there are. */
function renamed<N extends SpecDocument['nodes'][number]>(node: N, cluster: string, place: number): N {
  const [, shard = '1', member = 'a'] = /^n(\d+)([a-d])$/.exec(node.name) ?? [];
  const port = 7000 + place * PORTS_EACH + Number(shard) * 4 + member.charCodeAt(0) - 'a'.charCodeAt(0);
  return { ...node, name: `${cluster}-${shard}${member}`, port };
}

export const HOSTS: readonly HostSpec[] = specFrom(plainDocument()).hosts;

export class Flow {
  readonly fleet: SimulatedFleet;
  readonly repository: SimulatedRepository;
  readonly place: ForgePlace;
  readonly events: ReconcilerEvent[] = [];
  /** Channels that RedisForge tells of plans when it begins. */
  readonly notifiers: Notifier[] = [];
  reconciler: Reconciler | undefined;
  #stop = new AbortController();

  /** @param files of the followed branch at the beginning. */
  constructor(seed: number, files: FileChanges) {
    this.fleet = new SimulatedFleet({ seed, hosts: HOSTS });
    for (const file of ['operator', 'replication', 'id_ed25519'])
      this.fleet.setSecret({ file }, `secret of ${file}`);
    const now = (): number => Math.floor(this.fleet.world.now);
    this.repository = new SimulatedRepository(now);
    this.repository.commit('main', files);
    this.place = new ForgePlace(this.repository, now);
    this.place.setPermission('ada', 'write');
    this.place.setPermission('grace', 'write');
  }

  /** A story whose clusters are formed and left alone. */
  static async begun(seed: number, files: FileChanges): Promise<Flow> {
    const flow = new Flow(seed, files);
    flow.start();
    await flow.until('every cluster has converged', () => flow.allConverged());
    return flow;
  }

  /** RedisForge begins, or begins anew after it was killed. */
  start(holder = 'redisforge'): Reconciler {
    const { ports } = this.fleet;
    const report = (event: ReconcilerEvent): void => void this.events.push(event);
    const pullRequests = new PullRequests({
      forge: this.place.client(this.fleet.carrier()),
      repository: this.repository,
      ports,
      leases: ports.leases,
      settings: { branch: 'main', version: '0.0.0', holder },
      notifiers: this.notifiers,
      report,
    });
    const settings = { pollMs: POLL_MS, driftMs: POLL_MS, holder };
    this.reconciler = new Reconciler(ports, this.repository, ports.leases, settings, report, pullRequests);
    this.#stop = new AbortController();
    void this.reconciler.run(this.#stop.signal);
    return this.reconciler;
  }

  /** SIGKILL, and a new life. */
  restart(): void {
    // Outside of a run nobody hears of the crash.
    this.fleet.crash('by the story');
    this.start();
  }

  /** Lets time pass until something is so; a crash on the way is followed by a new life. */
  async until(what: string, condition: () => boolean, limitMs = 600_000): Promise<void> {
    const deadline = this.fleet.world.now + limitMs;
    while (!condition()) {
      if (this.fleet.world.now > deadline)
        throw new Error(`not within ${limitMs / 1000} s: ${what}\n${this.describe()}`);
      await this.pass(500);
    }
  }

  async pass(ms: number): Promise<void> {
    try {
      await this.fleet.idle(ms);
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
      this.start();
    }
  }

  /** Two polls: whatever was there to be seen has been seen and said. */
  async settle(): Promise<void> {
    await this.pass(2 * POLL_MS + 5_000);
  }

  allConverged(): boolean {
    const clusters = Object.values(this.reconciler?.status().clusters ?? {});
    return clusters.length > 0 && clusters.every(({ status }) => status === 'converged');
  }

  held(cluster: string): string | undefined {
    return this.reconciler?.status().held[cluster]?.code;
  }

  comment(pullRequest: string, cluster: string): string {
    return this.place.comments(pullRequest).get(`plan/${cluster}`) ?? '';
  }

  /** The id by which a comment asks for an approval. */
  planShown(pullRequest: string, cluster: string): string {
    return /approve (p_[0-9a-f]{12})/.exec(this.comment(pullRequest, cluster))?.[1] ?? '';
  }

  planStatus(pullRequest: string): string | undefined {
    return this.place.status(this.place.pullRequest(pullRequest).head.commit, 'redisforge/plan')?.state;
  }

  applyStatus(commit: string): string | undefined {
    return this.place.status(commit, 'redisforge/apply')?.state;
  }

  describe(): string {
    const { clusters, held } = this.reconciler?.status() ?? {};
    const told = this.events.slice(-15).map((event) => JSON.stringify(event, short));
    return [
      ...told,
      JSON.stringify(held),
      ...Object.entries(clusters ?? {}).map(
        ([name, { status, blocks, failures }]) => `${name} ${status} ${JSON.stringify([blocks, failures])}`,
      ),
      this.fleet.describe(40),
    ].join('\n');
  }
}

/** Observations would hide everything else. */
function short(key: string, value: unknown): unknown {
  if (key === 'observation' || key === 'steps') return undefined;
  return value instanceof Error ? (value.stack ?? value.message) : value;
}
