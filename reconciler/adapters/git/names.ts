/** Names that may be handed to git. */
import { PortError } from '../../ports.ts';

/** Only a full id: anything else could be an option or a moving name. */
export function objectId(text: string): string {
  if (/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(text)) return text;
  throw new PortError('refused', `${text} is no commit id`);
}

/** A full name of a ref, of which no part means anything to git but itself. */
export function fullRef(text: string): string {
  if (/^refs(?:\/[^\s/~^:?*[\\]+)+$/.test(text) && !/\.\.|@\{|\/\.|\.(?:\/|$)/.test(text)) return text;
  throw new PortError('refused', `${text} is no name of a ref`);
}
