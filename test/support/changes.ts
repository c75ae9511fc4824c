/** Changes of a real cluster's spec as engineers commit them, and what must hold while they are carried out. */
import { expect } from 'vitest';
import type { LoadReport } from './load/messages.ts';
import { inWords, type Loader } from './loader.ts';
import type { RealCluster, Run } from './real-cluster.ts';
import type { SpecDocument } from './real-spec.ts';

type NodeEntry = SpecDocument['nodes'][number];

/** Adds a shard with one replica: `4` makes 4a and 4b. */
export function addShard(cluster: RealCluster, shard: number): void {
  cluster.edit((document) => {
    for (const member of [0, 1]) {
      const entry: NodeEntry = {
        name: cluster.node(`${shard}${'ab'[member]}`),
        shard: `s${shard}`,
        host: `h${((shard + member - 1) % 3) + 1}`,
        port: 7000 + (shard - 1) * 10 + member,
      };
      const [neighbour] = document.nodes;
      if (neighbour?.address !== undefined)
        entry.address = neighbour.address.replace(/\d+$/, String(10 + (shard - 1) * 10 + member));
      document.nodes.push(entry);
    }
  });
}

export function removeShard(cluster: RealCluster, shard: number): void {
  cluster.edit((document) => {
    document.nodes = document.nodes.filter((node) => node.shard !== `s${shard}`);
  });
}

/** Gives a member's place to a new one, on another host if told: `1a` becomes `1c`. */
export function replaceMember(cluster: RealCluster, old: string, young: string, host?: string): void {
  cluster.edit((document) => {
    const node = document.nodes.find(({ name }) => name === cluster.node(old));
    if (node === undefined) throw new RangeError(`no node ${old}`);
    node.name = cluster.node(young);
    node.port += 5;
    if (host !== undefined) node.host = host;
    if (node.address !== undefined)
      node.address = node.address.replace(/\d+$/, (byte) => String(Number(byte) + 5));
  });
}

/** Ids of the cluster's containers by short node name: a container that was made anew has another. */
export async function containerIds(cluster: RealCluster): Promise<Record<string, string>> {
  const containers = await cluster.docker.listContainers({
    all: true,
    filters: { label: [`dev.redisforge.cluster=${cluster.name}`, 'dev.redisforge.node'] },
  });
  return Object.fromEntries(
    containers.map(({ Names, Id }) => [cluster.short(Names[0]?.slice(1) ?? ''), Id.slice(0, 12)]),
  );
}

/** Short names of the nodes that `before` and `after` have with the same container. */
export function untouched(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): string[] {
  return Object.keys(before)
    .filter((name) => before[name] === after[name])
    .sort();
}

/** What was done under load, with the nodes whose containers are the same as before. */
export interface LoadedRun {
  readonly run: Run;
  readonly load: LoadReport;
  readonly kept: readonly string[];
}

/**
 * Carries a change out under load: every step is done, no command fails, no acknowledged write is lost, no read is
 * behind, and the pass after it is silent.
 */
export async function changeUnderLoad(
  cluster: RealCluster,
  loader: Loader,
  what: string,
  change: () => unknown,
): Promise<LoadedRun> {
  const before = await containerIds(cluster);
  const { result: run, load } = await loader.during(async () => {
    await change();
    return cluster.mustRun();
  });
  tell(`${what}: ${inWords(load)}`);
  expect(load, what).toMatchObject({ failed: {}, stale: [], lost: 0, lostKeys: [] });
  expect(load.writes).toBeGreaterThan(0);
  expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  return { run, load, kept: untouched(before, await containerIds(cluster)) };
}

/** A figure for whoever reads the output of the run. */
export function tell(line: string): void {
  process.stdout.write(`  ${line}\n`);
}

/** Ids of the steps of a run without the cluster's name, waits left out. */
export function stepsOf(cluster: RealCluster, run: Run): string[] {
  return run.steps.map(({ id }) => cluster.short(id));
}
