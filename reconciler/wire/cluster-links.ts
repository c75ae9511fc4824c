/** CLUSTER LINKS: the connections of a node's bus, those that it made (`to`) and those that others made (`from`). */
import type { NodeId } from '../model/cluster-state.ts';
import { pairsOf } from './pairs.ts';
import { WireError } from './wire-error.ts';

/**
 * The members whose own connection to the node stands, each once. CLUSTER NODES does not tell: it calls a connection
 * that is still being made `connected`.
 * @throws WireError `cluster-links`
 */
export function parseInboundLinks(reply: unknown): Set<NodeId> {
  if (!Array.isArray(reply)) throw new WireError('cluster-links', 'no array', String(typeof reply));
  const inbound = new Set<NodeId>();
  for (const link of reply) {
    const fields = new Map(pairsOf(link, 'cluster-links'));
    const direction = fields.get('direction');
    const node = fields.get('node');
    if (typeof node !== 'string' || (direction !== 'to' && direction !== 'from'))
      throw new WireError('cluster-links', 'no direction or node', JSON.stringify([...fields]));
    if (direction === 'from') inbound.add(node);
  }
  return inbound;
}
