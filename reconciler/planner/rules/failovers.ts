/** Dead primaries: the best complete replica is asked to take over at once. */
import { nodeOf, silentOwners } from '../../model/topology.ts';
import { isDead, successorOf } from '../succession.ts';
import type { Rule } from './rule.ts';

export const failoverRules: Rule = function* (context) {
  // Also for a node that the spec no longer names: until somebody has taken over from it, it is the shard's primary.
  for (const name of [...silentOwners(context.live)].sort()) {
    if (!isDead(context, name)) continue;
    const successor = successorOf(context, name);
    if (successor === undefined) continue;
    const container = context.facts.nodes[name]?.container;
    const cause =
      container === undefined
        ? 'its container is gone'
        : `its container does not run (${container.status}, exit code ${container.exitCode})`;
    yield {
      step: { kind: 'failover', shard: nodeOf(context.live, name).shard, from: name, to: successor },
      because: cause,
    };
  }
};
