/** A replica's link, judged by what it really dials and how far it has got. */
import type { NodeState } from '../../model/cluster-state.ts';
import type { MemberAddress } from '../../model/facts.ts';
import type { NodeReading } from '../../model/readings.ts';

/**
 * Both offsets are read within some milliseconds of each other, while clients write: up to this many bytes count as
 * being in sync. A switchover makes the offsets equal itself before roles change.
 */
const SYNCED_LAG_BYTES = 1024 * 1024;

export interface LinkTruth {
  readonly link: NodeState['link'];
  readonly synced: boolean;
  readonly copy: NodeState['copy'];
  /** Bytes behind the primary, undefined when one of the offsets was not read. */
  readonly lagBytes: number | undefined;
}

/**
 * @param primary the reading of the primary that it should follow.
 * @param address where that primary is now.
 */
export function linkTruth(
  replica: NodeReading,
  primary: NodeReading | undefined,
  address: MemberAddress | undefined,
): LinkTruth {
  const { primaryLink } = replica;
  const copy = hasWholeCopy(replica) ? 'whole' : 'partial';
  if (primaryLink === null) return { link: 'down', synced: false, copy, lagBytes: undefined };
  const lagBytes = primary === undefined ? undefined : Math.max(0, primary.offset - replica.offset);
  if (primaryLink.up) {
    const synced =
      !primaryLink.syncing && copy === 'whole' && (lagBytes === undefined || lagBytes <= SYNCED_LAG_BYTES);
    return { link: primaryLink.syncing ? 'syncing' : 'up', synced, copy, lagBytes };
  }
  const stale = address !== undefined && (primaryLink.ip !== address.ip || primaryLink.port !== address.port);
  return {
    link: stale ? 'stale-address' : primaryLink.syncing ? 'syncing' : 'down',
    synced: false,
    copy,
    lagBytes,
  };
}

/**
 * Whether the replica has synchronised with its present primary since its process started: the link is up, or has
 * been (Redis tells since when it is down, and -1 when it never was up). Its offset proves nothing: it is 0 until the
 * primary's first write or ping, and may be left from another primary.
 */
function hasWholeCopy({ primaryLink, loading }: NodeReading): boolean {
  if (primaryLink === null || primaryLink.syncing || loading) return false;
  return primaryLink.up || primaryLink.downSeconds >= 0;
}
