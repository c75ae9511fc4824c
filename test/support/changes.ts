/** Changes of a real cluster's spec as engineers commit them, and what must hold while they are carried out. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ProgressEvent } from '../../reconciler/engine/progress.ts';
import { isWait } from '../../reconciler/steps/table.ts';
import { volumeName } from '../../spec-schema/effective.ts';
import type { LoadReport } from './load/messages.ts';
import { inWords, type Loader } from './loader.ts';
import type { RealCluster } from './real-cluster.ts';
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

/** As a host that burned down: nothing of the node is left, and no engine knows of it any more. */
export async function loseForGood(cluster: RealCluster, node: string): Promise<void> {
  const entry = cluster.spec.nodes.find(({ name }) => name === cluster.node(node));
  if (entry === undefined) throw new RangeError(`no node ${node}`);
  await cluster.container(node).remove({ force: true });
  await cluster.docker.getVolume(volumeName(cluster.spec, entry)).remove();
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
  /** Every step that was carried out, in order, without the cluster's name; waits left out. */
  readonly steps: readonly string[];
  readonly events: readonly ProgressEvent[];
  readonly load: LoadReport;
  readonly kept: readonly string[];
}

/** Looks again and again, as the keeper of a cluster does, until nothing differs. */
export async function settle(cluster: RealCluster, deadlineMs = 90_000): Promise<ProgressEvent[]> {
  const events: ProgressEvent[] = [];
  const until = performance.now() + deadlineMs;
  for (;;) {
    const run = await cluster.run();
    events.push(...run.events);
    if (run.status === 'converged') return events;
    if (performance.now() > until) {
      const why = [...run.blocks.map(({ summary }) => summary), ...run.failures.map(({ reason }) => reason)];
      throw new Error(`${run.status} after ${deadlineMs} ms: ${cluster.short(why.join('; '))}`);
    }
    await wait(200);
  }
}

/**
 * Carries a change out under load: everything is done, no acknowledged write is lost, no read is behind, no command
 * fails, and the pass after it is silent.
 * @param spare what may happen because somebody died: commands that a client gives up on while nobody serves.
 */
export async function changeUnderLoad(
  cluster: RealCluster,
  loader: Loader,
  what: string,
  change: () => unknown,
  spare: { readonly failures?: boolean } = {},
): Promise<LoadedRun> {
  const before = await containerIds(cluster);
  const { result: events, load } = await loader.during(async () => {
    await change();
    return settle(cluster);
  });
  tell(`${what}: ${inWords(load)}`);
  expect(load, what).toMatchObject({ stale: [], lost: 0, lostKeys: [] });
  if (spare.failures !== true) expect(load.failed, what).toEqual({});
  expect(load.writes).toBeGreaterThan(0);
  expect(await cluster.anotherPass()).toEqual({ status: 'converged', steps: [], calls: [] });
  const steps = events
    .filter((event) => event.kind === 'step-started')
    .filter(({ step }) => !isWait(step.step))
    .map(({ step }) => cluster.short(step.id));
  return { steps, events, load, kept: untouched(before, await containerIds(cluster)) };
}

/** A figure for whoever reads the output of the run. */
export function tell(line: string): void {
  process.stdout.write(`  ${line}\n`);
}
