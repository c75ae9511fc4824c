/** Restarts and replacements of running nodes, in the safe order. */
import type { NodeName, ShardName } from '../../model/cluster-state.ts';
import { isMember, nodeOf } from '../../model/topology.ts';
import { canary, downgradeOf, rdbVersion } from '../canary.ts';
import { hasToStop, launchChanges, startOnlyChanges } from '../stop-changes.ts';
import { mayDisturb } from '../succession.ts';
import { awaitsTurn } from '../surge.ts';
import { type Block, block, type Proposal, type Rule, type RuleContext } from './rule.ts';
import { surgeRules } from './surges.ts';

/** Running nodes whose process has to be stopped to become what the spec says. */
function pendingRestarts({ live, desired, names }: RuleContext): Set<NodeName> {
  return new Set(names.filter((name) => hasToStop(nodeOf(live, name), nodeOf(desired, name))));
}

function downgrade({ facts, intent }: RuleContext): Block | undefined {
  const found = downgradeOf(intent, facts);
  if (found === undefined) return undefined;
  const { node, from, to } = found;
  return block(
    'rdb-downgrade',
    `node ${node}`,
    `Redis ${to} cannot read what Redis ${from} writes (RDB version ${rdbVersion(to)} against ${rdbVersion(from)}), so the image cannot go back`,
    `${node} runs ${from}`,
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
  const { only, watch } = canary(context.intent, live, pending);
  // First in sync, then watched: nothing is proved by a replica that is still copying.
  if (watch.some((name) => !isMember(nodeOf(live, name)) || !nodeOf(live, name).synced)) return;
  if (watch.length > 0) {
    yield {
      step: { kind: 'await-soak', nodes: watch },
      because: 'they were changed first, and have to run well for a while',
    };
    return;
  }
  // A member that restarts meanwhile would not hear that a surge replica is to be forgotten.
  if ([...surgeRules(context)].length > 0) return;
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
    if (awaitsTurn(context.intent, live, node.shard)) continue;
    const replacement = launchChanges(node.launch, nodeOf(desired, name).launch);
    const image = nodeOf(desired, name).launch?.image ?? '';
    // A container is removed only when the one that replaces it can be made at once.
    if (replacement !== '' && live.hosts[node.host]?.images[image] !== 'present') continue;
    const disturbance = mayDisturb(context, name, pending);
    if (disturbance.verdict === 'later') continue;
    const changes = startOnlyChanges(node, nodeOf(desired, name).config);
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
