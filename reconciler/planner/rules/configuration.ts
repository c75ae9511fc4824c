/** Directives and users of running servers. */
import type { NodeName } from '../../model/cluster-state.ts';
import { nodeOf } from '../../model/topology.ts';
import { needsRestart } from '../intent.ts';
import { isHastened, isSettled } from './formation.ts';
import { cutOffLeavers } from './leaving.ts';
import type { Proposal, Rule, RuleContext } from './rule.ts';

/** Directives that differ and that CONFIG SET can change; hastened ones are put back once all is settled. */
function liveChanges(
  context: RuleContext,
  name: NodeName,
  settled: boolean,
): [directive: string, value: string][] {
  const is = nodeOf(context.live, name).config;
  return Object.entries(nodeOf(context.desired, name).config).filter(
    ([directive, value]) =>
      !needsRestart(directive, is[directive], value) &&
      is[directive] !== value &&
      (settled || !isHastened(directive, is[directive])),
  );
}

function inWords(
  context: RuleContext,
  name: NodeName,
  changes: readonly (readonly [string, string])[],
): string {
  const is = nodeOf(context.live, name).config;
  return changes
    .map(
      ([directive]) =>
        `${directive} is ${directive === 'masterauth' ? 'another' : (is[directive] ?? 'unknown')}`,
    )
    .join(', ');
}

export const configurationRules: Rule = function* (context) {
  const settled = isSettled(context);
  for (const name of context.names) {
    if (nodeOf(context.live, name).reachable !== 'yes') continue;
    const changes = liveChanges(context, name, settled);
    if (changes.length > 0)
      yield {
        step: { kind: 'configure', node: name, config: Object.fromEntries(changes) },
        because: inWords(context, name, changes),
      };
  }
  yield* addressesOfLeavers(context);
};

/** What leaves is told nothing new, but where it is: found again, it would lead everybody to its former address. */
function* addressesOfLeavers(context: RuleContext): Generator<Proposal> {
  for (const name of cutOffLeavers(context)) {
    const announced = nodeOf(context.live, name).config['cluster-announce-ip'] ?? '';
    const ip = context.facts.nodes[name]?.address?.ip ?? '';
    if (announced === '' || ip === '' || announced === ip) continue;
    const change = ['cluster-announce-ip', ip] as const;
    yield {
      step: { kind: 'configure', node: name, config: Object.fromEntries([change]) },
      because: inWords(context, name, [change]),
    };
  }
}

export const userRules: Rule = function* (context) {
  for (const name of context.names) {
    const node = nodeOf(context.live, name);
    if (node.reachable !== 'yes') continue;
    const want = nodeOf(context.desired, name).users;
    const set = Object.fromEntries(Object.entries(want).filter(([user, text]) => node.users[user] !== text));
    const remove = Object.keys(node.users)
      .filter((user) => want[user] === undefined)
      .sort();
    if (Object.keys(set).length + remove.length === 0) continue;
    const changed = Object.keys(set).map((user) =>
      node.users[user] === undefined ? `${user} is missing` : `${user} differs`,
    );
    yield {
      step: { kind: 'set-users', node: name, set, remove },
      because: [...changed, ...remove.map((user) => `${user} is not in the spec`)].join(', '),
    };
  }
};
