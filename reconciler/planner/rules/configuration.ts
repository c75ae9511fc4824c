/** Directives and users of running servers. */
import { nodeOf } from '../../model/topology.ts';
import { needsRestart } from '../intent.ts';
import { isHastened, isSettled } from './formation.ts';
import { cutOffLeavers } from './leaving.ts';
import { ofEachSpecNode, type Proposal, type Rule, type RuleContext } from './rule.ts';

interface LiveChange {
  readonly directive: string;
  readonly from: string | undefined;
  readonly to: string;
}

/** Directives that differ and that CONFIG SET can change. */
const liveChanges = ofEachSpecNode<readonly LiveChange[]>(({ reachable, config: is }, want) => {
  if (reachable !== 'yes') return undefined;
  const changes = Object.entries(want.config)
    .map(([directive, to]) => ({ directive, from: is[directive], to }))
    .filter(({ directive, from, to }) => from !== to && !needsRestart(directive, from, to));
  return changes.length === 0 ? undefined : changes;
});

function inWords({ directive, from }: LiveChange): string {
  return `${directive} is ${directive === 'masterauth' ? 'another' : (from ?? 'unknown')}`;
}

export const configurationRules: Rule = function* (context) {
  const settled = isSettled(context);
  for (const [name, changes] of liveChanges(context)) {
    // What was hastened is put back once all is settled.
    const due = changes.filter(({ directive, from }) => settled || !isHastened(directive, from));
    if (due.length === 0) continue;
    yield {
      step: {
        kind: 'configure',
        node: name,
        config: Object.fromEntries(due.map(({ directive, to }) => [directive, to])),
      },
      because: due.map(inWords).join(', '),
    };
  }
  yield* addressesOfLeavers(context);
};

/** What leaves is told nothing new, but where it is: found again, it would lead everybody to its former address. */
function* addressesOfLeavers(context: RuleContext): Generator<Proposal> {
  for (const name of cutOffLeavers(context)) {
    const from = nodeOf(context.live, name).config['cluster-announce-ip'] ?? '';
    const to = context.facts.nodes[name]?.address?.ip ?? '';
    if (from === '' || to === '' || from === to) continue;
    const directive = 'cluster-announce-ip';
    yield {
      step: { kind: 'configure', node: name, config: { [directive]: to } },
      because: inWords({ directive, from, to }),
    };
  }
}

interface UserChanges {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
  readonly because: string;
}

const userChanges = ofEachSpecNode<UserChanges>(({ reachable, users: is }, { users: want }) => {
  if (reachable !== 'yes') return undefined;
  const set = Object.entries(want).filter(([user, text]) => is[user] !== text);
  const remove = Object.keys(is)
    .filter((user) => want[user] === undefined)
    .sort();
  if (set.length + remove.length === 0) return undefined;
  const because = [
    ...set.map(([user]) => (is[user] === undefined ? `${user} is missing` : `${user} differs`)),
    ...remove.map((user) => `${user} is not in the spec`),
  ];
  return { set: Object.fromEntries(set), remove, because: because.join(', ') };
});

export const userRules: Rule = function* (context) {
  for (const [name, { set, remove, because }] of userChanges(context))
    yield { step: { kind: 'set-users', node: name, set, remove }, because };
};
