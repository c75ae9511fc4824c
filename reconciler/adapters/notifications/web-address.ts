/** Addresses of webhooks: secret, and of the web. */
import { PortError, type Secret } from '../../ports.ts';

const THIS_MACHINE: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** @throws PortError that does not say the address. */
export function webAddress(secret: Secret, who: string): URL {
  const url = URL.canParse(secret.reveal().trim()) ? new URL(secret.reveal().trim()) : undefined;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && THIS_MACHINE.has(url.hostname));
  if (url === undefined || !safe)
    throw new PortError('secret', `the address of the webhook for ${who} is none that begins with https://`);
  return url;
}
