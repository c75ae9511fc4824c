/** What every kind of step has in common: plain data on one side, its behaviour (one file a kind) on the other. */
import type { Operation } from 'fast-json-patch';
import type { ClusterState, HostName, NodeName } from '../model/cluster-state.ts';
import type { Facts } from '../model/facts.ts';
import type { AclUserToSet, Clock, ContainerPlan, Engine, FileToPut, RedisNode, Secret } from '../ports.ts';

/**
 * What a step can do to data and clients, mildest first.
 *
 * `none`: only waits or reads. `safe`: no client notices. `disruptive`: one node stops serving for a time or roles
 * change. `destructive`: something is removed for good; it runs only from an approved plan (law 8).
 */
export type Risk = 'none' | 'safe' | 'disruptive' | 'destructive';

/**
 * `node:NAME`, `shard:NAME`, `zone:NAME`, `host:NAME`, `cluster`, `election`, `starts` or `starts:NAME`: no two steps of
 * one wave share a lock, and `starts` is shared with every `starts:NAME`.
 *
 * Nobody may start while roles change anywhere. What the members said before the change waits for the one that starts
 * and is read beside what they say after it, in any order: two members are each other's replica for it then, and it
 * follows that circle for ever (measured on 8.6.3: all of a core in `clusterProcessPingExtensions`, until it is killed;
 * https://github.com/valkey-io/valkey/issues/1015 describes it).
 */
export type Lock =
  | `node:${string}`
  | `shard:${string}`
  | `zone:${string}`
  | `host:${string}`
  | 'cluster'
  | 'election'
  | 'starts'
  | `starts:${string}`;

/** The behaviour of one kind of step. All but `execute` is pure. */
export interface StepKind<S> {
  /** Content-derived identity: equal steps have equal ids, in the preview, in the apply, after a restart. */
  id(step: S): string;
  /** One line in the imperative, for people. */
  describe(step: S): string;
  readonly risk: Risk;
  locks(step: S, state: ClusterState): readonly Lock[];
  /** Nodes that stop serving, or lose their role, while the step runs. */
  disturbs(step: S, state: ClusterState): readonly NodeName[];
  /** The JSON Patch that the step makes to the live document when it succeeds. */
  effect(step: S, state: ClusterState): Operation[];
  /** How long the step, and the wait for its effect to show, may take in milliseconds. */
  readonly deadlineMs: number;
  /**
   * What RedisForge sends, in the words of Redis and Docker, for `explain` and the documentation.
   */
  sends(step: S): readonly string[];
  /**
   * Starts the work and returns when the other side has accepted it, with what `verify` will want to compare.
   * @throws PortError
   */
  execute(step: S, context: StepContext): Promise<unknown>;
  /**
   * For work that goes on after `execute`: whether it still does. When it does not and the effect does not show, the
   * step has failed, long before its deadline.
   */
  isUnderWay?(step: S, state: ClusterState): boolean;
  /**
   * For work that may go on for long and whose end should be noticed at once: whether it has ended. A cheap question,
   * asked often between two looks at everything. @throws PortError
   */
  hasEnded?(step: S, context: StepContext): Promise<boolean>;
  /** A last look once the effect shows, at what the documents cannot tell. @throws PortError when it is wrong. */
  verify?(step: S, context: StepContext, evidence: unknown): Promise<void>;
}

/** What a step needs to be carried out: the last observation, the ports of this cluster, and rendered material. */
export interface StepContext {
  readonly live: ClusterState;
  readonly facts: Facts;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  engine(host: HostName): Engine;
  /** The administration of a node of ours. @throws PortError when no address of it is known. */
  redis(node: NodeName): RedisNode;
  readonly material: NodeMaterial;
}

/** What is rendered from spec and secrets for one cluster. Nothing of it is ever logged. */
export interface NodeMaterial {
  /** How to make the node's container, with these directives in its configuration file. */
  containerPlan(node: NodeName, config: Readonly<Record<string, string>>): ContainerPlan;
  /** The configuration files alone. */
  files(node: NodeName, config: Readonly<Record<string, string>>): readonly FileToPut[];
  /** Values for CONFIG SET: digests in `config` replaced by the secrets that they stand for. */
  configValues(config: Readonly<Record<string, string>>): Readonly<Record<string, string | Secret>>;
  user(name: string): AclUserToSet;
  labels(node: NodeName | undefined): Readonly<Record<string, string>>;
  volume(node: NodeName): string;
  network(): { readonly name: string; readonly subnet: string | undefined };
}

/** RFC 6901 pointer from unescaped parts. */
export function pointer(...parts: readonly string[]): string {
  return parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Operations that set fields of one node to new values; the fields exist in every node. */
export function setNode(node: NodeName, values: Readonly<Record<string, unknown>>): Operation[] {
  return Object.entries(values).map(([field, value]) => ({
    op: 'replace',
    path: pointer('nodes', node, field),
    value,
  }));
}
