/** Taking a node out that the spec no longer names: out of the cluster, then its container; its volume is kept. */
import type { HostName, NodeName } from '../model/cluster-state.ts';
import { isMember, nodeOf } from '../model/topology.ts';
import { PortError } from '../ports.ts';
import { STOP_GRACE_MS } from './restart-node.ts';
import { pointer, type StepContext, type StepKind, setNode } from './step.ts';
import { stopOf } from './stopping.ts';

/** Stops a node, makes every member forget it and removes its container. The volume is retired, not removed. */
export interface RemoveNode {
  readonly kind: 'remove-node';
  readonly node: NodeName;
  readonly host: HostName;
}

/** Stops a node that came back after the cluster had gone on without it, and keeps it from starting again. */
export interface FenceNode {
  readonly kind: 'fence-node';
  readonly node: NodeName;
  readonly host: HostName;
}

/** Removes a retired volume whose time is over, with the data in it. */
export interface RemoveVolume {
  readonly kind: 'remove-volume';
  readonly volume: string;
}

/** A node's container: `NAME@HOST` is the container NAME on that host. */
function containerOf(node: NodeName): string {
  return node.split('@')[0] as string;
}

/** Makes every other member that knows the node forget it. */
export async function forgetNode(node: NodeName, context: StepContext): Promise<void> {
  const id = context.facts.nodes[node]?.nodeId;
  if (id === undefined) return;
  const knowing = Object.keys(context.live.nodes).filter(
    (name) =>
      name !== node &&
      isMember(nodeOf(context.live, name)) &&
      context.facts.nodes[name]?.reading?.members.some((member) => member.id === id) === true,
  );
  // One that is out of reach now brings it back as a lost member, which the others are told to forget then.
  const told = await Promise.allSettled(knowing.map((name) => context.redis(name).forget(id)));
  const refused = told.find((outcome) => outcome.status === 'rejected' && !isAway(outcome.reason));
  if (refused?.status === 'rejected') throw refused.reason;
}

function isAway(error: unknown): boolean {
  return error instanceof PortError && (error.code === 'unreachable' || error.code === 'timeout');
}

export const removeNode: StepKind<RemoveNode> = {
  id: (step) => `remove-node:${step.node}`,
  describe: (step) => `take ${step.node} out of the cluster and remove its container, keeping its volume`,
  risk: 'destructive',
  locks: (step, state) => ['cluster', `node:${step.node}`, `shard:${nodeOf(state, step.node).shard}`],
  disturbs: () => [],
  effect: (step) => [{ op: 'remove', path: pointer('nodes', step.node) }],
  deadlineMs: 120_000,
  sends: (step) => [
    `docker stop ${containerOf(step.node)}`,
    `CLUSTER FORGET <id of ${step.node}> (to every member)`,
    `docker rm ${containerOf(step.node)}`,
  ],
  async execute(step, context) {
    const engine = context.engine(step.host);
    // Stopped first: a forgotten node that still runs would be told of again when the ban of 60 seconds is over.
    await engine.stopContainer(containerOf(step.node), STOP_GRACE_MS);
    await forgetNode(step.node, context);
    await engine.removeContainer(containerOf(step.node));
  },
};

export const fenceNode: StepKind<FenceNode> = {
  id: (step) => `fence-node:${step.node}`,
  describe: (step) => `stop ${step.node}, which came back although the cluster has gone on without it`,
  risk: 'safe',
  locks: (step) => [`node:${step.node}`],
  disturbs: () => [],
  effect: (step, state) => [
    ...stopOf(state, step.node),
    ...setNode(step.node, { container: 'stopped' }),
    { op: 'replace', path: pointer('nodes', step.node, 'launch', 'restart'), value: 'no' },
  ],
  deadlineMs: 60_000,
  sends: (step) => [
    `docker update --restart no ${containerOf(step.node)}`,
    `docker stop ${containerOf(step.node)}`,
  ],
  async execute(step, context) {
    const engine = context.engine(step.host);
    const launch = nodeOf(context.live, step.node).launch;
    await engine.updateContainer(containerOf(step.node), {
      restart: 'no',
      memoryBytes: launch?.memoryBytes ?? 0,
      cpus: launch?.cpus ?? 0,
    });
    await engine.stopContainer(containerOf(step.node), STOP_GRACE_MS);
  },
};

export const removeVolume: StepKind<RemoveVolume> = {
  id: (step) => `remove-volume:${step.volume}`,
  describe: (step) => `remove the retired volume ${step.volume}`,
  risk: 'destructive',
  locks: () => [],
  disturbs: () => [],
  effect: (step) => [{ op: 'remove', path: pointer('retired', step.volume) }],
  deadlineMs: 60_000,
  sends: (step) => [`docker volume rm ${step.volume}`],
  async execute(step, context) {
    await Promise.all(
      Object.keys(context.live.hosts).map((host) => context.engine(host).removeVolume(step.volume)),
    );
  },
};
