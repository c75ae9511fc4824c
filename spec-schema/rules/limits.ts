/** Directives whose right value depends on the size of the cluster. */
import type { NodeSpec } from '../cluster-spec.ts';
import { findDirective } from '../directives.ts';
import { effectiveConfig } from '../effective.ts';
import type { Finding } from '../finding.ts';
import type { SpecPath } from '../locate.ts';
import type { Rule, RuleContext } from './rule.ts';

/** Clients that must still get in beside the cluster's own links: applications, RedisForge, a person. */
const SPARE_CLIENTS = 64;

/** Below, a busy fork or a short pause of the machine looks like a dead node; Redis' default is 15,000. */
const MIN_NODE_TIMEOUT_MS = 1000;
/** Above, a dead primary's slots are away for more than a minute before anybody asks for votes. */
const MAX_NODE_TIMEOUT_MS = 60_000;

export const limitRules: Rule = function* (context) {
  if (!context.isWhole('redis')) return;
  const lasting = context.spec.nodes.filter(({ role }) => role !== 'surge');
  const members = Map.groupBy(lasting, (node) => node.shard);
  const seen = new Set<string>();
  for (const node of context.nodes) {
    const config = effectiveConfig(context.spec, node);
    const findings = [
      ...minReplicas(context, node, config, members.get(node.shard)?.length ?? 1),
      ...maxClients(context, node, config),
      ...nodeTimeout(context, node, config),
    ];
    // A setting for all nodes is one mistake, not one for each of them.
    for (const finding of findings) {
      const key = `${finding.code} ${finding.path.join('/')}`;
      if (!seen.has(key)) yield finding;
      seen.add(key);
    }
  }
};

type Values = Readonly<Record<string, string>>;

/**
 * One replica must be allowed to be away: while it restarts, or has just become the primary, a primary that insists
 * on all of them refuses every write. Slots that such a primary imports are lost without an error (measured).
 */
function* minReplicas(
  context: RuleContext,
  node: NodeSpec,
  config: Values,
  members: number,
): Iterable<Finding> {
  const wanted = Number(config['min-replicas-to-write'] ?? 0);
  const replicas = members - 1;
  const most = Math.max(0, replicas - 1);
  if (wanted <= most || !context.isWhole('nodes')) return;
  yield {
    severity: 'error',
    code: 'min-replicas-unsatisfiable',
    path: placeOf(context, node, 'min-replicas-to-write'),
    summary: `shard \`${node.shard}\` has ${count(replicas, 'replica')}, and must be able to do without one while it restarts or takes over: with \`min-replicas-to-write ${wanted}\` every write would be refused then, and slots that are moved there would lose their keys`,
    hint: `set it to ${most}, or give each shard ${count(wanted + 1, 'replica')}`,
  };
}

/** R15: links between nodes are clients too. At 12 with 6 nodes nobody could log in any more, not even to raise it. */
function* maxClients(context: RuleContext, node: NodeSpec, config: Values): Iterable<Finding> {
  const written = config['maxclients'];
  const needed = 2 * (context.spec.nodes.length - 1) + SPARE_CLIENTS;
  if (written === undefined || Number(written) >= needed) return;
  yield {
    severity: 'error',
    code: 'maxclients-too-small',
    path: placeOf(context, node, 'maxclients'),
    summary: `the links between ${context.spec.nodes.length} nodes take up to ${2 * (context.spec.nodes.length - 1)} of ${written} clients: nobody else could log in, RedisForge included, and only a restart would help`,
    hint: `set it to at least ${needed} (2 for each other node, and ${SPARE_CLIENTS})`,
  };
}

function* nodeTimeout(context: RuleContext, node: NodeSpec, config: Values): Iterable<Finding> {
  const written = config['cluster-node-timeout'];
  if (written === undefined) return;
  const path = placeOf(context, node, 'cluster-node-timeout');
  if (
    node.config !== undefined &&
    Object.keys(node.config).some((key) => isDirective(key, 'cluster-node-timeout'))
  ) {
    yield {
      severity: 'error',
      code: 'uneven-node-timeout',
      path,
      target: 'key',
      summary: 'nodes that wait for different times do not agree on who has failed',
      hint: 'set `cluster-node-timeout` in `redis.config`, for all nodes',
    };
  }
  const milliseconds = Number(written);
  if (milliseconds < MIN_NODE_TIMEOUT_MS) {
    yield {
      severity: 'error',
      code: 'node-timeout-too-short',
      path,
      summary: `after ${milliseconds} ms of silence a node counts as failed: a fork or a busy machine would cause failovers`,
      hint: `the unit is milliseconds: set it to at least ${MIN_NODE_TIMEOUT_MS}; 5000 is a good value`,
    };
  } else if (milliseconds > MAX_NODE_TIMEOUT_MS) {
    yield {
      severity: 'warning',
      code: 'node-timeout-too-long',
      path,
      summary: `a dead primary is noticed only after ${Math.round(milliseconds / 1000)} s, and its slots cannot be written or read until then`,
      hint: `the unit is milliseconds: 5000 is a good value, the default is 15000`,
    };
  }
}

/** The node's own directive where it has one, otherwise the one for all; as it is written, aliases included. */
function placeOf(context: RuleContext, node: NodeSpec, name: string): SpecPath {
  const written = (config: object): string | undefined =>
    Object.keys(config).find((key) => isDirective(key, name));
  const own = written(node.config ?? {});
  return own === undefined
    ? ['redis', 'config', written(context.spec.redis.config) ?? name]
    : context.at(node, 'config', own);
}

function isDirective(written: string, name: string): boolean {
  return findDirective(written)?.name === name;
}

function count(number: number, what: string): string {
  return number === 1 ? `1 ${what}` : `${number} ${what}s`;
}
