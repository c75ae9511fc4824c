/** Most primaries are gone: nothing is forced; what a person would have to decide is shown, and done when decided. */
import type { NodeName } from '../../model/cluster-state.ts';
import {
  followersOf,
  isMember,
  majorityReachable,
  nodeOf,
  silentOwners,
  slotOwners,
} from '../../model/topology.ts';
import { type Block, block, type Proposal, type Rule, type RuleContext } from './rule.ts';

/** An owner of slots that is gone: a node of ours, or a member that only the others still know. */
interface Lost {
  readonly name: string;
  readonly shard: string;
  readonly slots: string;
  /** Replicas that could take over, the one that got furthest first. */
  readonly candidates: readonly NodeName[];
}

function lostOwners({ live, facts, intent }: RuleContext): Lost[] {
  const offset = (name: NodeName): number => facts.nodes[name]?.reading?.offset ?? 0;
  const candidatesOf = (owner: string): NodeName[] =>
    followersOf(live, owner)
      .filter((name) => isMember(nodeOf(live, name)))
      .sort((a, b) => offset(b) - offset(a) || (a < b ? -1 : 1));
  const ours = silentOwners(live).map((name) => ({
    name,
    shard: nodeOf(live, name).shard,
    slots: nodeOf(live, name).slots,
    candidates: candidatesOf(name),
  }));
  const ghosts = Object.entries(live.ghosts)
    .filter(([, ghost]) => ghost.slots !== '' && ghost.state !== 'alive')
    .map(([id, ghost]) => {
      const candidates = candidatesOf(id);
      const shard =
        candidates.map((name) => intent.nodes[name]?.shard).find((found) => found !== undefined) ?? '';
      return { name: id, shard, slots: ghost.slots, candidates };
    });
  return [...ours, ...ghosts];
}

/** How far a candidate had got, in words: what is lost is what the primary wrote after that, which nobody can count. */
function standing({ facts }: RuleContext, name: NodeName): string {
  const reading = facts.nodes[name]?.reading;
  if (reading === undefined) return name;
  const down = reading.primaryLink?.downSeconds ?? -1;
  const age = down >= 0 ? `, ${down} s behind` : ', never in sync since it started';
  return `${name} (${reading.keys} keys, offset ${reading.offset}${age})`;
}

/** What ran on the other side must not come back and go on writing: it is stopped, or its host is known to be off. */
function isFenced({ live, intent }: RuleContext, name: string): boolean {
  const node = live.nodes[name];
  if (node === undefined) return true;
  if (node.container === 'stopped' || node.container === 'absent') return true;
  return (
    live.hosts[node.host]?.engine !== 'yes' && intent.spec.recovery?.hostsAreOff.includes(node.host) === true
  );
}

function* recover(context: RuleContext, lost: Lost, chosen: NodeName): Generator<Proposal | Block> {
  const { live } = context;
  const old = live.nodes[lost.name];
  if (!lost.candidates.includes(chosen)) {
    yield block(
      'no-candidate',
      `node ${chosen}`,
      `${chosen} cannot take over shard ${lost.shard}: it does not answer, or replicates somebody else`,
      lost.candidates.map((name) => standing(context, name)).join('; '),
      'name one of the replicas that answer',
    );
    return;
  }
  if (old !== undefined && !isFenced(context, lost.name)) {
    if (live.hosts[old.host]?.engine === 'yes' && old.container === 'running') {
      yield {
        step: { kind: 'fence-node', node: lost.name, host: old.host },
        because: 'it must not write any more when another one takes over',
      };
      return;
    }
    yield block(
      'not-fenced',
      `host ${old.host}`,
      `${lost.name} may still run on ${old.host}, which does not answer: two primaries would take writes for the same slots`,
      '',
      `make sure that ${old.host} is off and say so: recovery.hostsAreOff: [${old.host}]`,
    );
    return;
  }
  yield {
    step: { kind: 'takeover', shard: lost.shard, from: lost.name, to: chosen },
    because: `decided in the spec: ${context.intent.spec.recovery?.reason ?? ''}`,
  };
}

export const quorumRules: Rule = function* (context) {
  const { live, intent } = context;
  if (slotOwners(live).length === 0 || majorityReachable(live)) return;
  const lost = lostOwners(context);
  if (lost.length === 0) return;
  const decided = intent.spec.recovery?.takeover ?? [];
  const evidence = lost.map(
    ({ name, shard, slots, candidates }) =>
      `shard ${shard} (slots ${slots}) of ${name}: ${candidates.length === 0 ? 'no replica answers' : candidates.map((candidate) => standing(context, candidate)).join(', ')}`,
  );
  const best = lost.flatMap(({ candidates }) => candidates.slice(0, 1));
  for (const owner of lost) {
    const chosen = decided.find((name) => intent.nodes[name]?.shard === owner.shard);
    if (chosen !== undefined) yield* recover(context, owner, chosen);
  }
  yield block(
    'quorum-lost',
    'cluster',
    `the majority of primaries is gone (${lost.map(({ name }) => name).join(', ')}), so nobody can be elected; nothing is forced`,
    evidence.join('; '),
    best.length === 0
      ? 'bring the lost nodes back with their volumes'
      : `bring the lost nodes back; if they are gone for good, decide it in the spec: recovery: { takeover: [${best.join(', ')}], reason: … }`,
  );
};
