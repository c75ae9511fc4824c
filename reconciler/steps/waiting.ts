/** Waits, as steps: the preview shows what will be waited for, and run for real they let the loop look again. */
import type { NodeName } from '../model/cluster-state.ts';
import { nodeOf } from '../model/topology.ts';
import { returnOf } from './returning.ts';
import { type StepKind, setNode } from './step.ts';

/** Until a server that is reading its data set answers. */
export interface AwaitStart {
  readonly kind: 'await-start';
  readonly node: NodeName;
  /** What its files are believed to say, until it answers. */
  readonly config: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, string>>;
}

/** Until a replica has everything that its primary has. */
export interface AwaitSync {
  readonly kind: 'await-sync';
  readonly node: NodeName;
}

/** Until links between members that were broken a moment ago are whole again. */
export interface AwaitLinks {
  readonly kind: 'await-links';
  readonly node: NodeName;
}

/** Until all members tell the same slot map and serve. */
export interface AwaitAgreement {
  readonly kind: 'await-agreement';
}

/** Until a source has ended its snapshot or the rewrite of its log, which no migration can start beside. */
export interface AwaitSave {
  readonly kind: 'await-save';
  readonly node: NodeName;
}

/** Until what was changed first has run well for the time that the policy wants to see. */
export interface AwaitSoak {
  readonly kind: 'await-soak';
  /** The nodes that are watched, in alphabetical order. */
  readonly nodes: readonly NodeName[];
}

const wait = { risk: 'none', disturbs: () => [], sends: () => [], execute: async () => {} } as const;

export const awaitStart: StepKind<AwaitStart> = {
  ...wait,
  id: (step) => `await-start:${step.node}`,
  describe: (step) => `wait until ${step.node} has loaded its data`,
  locks: (step) => [`node:${step.node}`, `starts:${step.node}`],
  effect: (step, state) => [
    ...returnOf(state, step.node),
    ...setNode(step.node, { config: step.config, users: step.users }),
  ],
  deadlineMs: 3_600_000,
};

export const awaitSync: StepKind<AwaitSync> = {
  ...wait,
  id: (step) => `await-sync:${step.node}`,
  describe: (step) => `wait until ${step.node} is in sync with its primary`,
  locks: (step) => [`node:${step.node}`],
  effect: (step, state) => {
    const { replicaOf } = nodeOf(state, step.node);
    const primary = replicaOf === null ? undefined : state.nodes[replicaOf];
    return setNode(step.node, {
      link: 'up',
      synced: true,
      copy: 'whole',
      ...(primary === undefined ? {} : { contents: primary.contents }),
    });
  },
  deadlineMs: 3_600_000,
};

export const awaitLinks: StepKind<AwaitLinks> = {
  ...wait,
  id: (step) => `await-links:${step.node}`,
  describe: (step) => `wait until ${step.node} and the other members are connected`,
  locks: (step) => [`node:${step.node}`],
  effect: (step) => setNode(step.node, { membership: 'joined' }),
  deadlineMs: 30_000,
};

export const awaitAgreement: StepKind<AwaitAgreement> = {
  ...wait,
  id: () => 'await-agreement',
  describe: () => 'wait until all members agree and serve',
  locks: () => ['cluster'],
  effect: () => [
    { op: 'replace', path: '/agreement', value: 'yes' },
    { op: 'replace', path: '/serving', value: 'yes' },
  ],
  deadlineMs: 60_000,
};

export const awaitSave: StepKind<AwaitSave> = {
  ...wait,
  id: (step) => `await-save:${step.node}`,
  describe: (step) => `wait until ${step.node} has ended its snapshot or log rewrite`,
  locks: (step) => [`node:${step.node}`],
  effect: (step) => setNode(step.node, { saving: false }),
  deadlineMs: 3_600_000,
};

export const awaitSoak: StepKind<AwaitSoak> = {
  ...wait,
  id: (step) => `await-soak:${step.nodes.join('+')}`,
  describe: (step) => `watch ${step.nodes.join(', ')} for a while before the next shard is touched`,
  locks: (step) => step.nodes.map((node) => `node:${node}` as const),
  effect: (step) => step.nodes.flatMap((node) => setNode(node, { soaked: true })),
  deadlineMs: 24 * 3_600_000,
};
