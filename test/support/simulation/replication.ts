/**
 * Replication between simulated servers: dialling, full and partial synchronisation, writes on their way.
 *
 * A link dials the address it was given when it was made. That address is renewed when the replica learns a new
 * one for its primary, except in the case that real Redis gets wrong (measured fact M8).
 */
import { totalKeys } from './keys.ts';
import type { Member, ReplicaLink, Server } from './world.ts';

/** Bytes of one replicated write. */
export const WRITE_BYTES = 100;
const RETRY_MS = 1000;

/** Begins to replicate the primary that the server's table names, at the address that the table has for it. */
export function dialPrimary(server: Server): void {
  const primary = server.conf.primaryId === null ? undefined : server.conf.members.get(server.conf.primaryId);
  const before = server.link;
  if (before !== null) leave(before);
  server.link = {
    replica: server,
    dials: { ip: primary?.ip ?? '', port: primary?.port ?? 0 },
    state: 'connecting',
    primary: null,
    downSince: before?.state === 'up' ? server.world.now : (before?.downSince ?? 0),
    attempt: 0,
    queue: [],
    stalledAt: Number.POSITIVE_INFINITY,
  };
  plan(server.link, server.world.chance.int(5, 40));
}

/** Ends a replica's link for good: it has become a primary, or its process has ended. */
export function stopReplicating(server: Server): void {
  if (server.link === null) return;
  leave(server.link);
  server.link = null;
}

/** Closes the connections of all replicas of a server. */
export function dropReplicas(server: Server): void {
  for (const link of [...server.replicas]) lose(link);
}

/** The address that a replica knows for its primary has changed. */
export function primaryMoved(server: Server, member: Member): void {
  const link = server.link;
  if (link === null || (link.dials.ip === member.ip && link.dials.port === member.port)) return;
  if (member.fromFile && server.world.chance.chance(server.world.settings.staleAddressProbability)) {
    server.world.tell(
      `${server.name} keeps dialling ${link.dials.ip} though its primary is at ${member.ip} now`,
    );
    return;
  }
  dialPrimary(server);
}

function plan(link: ReplicaLink, delayMs: number): void {
  link.attempt += 1;
  const attempt = link.attempt;
  link.replica.world.scheduler.later(delayMs, () => {
    if (link.attempt === attempt && link.replica.link === link && link.replica.state === 'ready')
      connect(link);
  });
}

function connect(link: ReplicaLink): void {
  const { replica } = link;
  const { world } = replica;
  const primary = world.serverAt(replica.machine, link.dials.ip, link.dials.port);
  const serves =
    primary !== undefined &&
    primary !== replica &&
    primary.state === 'ready' &&
    (primary.isPrimary || primary.link?.state === 'up') &&
    authenticates(replica, primary);
  if (!serves) {
    plan(link, RETRY_MS);
    return;
  }
  const partial = replica.history === primary.history || replica.history === primary.formerHistory;
  const transferMs = 30 + transferTime(primary, totalKeys(primary.keys));
  const wait = partial
    ? world.chance.int(10, 200)
    : primary.config.number('repl-diskless-sync-delay') * 1000 + transferMs + world.chance.int(0, 200);
  link.state = 'syncing';
  link.primary = primary;
  primary.replicas.add(link);
  link.attempt += 1;
  const attempt = link.attempt;
  world.scheduler.later(wait, () => {
    if (link.attempt !== attempt || replica.state !== 'ready') return;
    const there = world.serverAt(replica.machine, link.dials.ip, link.dials.port) === primary;
    if (there) synchronised(link, primary);
    else lose(link);
  });
}

/** How long a server takes to send so many keys; `rdb-key-save-delay` slows it down, as in Redis' own tests. */
export function transferTime(source: Server, keys: number): number {
  const delayMs = Math.max(0, source.config.number('rdb-key-save-delay')) / 1000;
  return keys * (1 / source.world.settings.keysPerMs + delayMs);
}

function synchronised(link: ReplicaLink, primary: Server): void {
  const { replica } = link;
  link.state = 'up';
  link.stalledAt = Number.POSITIVE_INFINITY;
  link.queue.length = 0;
  settle(primary);
  // What a replica held before is gone: also when the primary has just come back empty (measured fact M11).
  replica.keys = primary.keys.slice();
  replica.history = primary.history;
  replica.formerHistory = primary.formerHistory;
  replica.offset = primary.offset;
  replica.world.tell(
    `${replica.name} is in sync with ${primary.name} (${totalKeys(replica.keys)} keys, link up)`,
  );
}

function authenticates(replica: Server, primary: Server): boolean {
  const user = replica.config.get('masteruser') || 'default';
  return primary.acl.admits(user, replica.config.get('masterauth')) && primary.acl.allows(user, 'psync');
}

/** The connection broke: what had not arrived is lost to this replica until it synchronises again. */
export function lose(link: ReplicaLink): void {
  arrive(link);
  if (link.state === 'up') link.downSince = link.replica.world.now;
  leave(link);
  if (link.replica.link === link) plan(link, RETRY_MS);
}

function leave(link: ReplicaLink): void {
  if (link.primary !== null) {
    arrive(link);
    link.primary.replicas.delete(link);
  }
  link.attempt += 1;
  link.primary = null;
  link.state = 'connecting';
  link.queue.length = 0;
  link.stalledAt = Number.POSITIVE_INFINITY;
}

/** The other end fell silent without closing: noticed after the replication timeout only. */
export function stall(link: ReplicaLink): void {
  if (link.stalledAt !== Number.POSITIVE_INFINITY) return;
  const { world } = link.replica;
  const since = world.now;
  link.stalledAt = since;
  world.scheduler.later(link.replica.config.number('repl-timeout') * 1000, () => {
    if (link.stalledAt === since && link.replica.state === 'ready') lose(link);
  });
}

/** One write on a primary, sent on to its replicas. */
export function write(primary: Server, index: number): void {
  const { world } = primary;
  primary.keys[index] = (primary.keys[index] as number) + 1;
  primary.offset += WRITE_BYTES;
  for (const link of primary.replicas) {
    if (link.state !== 'up') continue;
    if (link.queue.length > 128) arrive(link);
    const lag = 1 + world.clientChance.next() * 15;
    const last = link.queue.at(-1) ?? 0;
    link.queue.push(index, Math.max(last, world.now + lag));
  }
}

/** Lets a replica have what should have reached it by now. */
export function arrive(link: ReplicaLink): void {
  const { queue, replica } = link;
  if (queue.length === 0) return;
  const until = Math.min(replica.world.now, link.stalledAt);
  let done = 0;
  while (done < queue.length && (queue[done + 1] as number) <= until) {
    const index = queue[done] as number;
    replica.keys[index] = (replica.keys[index] as number) + 1;
    done += 2;
  }
  if (done > 0) queue.splice(0, done);
  if (link.primary !== null) replica.offset = link.primary.offset - (queue.length / 2) * WRITE_BYTES;
}

/** Brings a server's own data up to date, before anybody looks at it. */
export function settle(server: Server): void {
  if (server.link !== null) arrive(server.link);
}

/** Everything that is still on its way arrives: the primary has stopped taking writes. */
export function catchUp(link: ReplicaLink): void {
  for (let at = 1; at < link.queue.length; at += 2) link.queue[at] = link.replica.world.now;
  arrive(link);
}

/** Replicas that count for `min-replicas-to-write`. */
export function goodReplicas(primary: Server): number {
  const oldest = primary.world.now - primary.config.number('min-replicas-max-lag') * 1000;
  let count = 0;
  for (const link of primary.replicas) if (link.state === 'up' && link.stalledAt > oldest) count += 1;
  return count;
}

/** Whether a primary refuses writes because too few replicas follow it. */
export function lacksReplicas(primary: Server): boolean {
  const wanted = primary.config.number('min-replicas-to-write');
  return wanted > 0 && goodReplicas(primary) < wanted;
}

/** Gives new names to the history after a promotion: former fellow replicas can go on with what they have. */
export function beginHistory(server: Server): void {
  server.formerHistory = server.history;
  server.history = server.world.chance.hex(40);
}
