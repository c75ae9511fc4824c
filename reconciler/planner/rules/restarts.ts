/** Restarts and replacements of running nodes, in the safe order. */
import type { NodeName } from '../../model/cluster-state.ts';
import { nodeOf } from '../../model/topology.ts';
import { needsRestart } from '../intent.ts';
import { mayDisturb } from '../succession.ts';
import { launchChanges } from './containers.ts';
import { block, type Rule, type RuleContext } from './rule.ts';

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

export const restartRules: Rule = function* (context) {
  const { live, desired, policy } = context;
  const pending = pendingRestarts(context);
  const shards = new Set<string>();
  for (const name of [...pending].sort()) {
    const node = nodeOf(live, name);
    if (live.hosts[node.host]?.engine !== 'yes') continue;
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
};
