/**
 * No zone and no host may hold half or more of the primaries: when it is lost, the rest is no majority, nobody is
 * elected, and the whole cluster stops (measured: 10,923 slots without an owner, replicas alive and useless).
 *
 * Roles are live, so what counts is whether one primary per shard can be chosen such that it never comes to that:
 * a matching of shards to domains, each of which takes less than half.
 */
import type { NodeSpec } from '../cluster-spec.ts';
import { hostOf } from '../effective.ts';
import type { Finding } from '../finding.ts';
import type { Rule, RuleContext } from './rule.ts';

interface Domain {
  readonly kind: 'zone' | 'host';
  readonly of: (node: NodeSpec) => string;
}

/** The members of one shard that may become its primary. */
type Candidates = readonly NodeSpec[];

export const majorityRules: Rule = function* (context) {
  const { spec } = context;
  if (spec.placement === 'single-host' || !isComplete(context)) return;
  // One that is there for a time only becomes a primary in an emergency at most.
  const lasting = spec.nodes.filter(({ role }) => role !== 'surge');
  const shards = [...Map.groupBy(lasting, (node) => node.shard).values()];
  if (shards.length < 3) return;
  const zones = check(context, shards, { kind: 'zone', of: (node) => hostOf(spec, node)?.zone ?? '' });
  if (zones?.severity === 'error') {
    // A host is in one zone: what spreads the primaries over zones spreads them over hosts too.
    yield zones;
    return;
  }
  // Who says `placement: host` knows that a zone may take the cluster along.
  if (zones !== undefined && spec.placement === 'zone') yield zones;
  const hosts = check(context, shards, { kind: 'host', of: (node) => node.host });
  if (hosts?.severity === 'error' || (hosts !== undefined && spec.placement === 'host')) yield hosts;
};

/** Whether all that counts here is known: a node that is missing, or whose role is, would change the answer. */
function isComplete({ spec, nodes, isWhole }: RuleContext): boolean {
  const sound = new Set(nodes);
  return (
    isWhole('nodes') &&
    isWhole('hosts') &&
    isWhole('placement') &&
    spec.nodes.every(
      (node) => hostOf(spec, node) !== undefined && (node.role !== undefined || sound.has(node)),
    )
  );
}

function check(context: RuleContext, shards: readonly Candidates[], domain: Domain): Finding | undefined {
  const most = Math.floor((shards.length - 1) / 2);
  const preferred = shards.map(preferredPrimaries);
  if (match(preferred, domain, most) !== undefined) return undefined;
  const possible = match(shards, domain, most);
  return possible === undefined
    ? unavoidable(shards, domain, most)
    : forced(context, preferred, possible, domain, most);
}

/** Who the file wants as primary: the one that it names, or else whoever is not to be a replica. */
function preferredPrimaries(members: Candidates): Candidates {
  const named = members.filter((node) => node.role === 'primary');
  if (named.length > 0) return named;
  const open = members.filter((node) => node.role === undefined);
  return open.length > 0 ? open : members;
}

/** For each shard a primary, so that no domain has more than `most`; undefined when there is no such choice. */
function match(shards: readonly Candidates[], domain: Domain, most: number): NodeSpec[] | undefined {
  const chosen: (NodeSpec | undefined)[] = shards.map(() => undefined);
  const held = new Map<string, Set<number>>();
  for (const shard of shards.keys()) {
    if (!place(shard, shards, domain, most, chosen, held)) return undefined;
  }
  return chosen as NodeSpec[];
}

/** Places one shard, moving others along the shortest chain that ends in a domain with room (an augmenting path). */
function place(
  shard: number,
  shards: readonly Candidates[],
  domain: Domain,
  most: number,
  chosen: (NodeSpec | undefined)[],
  held: Map<string, Set<number>>,
): boolean {
  const reachedBy = new Map<string, { readonly shard: number; readonly node: NodeSpec }>();
  const queue = [shard];
  for (const mover of queue) {
    for (const node of shards[mover] ?? []) {
      const target = domain.of(node);
      if (reachedBy.has(target)) continue;
      reachedBy.set(target, { shard: mover, node });
      const occupants = held.get(target) ?? new Set();
      if (occupants.size >= most) {
        queue.push(...occupants);
        continue;
      }
      let step = reachedBy.get(target);
      while (step !== undefined) {
        const previous = chosen[step.shard];
        const from = previous === undefined ? undefined : domain.of(previous);
        if (from !== undefined) held.get(from)?.delete(step.shard);
        chosen[step.shard] = step.node;
        const to = domain.of(step.node);
        held.set(to, (held.get(to) ?? new Set()).add(step.shard));
        step = from === undefined ? undefined : reachedBy.get(from);
      }
      return true;
    }
  }
  return false;
}

/** The roles in the file put too many primaries into one domain, and other roles would not. */
function forced(
  context: RuleContext,
  preferred: readonly Candidates[],
  possible: readonly NodeSpec[],
  domain: Domain,
  most: number,
): Finding {
  const bound = Map.groupBy(
    preferred.flatMap((candidates) =>
      new Set(candidates.map(domain.of)).size === 1 ? candidates.slice(0, 1) : [],
    ),
    domain.of,
  );
  const [name, primaries] = [...bound].find(([, nodes]) => nodes.length > most) ?? ['', preferred.flat()];
  const better = (node: NodeSpec) =>
    possible.find((other) => other.shard === node.shard && domain.of(other) !== name);
  const offender = primaries.findLast((node) => better(node) !== undefined) ?? (primaries.at(-1) as NodeSpec);
  const instead = better(offender);
  return {
    severity: 'error',
    code: `majority-in-one-${domain.kind}`,
    path: context.at(offender, offender.role === undefined ? 'name' : 'role'),
    summary: `${primaries.length} of ${preferred.length} primaries are to be in ${domain.kind} \`${name}\`: when it is lost the rest is no majority, and the whole cluster stops`,
    hint:
      instead === undefined
        ? `spread the primaries so that no ${domain.kind} has more than ${most}`
        : `make \`${instead.name}\` the primary of shard \`${instead.shard}\` (no ${domain.kind} should have more than ${most})`,
  };
}

function unavoidable(shards: readonly Candidates[], domain: Domain, most: number): Finding {
  let least = most + 1;
  while (match(shards, domain, least) === undefined) least += 1;
  const names = [...new Set(shards.flat().map(domain.of))];
  const needed = Math.ceil(shards.length / most);
  return {
    severity: 'warning',
    code: `majority-in-one-${domain.kind}`,
    path: ['hosts'],
    target: 'key',
    evidence: `${domain.kind}s ${names.slice(0, 8).join(', ')}`,
    summary: `whatever roles the nodes have, some ${domain.kind} holds ${least} of ${shards.length} primaries: when it is lost the rest is no majority, and the whole cluster stops until it is back`,
    hint:
      names.length < needed
        ? `${shards.length} shards need ${needed} ${domain.kind}s for that not to happen`
        : `place more shards in other ${domain.kind}s, so that no more than ${most} primaries have to be in one`,
  };
}
