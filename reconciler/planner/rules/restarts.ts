/** Restarts and replacements of running nodes, in the safe order. */
import { redisVersion } from '../../../spec-schema/effective.ts';
import type { NodeName, ShardName } from '../../model/cluster-state.ts';
import { isMember, nodeOf } from '../../model/topology.ts';
import { needsRestart } from '../intent.ts';
import { mayDisturb } from '../succession.ts';
import { launchChanges } from './containers.ts';
import { type Block, block, type Proposal, type Rule, type RuleContext } from './rule.ts';

/** Directives that differ and take effect only at a start, with their new values. */
function startOnlyChanges({ live, desired }: RuleContext, name: NodeName): Record<string, string> {
  const is = nodeOf(live, name);
  if (is.reachable !== 'yes') return {};
  return Object.fromEntries(
    Object.entries(nodeOf(desired, name).config).filter(
      ([directive, value]) =>
        is.config[directive] !== value && needsRestart(directive, is.config[directive], value),
    ),
  );
}

/** Running nodes whose process has to be stopped to become what the spec says. */
function pendingRestarts(context: RuleContext): Set<NodeName> {
  return new Set(
    context.names.filter((name) => {
      if (nodeOf(context.live, name).container !== 'running') return false;
      return launchChanges(context, name) !== '' || Object.keys(startOnlyChanges(context, name)).length > 0;
    }),
  );
}

/**
 * What has to be seen first: when every shard is concerned, one of them goes ahead, and the others wait until its
 * members have run well for the policy's time.
 */
function canary(
  context: RuleContext,
  pending: ReadonlySet<NodeName>,
): { only?: ShardName; watch: NodeName[] } {
  const { intent, live } = context;
  const open = intent.shards.filter((shard) => intent.members.get(shard)?.some((name) => pending.has(name)));
  if (intent.spec.policies.canarySoak === 0 || intent.shards.length === 1) return { watch: [] };
  if (open.length === intent.shards.length) {
    const first = open[0];
    return first === undefined ? { watch: [] } : { only: first, watch: [] };
  }
  // Only the first one is a canary; whoever follows was preceded by it.
  if (intent.shards.length - open.length > 1) return { watch: [] };
  const done = intent.shards
    .filter((shard) => !open.includes(shard))
    .flatMap((shard) => [...(intent.members.get(shard) ?? [])]);
  return { watch: done.filter((name) => !nodeOf(live, name).soaked).sort() };
}

/** RDB versions by the minor version that brought them: an older server cannot read what a newer one sends. */
const RDB_VERSIONS: readonly (readonly [major: number, minor: number, rdb: number])[] = [
  [8, 8, 14],
  [8, 6, 13],
  [0, 0, 12],
];

function rdbVersion(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return RDB_VERSIONS.find(([a, b]) => major > a || (major === a && minor >= b))?.[2] ?? 0;
}

/** A way back that there is not: replicas of the older version could never synchronise with a newer primary. */
function downgrade({ facts, intent, names }: RuleContext): Block | undefined {
  const to = redisVersion(intent.spec);
  const limit = rdbVersion(to);
  const newer = names.find((name) => {
    const version = facts.nodes[name]?.reading?.version;
    return version !== undefined && version !== to && rdbVersion(version) > limit;
  });
  if (newer === undefined) return undefined;
  const from = facts.nodes[newer]?.reading?.version ?? '';
  return block(
    'rdb-downgrade',
    `node ${newer}`,
    `Redis ${to} cannot read what Redis ${from} writes (RDB version ${rdbVersion(to)} against ${rdbVersion(from)}), so the image cannot go back`,
    `${newer} runs ${from}`,
    `keep an image of ${from.split('.').slice(0, 2).join('.')} or later; to go back, restore a backup from before the upgrade`,
  );
}

export const restartRules: Rule = function* (context) {
  const { live, names } = context;
  const pending = pendingRestarts(context);
  if (pending.size === 0) return;
  const refused = downgrade(context);
  if (refused !== undefined) {
    yield refused;
    return;
  }
  const missing = names.filter(
    (name) => nodeOf(live, name).membership === 'joined' && !isMember(nodeOf(live, name)),
  );
  if (missing.some((name) => !pending.has(name) && nodeOf(live, name).reachable !== 'loading')) {
    // A node that does not come back stops the roll; it is on its way, or another rule says what is wrong with it.
    return;
  }
  const { only, watch } = canary(context, pending);
  // First in sync, then watched: nothing is proved by a replica that is still copying.
  if (watch.some((name) => !isMember(nodeOf(live, name)) || !nodeOf(live, name).synced)) return;
  if (watch.length > 0) {
    yield {
      step: { kind: 'await-soak', nodes: watch },
      because: 'they were changed first, and have to run well for a while',
    };
    return;
  }
  yield* disturbances(context, pending, only);
};

function* disturbances(
  context: RuleContext,
  pending: ReadonlySet<NodeName>,
  only: ShardName | undefined,
): Generator<Proposal | Block> {
  const { live, desired, policy } = context;
  const shards = new Set<string>();
  for (const name of [...pending].sort()) {
    const node = nodeOf(live, name);
    if (live.hosts[node.host]?.engine !== 'yes' || (only !== undefined && node.shard !== only)) continue;
    const replacement = launchChanges(context, name);
    const image = nodeOf(desired, name).launch?.image ?? '';
    // A container is removed only when the one that replaces it can be made at once.
    if (replacement !== '' && live.hosts[node.host]?.images[image] !== 'present') continue;
    const disturbance = mayDisturb(context, name, pending);
    if (disturbance.verdict === 'later') continue;
    const changes = startOnlyChanges(context, name);
    const why = replacement !== '' ? replacement : Object.keys(changes).join(', ');
    if (disturbance.verdict === 'refused') {
      yield block(
        'cannot-restart',
        `node ${name}`,
        `${name} has to be restarted (${why}), but ${disturbance.why}`,
        '',
        disturbance.hint,
      );
      continue;
    }
    shards.add(node.shard);
    if (shards.size > policy.parallelShards) return;
    if (disturbance.verdict === 'switchover') {
      yield {
        step: { kind: 'switchover', shard: node.shard, from: name, to: disturbance.to },
        because: `${name} has to be restarted (${why})`,
      };
    } else if (node.saving) {
      // A replica that writes its first log after a synchronisation refuses SIGTERM once and for all: it would be
      // killed when its time is over, half a minute later (measured).
      yield {
        step: { kind: 'await-save', node: name },
        because: 'it has to be restarted, and would not heed the signal to stop now',
      };
    } else if (replacement !== '') {
      yield {
        step: { kind: 'remove-container', node: name, host: node.host, because: replacement },
        because: 'this cannot be changed in a container',
      };
    } else {
      const { config, users } = nodeOf(desired, name);
      yield {
        step: {
          kind: 'restart-node',
          node: name,
          host: node.host,
          changes,
          config: { ...config },
          users: { ...users },
        },
        because: `${why} takes effect only at a start`,
      };
    }
  }
}
