/** Shards, hosts and zones: enough of them, and apart from each other as the spec's `placement` asks. */
import type { NodeSpec } from '../cluster-spec.ts';
import { didYouMean } from '../did-you-mean.ts';
import { hostOf } from '../effective.ts';
import type { Finding } from '../finding.ts';
import type { Rule, RuleContext } from './rule.ts';

/** Fewer primaries have no majority that could agree on a failover. */
const MIN_SHARDS = 3;

export const topologyRules: Rule = function* (context) {
  if (context.isWhole('hosts')) yield* unknownHosts(context);
  if (context.isWhole('nodes')) {
    const shards = Map.groupBy(context.spec.nodes, (node) => node.shard);
    yield* tooFewShards([...shards.keys()]);
    for (const members of shards.values()) yield* onlyReplicas(context, members);
  }
  for (const members of Map.groupBy(context.nodes, (node) => node.shard).values()) {
    yield* twoPrimaries(context, members);
    if (context.spec.placement !== 'single-host' && context.isWhole('placement'))
      yield* apart(context, members);
  }
};

function* unknownHosts(context: RuleContext): Iterable<Finding> {
  const known = new Set(context.spec.hosts.map((host) => host.name));
  for (const node of context.nodes) {
    if (known.has(node.host)) continue;
    yield {
      severity: 'error',
      code: 'unknown-host',
      path: context.at(node, 'host'),
      summary: `node \`${node.name}\` is to run on \`${node.host}\`, and there is no such host`,
      hint: `${didYouMean(node.host, known)}the hosts are ${[...known].slice(0, 8).join(', ')}${known.size > 8 ? ', …' : ''}`,
    };
  }
}

function* tooFewShards(shards: readonly string[]): Iterable<Finding> {
  if (shards.length >= MIN_SHARDS) return;
  yield {
    severity: 'error',
    code: 'too-few-shards',
    path: ['nodes'],
    target: 'key',
    evidence: `${shards.length === 1 ? 'shard' : 'shards'} ${shards.join(', ')}`,
    summary: `the cluster has ${shards.length} of at least ${MIN_SHARDS} shards: with fewer primaries no majority could agree on a failover`,
    hint: `add nodes of ${MIN_SHARDS - shards.length} more`,
  };
}

function* twoPrimaries(context: RuleContext, members: readonly NodeSpec[]): Iterable<Finding> {
  const [first, ...others] = members.filter((node) => node.role === 'primary');
  for (const other of others) {
    yield {
      severity: 'error',
      code: 'two-primaries',
      path: context.at(other, 'role'),
      summary: `shard \`${other.shard}\` has two nodes that are to be its primary: \`${first?.name}\` and \`${other.name}\``,
      hint: 'make one of them `replica`, or leave its role out',
    };
  }
}

function* onlyReplicas(context: RuleContext, members: readonly NodeSpec[]): Iterable<Finding> {
  const [member] = members;
  const isPrimary = ({ role }: NodeSpec): boolean => role === 'primary' || role === undefined;
  if (member === undefined || members.some(isPrimary)) return;
  yield {
    severity: 'error',
    code: 'shard-without-primary',
    path: context.at(member, 'role'),
    summary: `every node of shard \`${member.shard}\` is to be a replica, or there for a time only`,
    hint: 'make one of them `primary`, or leave its role out',
  };
}

/** Two members in one failure domain are one copy that counts twice. */
function* apart(context: RuleContext, members: readonly NodeSpec[]): Iterable<Finding> {
  const inHost = new Map<string, NodeSpec>();
  const inZone = new Map<string, NodeSpec>();
  for (const node of members) {
    const host = hostOf(context.spec, node);
    const neighbour = inHost.get(node.host);
    const zoneMate = host === undefined ? undefined : inZone.get(host.zone);
    inHost.set(node.host, neighbour ?? node);
    if (host !== undefined) inZone.set(host.zone, zoneMate ?? node);
    const base = { severity: 'error', path: context.at(node, 'host') } as const;
    if (neighbour !== undefined) {
      yield {
        ...base,
        code: 'shard-on-one-host',
        summary: `\`${neighbour.name}\` and \`${node.name}\` of shard \`${node.shard}\` both run on host \`${node.host}\`: the shard would be lost with it`,
        hint: 'move one of them to another host; a demo may say `placement: single-host`',
      };
    } else if (context.spec.placement === 'zone' && zoneMate !== undefined) {
      yield {
        ...base,
        code: 'shard-in-one-zone',
        summary: `\`${zoneMate.name}\` (host \`${zoneMate.host}\`) and \`${node.name}\` (host \`${node.host}\`) of shard \`${node.shard}\` are both in zone \`${host?.zone}\``,
        hint: 'move one of them to a host in another zone, or say `placement: host` if hosts are apart enough',
      };
    }
  }
}
