/** Who replicates whom, and whether the links really carry data. */
import type { NodeName } from '../../model/cluster-state.ts';
import { isMember, isSyncedReplica, nodeOf, ownsSlots } from '../../model/topology.ts';
import { emptied } from '../emptied.ts';
import { type Block, block, ofEachSpecNode, type Proposal, type Rule, type RuleContext } from './rule.ts';

/** A link that is down may be about to come up by itself; after this long it is told to. */
const LINK_PATIENCE_SECONDS = 30;

/**
 * A replica of a lost member that still owns slots: its copy may be the only one. Pointed to anybody else it would
 * throw that away, so it stays as it is until it has been elected, or its primary is back.
 */
function heirOfLost({ live }: RuleContext, name: NodeName): string | undefined {
  const { replicaOf, copy } = nodeOf(live, name);
  if (replicaOf === null || copy === 'partial') return undefined;
  const former = live.ghosts[replicaOf] ?? live.nodes[replicaOf];
  if (former === undefined || former.slots === '') return undefined;
  return 'membership' in former && isMember(former) ? undefined : former.slots;
}

function* linkOf(context: RuleContext, name: NodeName, primary: NodeName): Generator<Proposal | Block> {
  const { live, facts } = context;
  const node = nodeOf(live, name);
  const downSeconds = facts.nodes[name]?.reading?.primaryLink?.downSeconds ?? 0;
  if (node.link === 'stale-address') {
    yield {
      step: { kind: 'repair-link', node: name, primary },
      because: `it dials an address that is no longer ${primary}'s, so there is no redundancy although the cluster says ok`,
    };
  } else if (node.link === 'down' && downSeconds > LINK_PATIENCE_SECONDS) {
    yield {
      step: { kind: 'repair-link', node: name, primary },
      because: `its link has been down for ${downSeconds} s`,
    };
  } else if (node.link !== 'up' || !node.synced) {
    yield { step: { kind: 'await-sync', node: name }, because: `its link is ${node.link}` };
  }
}

/** The primary of a member that should replicate it and does not, or is not in sync with it. */
const primaryToCopy = ofEachSpecNode<NodeName>((is, { replicaOf }) => {
  if (replicaOf === null || !isMember(is)) return undefined;
  return isSyncedReplica(is) && is.replicaOf === replicaOf ? undefined : replicaOf;
});

export const replicationRules: Rule = function* (context) {
  const { live, facts } = context;
  const pairs = emptied(live);
  // Said of all of them, also while the two cannot reach each other: that is when the keys can still be saved.
  for (const { primary, replica } of pairs) {
    yield block(
      'empty-primary',
      `node ${primary}`,
      `${primary} came back empty while its replica ${replica} still holds keys; synchronising would delete them`,
      `${facts.nodes[replica]?.reading?.keys ?? 'some'} keys on ${replica}, 0 on ${primary}`,
      `stop ${primary} (docker stop), then RedisForge lets ${replica} take over; or accept the loss by letting them synchronise`,
    );
  }
  const threatened = new Set(pairs.map(({ replica }) => replica));
  for (const [name, primary] of primaryToCopy(context)) {
    const node = nodeOf(live, name);
    if (threatened.has(name)) continue;
    const target = live.nodes[primary];
    if (target === undefined || !isMember(target) || target.role !== 'primary') continue;
    if (node.role === 'replica' && node.replicaOf === primary) {
      yield* linkOf(context, name, primary);
      continue;
    }
    if (ownsSlots(node)) {
      yield block(
        'two-primaries',
        `node ${name}`,
        `${name} owns slots ${node.slots} although ${primary} is the primary of shard ${node.shard}`,
        '',
        `give ${name} a shard of its own in the spec, or move its slots away`,
      );
      continue;
    }
    const slots = heirOfLost(context, name);
    if (slots !== undefined) {
      yield block(
        'heir-of-lost-member',
        `node ${name}`,
        `${name} may hold the only copy of the keys in slots ${slots}, whose owner is lost; it is not pointed to ${primary} before it has been elected`,
        `it replicates ${node.replicaOf}`,
        'nothing, while most primaries are reachable: the members elect it within a few times the node timeout',
      );
      continue;
    }
    if (node.role === 'primary' && node.contents !== 'empty') {
      yield block(
        'replica-holds-keys',
        `node ${name}`,
        `${name} should replicate ${primary}, but it is a primary without slots that holds keys`,
        `${context.facts.nodes[name]?.reading?.keys ?? 'some'} keys`,
        `save what is in it, then empty it (FLUSHALL on ${name})`,
      );
      continue;
    }
    yield {
      step: { kind: 'replicate', node: name, primary },
      because:
        node.role === 'replica'
          ? `it replicates ${node.replicaOf ?? 'nobody'}`
          : 'it is a primary without slots',
    };
  }
};
