/** What is where a node of ours is to be, and is not ours: it is shown, and never touched (law 9). */
import { OPERATOR_USER } from '../../../spec-schema/cluster-spec.ts';
import type { NodeName } from '../../model/cluster-state.ts';
import type { Stranger } from '../../model/facts.ts';
import { formatSlots } from '../../model/slots.ts';
import { isUnformed, nodeOf } from '../../model/topology.ts';
import { type Block, block, ofEachSpecNode, type Rule, type RuleContext } from './rule.ts';

const isForeign = ofEachSpecNode(
  ({ volume, container }) => volume === 'foreign' || container === 'foreign' || undefined,
);

export const foreignRules: Rule = function* (context) {
  const { live, facts } = context;
  for (const [name] of isForeign(context)) {
    const node = nodeOf(live, name);
    const stranger = facts.nodes[name]?.stranger;
    if (node.volume === 'foreign') yield foreign('volume', name, node.host);
    if (node.container !== 'foreign') continue;
    yield stranger === undefined
      ? foreign('container', name, node.host)
      : foreignServer(context, name, stranger);
  }
};

/**
 * Whether servers of somebody else's have addresses of a cluster that is yet to be formed: it may be that cluster which
 * the spec describes, so that none is formed of the nodes that have room.
 */
export function isOccupied({ live, facts, names }: RuleContext): boolean {
  return isUnformed(live) && names.some((name) => facts.nodes[name]?.stranger !== undefined);
}

function foreign(what: 'container' | 'volume', name: NodeName, host: string): Block {
  return block(
    `foreign-${what}`,
    `node ${name}`,
    `a ${what} of the name that ${name} needs exists on ${host} without our labels`,
    '',
    `remove or rename that ${what}; RedisForge touches nothing that it did not create`,
  );
}

function foreignServer(context: RuleContext, name: NodeName, stranger: Stranger): Block {
  const { ip = '', port = 0 } = context.facts.nodes[name]?.address ?? {};
  const others = isOccupied(context) ? ', and no cluster is formed of the others' : '';
  const login =
    stranger.failure?.code === 'auth' || stranger.failure?.code === 'denied'
      ? `make the user ${OPERATOR_USER} on it to see here what it holds; then `
      : '';
  return block(
    'foreign-server',
    `node ${name}`,
    `a server that is in no container of RedisForge answers at ${ip}:${port}, where ${name} is to be; nothing is made beside it${others}`,
    inWords(stranger),
    `${login}stop it when what it holds is no longer needed, or give ${name} another port or host`,
  );
}

/** Who it is, and what would have to be taken over. */
function inWords({ reading, failure }: Stranger): string {
  if (reading === undefined) return failure?.message ?? '';
  const { nodeId, version, keys, loading, members } = reading;
  const me = members.find(({ myself }) => myself);
  const primary = members.find(({ id }) => id === me?.primaryId);
  const others = members.length - 1;
  const role =
    me?.role === 'replica'
      ? `replica of ${primary === undefined ? 'another' : `${primary.ip}:${primary.port}`}`
      : `primary of ${me === undefined || me.slots.length === 0 ? 'no slots' : `slots ${formatSlots(me.slots)}`}`;
  const who =
    nodeId === '' || me === undefined ? 'a server of no cluster' : `member ${nodeId.slice(0, 8)}, ${role}`;
  const holds = loading ? 'reading its data' : `${keys} keys`;
  return `${who}; ${holds}; Redis ${version}${others > 0 ? `; it knows ${others} others` : ''}`;
}
