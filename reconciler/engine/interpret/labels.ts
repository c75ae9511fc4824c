/** The labels by which containers, volumes and networks are known as ours, and by anyone found or removed. */

export const CLUSTER_LABEL = 'dev.redisforge.cluster';
export const NODE_LABEL = 'dev.redisforge.node';
/** Digest of what a container was made from; a note for people, drift is found by looking at the container. */
export const SPEC_LABEL = 'dev.redisforge.spec';
/** What must be known of a node when the spec no longer names it. */
export const HOST_LABEL = 'dev.redisforge.host';
export const SHARD_LABEL = 'dev.redisforge.shard';
export const ADDRESS_LABEL = 'dev.redisforge.address';

/** `10.0.1.1:6379@16379`, without the IP where the engine chooses it; the form of CLUSTER NODES. */
export function addressLabel(ip: string | undefined, port: number, busPort: number): string {
  return `${ip ?? ''}:${port}@${busPort}`;
}

/** Inverse of {@link addressLabel}; Redis' default ports for anything that is none. */
export function parseAddressLabel(text: string): {
  readonly ip: string;
  readonly port: number;
  readonly busPort: number;
} {
  const match = /^(.*):(\d+)@(\d+)$/.exec(text);
  if (match === null) return { ip: '', port: 6379, busPort: 16379 };
  return { ip: match[1] as string, port: Number(match[2]), busPort: Number(match[3]) };
}
