/** `cluster_state`: whether a server, by its own view, may answer clients (clusterUpdateState in Redis). */
import { SLOT_COUNT } from '../../../reconciler/model/slots.ts';
import type { Server } from './world.ts';

/** A primary does not serve earlier after its process has started (CLUSTER_WRITABLE_DELAY). */
const WRITABLE_DELAY_MS = 2000;

export function nodeTimeout(server: Server): number {
  return server.config.number('cluster-node-timeout');
}

/** Brings the state up to date. Returns when it would change without further news; Infinity for never. */
export function updateHealth(server: Server): number {
  const { conf, world } = server;
  const { now } = world;
  const bootedAt = server.startedAt + WRITABLE_DELAY_MS;
  // Whether it is in a minority is not even looked at before: slots assigned this early are served at once then.
  if (server.isPrimary && !server.clusterOk && now < bootedAt) return bootedAt;
  const owners = conf.map.owners;
  let reachable = 0;
  let failed = false;
  for (const id of owners.keys()) {
    const failing = id === conf.id ? 'no' : conf.members.get(id)?.failing;
    if (failing === 'no') reachable += 1;
    else if (failing === 'failed') failed = true;
  }
  let ok = true;
  if (server.config.get('cluster-require-full-coverage') === 'yes')
    ok = conf.map.assigned === SLOT_COUNT && !failed;
  if (reachable < quorum(server)) {
    ok = false;
    server.inMinority = true;
  } else if (server.inMinority) {
    server.inMinority = false;
    server.minorityEndedAt = now;
  }
  if (ok === server.clusterOk) return Number.POSITIVE_INFINITY;
  if (server.isPrimary && ok) {
    // After a minority has ended, a primary waits until it must have heard of a promotion in its place.
    const rejoinAt = server.minorityEndedAt + Math.min(5000, Math.max(500, nodeTimeout(server)));
    if (now < rejoinAt) return rejoinAt;
  }
  server.clusterOk = ok;
  return Number.POSITIVE_INFINITY;
}

/** Votes or reports that make a majority of the primaries that own slots, as this server counts them. */
export function quorum(server: Server): number {
  return Math.floor(server.conf.map.owners.size / 2) + 1;
}
