/** What is under way by itself and only needs time, and what does not answer although it should. */

import type { NodeName } from '../../model/cluster-state.ts';
import { slotCount } from '../../model/slots.ts';
import { isMember, nodeOf, ownsSlots, uncoveredSlots } from '../../model/topology.ts';
import type { AwaitStart } from '../../steps/waiting.ts';
import { startConfig } from './formation.ts';
import { block, ofEachSpecNode, type Rule, type RuleContext } from './rule.ts';

/** A server that was started so recently may not listen yet. */
const STARTING_MS = 30_000;

function awaitStart(context: RuleContext, name: NodeName): AwaitStart {
  const { users } = nodeOf(context.desired, name);
  return { kind: 'await-start', node: name, config: startConfig(context, name), users: { ...users } };
}

/** A node that does not answer, or of which nobody knows where it belongs. */
const isUnclear = ofEachSpecNode<true>(
  ({ reachable, membership }) => reachable !== 'yes' || membership === 'unknown' || undefined,
);

export const waitingRules: Rule = function* (context) {
  const { live, facts, names } = context;
  for (const [name] of isUnclear(context)) {
    const node = nodeOf(live, name);
    if (node.reachable === 'yes' && node.membership === 'unknown') {
      yield block(
        'not-known-yet',
        `node ${name}`,
        `what ${name} holds and whom it follows will be known only when it runs, so nothing further can be planned for it`,
        '',
        'nothing: once it answers the plan goes on from there',
      );
    }
    if (node.reachable === 'loading')
      yield { step: awaitStart(context, name), because: 'it is reading its data set' };
    if (node.reachable === 'yes' || node.reachable === 'loading' || node.container !== 'running') continue;
    const { container, failure } = facts.nodes[name] ?? {};
    if (
      container !== undefined &&
      facts.now - container.startedAt < STARTING_MS &&
      failure?.code !== 'auth'
    ) {
      yield { step: awaitStart(context, name), because: 'its container started a moment ago' };
      continue;
    }
    if (failure?.code === 'denied') {
      yield block(
        'node-forbids',
        `node ${name}`,
        `${name} answers, but does not let RedisForge look at it, so nothing can be decided about it`,
        failure.message,
        `give RedisForge's user its rights back on ${name}: ACL LOAD there reads them from its file`,
      );
      continue;
    }
    yield block(
      'node-silent',
      `node ${name}`,
      `the container of ${name} runs, but redis-server does not answer`,
      failure === undefined ? '' : `${failure.code}: ${failure.message}`,
      failure?.code === 'auth'
        ? `check the password of RedisForge's user on ${name}`
        : `look at docker logs ${name}, and at the network between RedisForge and ${node.host}; if the server hangs, docker restart ${name}`,
    );
  }
  if (live.agreement === 'yes' && live.serving === 'yes') return;
  const owners = names.filter((name) => ownsSlots(nodeOf(live, name)));
  // Slots that a lost member owns are not served whatever time passes; that is for another rule to say.
  const unserved = Object.values(live.ghosts).some((ghost) => ghost.slots !== '' && ghost.state !== 'alive');
  const settled = owners.length > 0 && !unserved && owners.every((name) => isMember(nodeOf(live, name)));
  if (settled && slotCount(uncoveredSlots(live)) === 0 && live.openSlots === '') {
    yield {
      step: { kind: 'await-agreement' },
      because:
        live.agreement === 'yes'
          ? 'some member does not serve yet'
          : 'the members do not tell the same slot map yet',
    };
  }
};
