/** Restarts and replacements of running nodes, in the safe order. */
import type { NodeName, ShardName } from '../../model/cluster-state.ts';
import { isMember, nodeOf } from '../../model/topology.ts';
import { canary, downgradeOf, rdbVersion } from '../canary.ts';
import { hasToStop, launchChanges, startOnlyChanges } from '../stop-changes.ts';
import { mayDisturb } from '../succession.ts';
import { awaitsTurn } from '../surge.ts';
import { type Block, block, ofEachSpecNode, type Proposal, type Rule, type RuleContext } from './rule.ts';
import { surgeRules } from './surges.ts';

/** Why a process has to be stopped to become what the spec says. */
interface Restart {
  /** What of its container cannot be changed in place, in words; '' when a restart of the process will do. */
  readonly replacement: string;
  /** Directives that take effect only at a start, with their new values. */
  readonly changes: Readonly<Record<string, string>>;
}

type Pending = ReadonlyMap<NodeName, Restart>;

const dueRestart = ofEachSpecNode<Restart>((is, want) =>
  hasToStop(is, want)
    ? { replacement: launchChanges(is.launch, want.launch), changes: startOnlyChanges(is, want.config) }
    : undefined,
);

/** A member that does not run; the answer is whether it is on its way. */
const isMissing = ofEachSpecNode<'loading' | 'silent'>((node) => {
  if (node.membership !== 'joined' || isMember(node)) return undefined;
  return node.reachable === 'loading' ? 'loading' : 'silent';
});

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
  const { live } = context;
  const pending: Pending = new Map(dueRestart(context));
  if (pending.size === 0) return;
  const refused = downgrade(context);
  if (refused !== undefined) {
    yield refused;
    return;
  }
  if (isMissing(context).some(([name, how]) => !pending.has(name) && how !== 'loading')) {
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
  pending: Pending,
  only: ShardName | undefined,
): Generator<Proposal | Block> {
  const { live, desired, policy } = context;
  const shards = new Set<string>();
  for (const [name, { replacement, changes }] of pending) {
    const node = nodeOf(live, name);
    if (live.hosts[node.host]?.engine !== 'yes' || (only !== undefined && node.shard !== only)) continue;
    if (awaitsTurn(context.intent, live, node.shard)) continue;
    const image = nodeOf(desired, name).launch?.image ?? '';
    // A container is removed only when the one that replaces it can be made at once.
    if (replacement !== '' && live.hosts[node.host]?.images[image] !== 'present') continue;
    const disturbance = mayDisturb(context, name, pending);
    if (disturbance.verdict === 'later') continue;
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
          changes: { ...changes },
          config: { ...config },
          users: { ...users },
        },
        because: `${why} takes effect only at a start`,
      };
    }
  }
}
