/** CONFIG GET: directives and the text of their values. */
import { pairsOf } from './pairs.ts';
import { WireError } from './wire-error.ts';

/**
 * Reads the reply: a flat array (RESP2), or an object or Map (RESP3).
 *
 * Names that the server does not know are simply missing; hidden directives come only when asked for by name;
 * asked for by an alias, a directive comes under that alias.
 * @throws WireError `config-get`
 */
export function parseConfigGet(reply: unknown): Record<string, string> {
  const entries = pairsOf(reply, 'config-get').map(([name, value]) => {
    if (typeof value !== 'string')
      throw new WireError('config-get', `no text for ${name}`, String(typeof value));
    return [name, value] as const;
  });
  return Object.fromEntries(entries);
}
