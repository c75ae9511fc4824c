/** Names are what everything else refers to, and what containers, volumes and users are called: each only once. */
import type { HostSpec, NodeSpec, UserSpec } from '../cluster-spec.ts';
import type { Finding } from '../finding.ts';
import type { Rule, RuleContext } from './rule.ts';

export const nameRules: Rule = function* (context) {
  yield* repeated(context, context.hosts, 'duplicate-host', 'host');
  yield* repeated(context, context.nodes, 'duplicate-node', 'node');
  yield* repeated(context, context.users, 'duplicate-user', 'user');
};

function* repeated(
  context: RuleContext,
  entries: readonly (HostSpec | NodeSpec | UserSpec)[],
  code: string,
  what: string,
): Iterable<Finding> {
  const first = new Map<string, HostSpec | NodeSpec | UserSpec>();
  for (const entry of entries) {
    const earlier = first.get(entry.name);
    if (earlier === undefined) {
      first.set(entry.name, entry);
      continue;
    }
    yield {
      severity: 'error',
      code,
      path: context.at(entry, 'name'),
      summary: `two ${what}s are called \`${entry.name}\`${what === 'node' ? ', and so would their containers be' : ''}`,
      hint: `give this ${what} another name, or remove it`,
    };
  }
}
