/** Introduces nodes to the cluster: newcomers, and members whose addresses the others no longer know. */
import type { NodeName } from '../model/cluster-state.ts';
import { nodeOf } from '../model/topology.ts';
import { PortError } from '../ports.ts';
import { type StepKind, setNode } from './step.ts';

export interface Meet {
  readonly kind: 'meet';
  /** In alphabetical order. */
  readonly nodes: readonly NodeName[];
}

/**
 * Above this many participants every newcomer meets a few others and gossip does the rest: a full mesh is the
 * fastest way (0.24 s against 1.06 s for a star of six), but grows with the square of the nodes.
 */
const FULL_MESH_LIMIT = 32;
const ACQUAINTANCES = 8;

/** The pairs to introduce: each newcomer with every (or a few) other participants, no pair twice. */
export function introductions(
  newcomers: readonly NodeName[],
  members: readonly NodeName[],
): (readonly [NodeName, NodeName])[] {
  const everybody = [...members, ...newcomers];
  const pairs: (readonly [NodeName, NodeName])[] = [];
  for (const [index, newcomer] of newcomers.entries()) {
    const earlier = everybody.slice(0, members.length + index);
    if (everybody.length <= FULL_MESH_LIMIT) {
      for (const other of earlier) pairs.push([newcomer, other]);
      continue;
    }
    // Spread evenly over those who came before; the first is always met, so that the graph is connected.
    const stride = Math.max(1, Math.floor(earlier.length / ACQUAINTANCES));
    for (let at = 0; at < earlier.length; at += stride) pairs.push([newcomer, earlier[at] as NodeName]);
  }
  return pairs;
}

export const meet: StepKind<Meet> = {
  id: (step) => `meet:${step.nodes.join('+')}`,
  describe: (step) => `introduce ${step.nodes.join(', ')} to the cluster`,
  risk: 'safe',
  locks: (step) => ['cluster', ...step.nodes.map((node) => `node:${node}` as const)],
  disturbs: () => [],
  effect: (step) => step.nodes.flatMap((node) => setNode(node, { membership: 'joined' })),
  deadlineMs: 30_000,
  sends: () => ['CLUSTER MEET <ip> <port> <bus port> between each of them and the others'],
  async execute(step, context) {
    const members = Object.keys(context.live.nodes)
      .filter((name) => !step.nodes.includes(name))
      .filter(
        (name) =>
          nodeOf(context.live, name).membership === 'joined' &&
          nodeOf(context.live, name).reachable === 'yes',
      )
      .sort();
    await Promise.all(
      introductions(step.nodes, members).map(async ([from, to]) => {
        const address = context.facts.nodes[to]?.address;
        if (address === undefined) throw new PortError('not-found', `the address of ${to} is not known`);
        await context.redis(from).meet(address);
      }),
    );
  },
};
