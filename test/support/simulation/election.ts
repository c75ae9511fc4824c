/** Who takes over from a primary: the cluster's own election, and CLUSTER FAILOVER. */
import { announce, becomePrimary, broadcast, truePeer } from './claims.ts';
import { nodeTimeout, quorum } from './health.ts';
import { beginHistory, catchUp, settle } from './replication.ts';
import type { Cause, Member, Server } from './world.ts';

/** How long a graceful failover may take before it is given up silently (CLUSTER_MF_TIMEOUT). */
const MANUAL_FAILOVER_MS = 5000;

/** A replica whose primary has failed plans its candidacy. */
export function considerElection(server: Server, primary: Member): void {
  const { conf, world } = server;
  if (server.electionAt !== 0 || server.manualFailoverUntil > world.now) return;
  if (conf.map.of(primary.id).length === 0) return;
  if (server.config.get('cluster-replica-no-failover') === 'yes' || isTooOld(server)) return;
  const delay = 500 + world.chance.int(0, 500) + 1000 * rank(server, primary);
  server.electionAt = world.now + delay;
  const at = server.electionAt;
  world.scheduler.later(delay, () => {
    if (server.electionAt !== at || server.state !== 'ready' || server.isPrimary) return;
    server.electionAt = 0;
    if (primary.failing !== 'failed') return;
    if (elect(server, primary, false)) promoteSoon(server, primary, 'cluster');
    else retryLater(server, primary);
  });
}

function retryLater(server: Server, primary: Member): void {
  const wait = Math.max(4 * nodeTimeout(server), 4000);
  const at = server.world.now + wait;
  server.electionAt = at;
  server.world.scheduler.later(wait, () => {
    if (server.electionAt !== at || server.state !== 'ready') return;
    server.electionAt = 0;
    if (primary.failing === 'failed' && !server.isPrimary) considerElection(server, primary);
  });
}

/** Its copy is older than `cluster-replica-validity-factor` allows, or it never had one in this process's life. */
function isTooOld(server: Server): boolean {
  const { link, world } = server;
  const factor = server.config.number('cluster-replica-validity-factor');
  if (factor === 0 || link === null) return link === null;
  if (link.state === 'up') return false;
  if (link.downSince === 0) return true;
  const allowed = server.config.number('repl-ping-replica-period') * 1000 + factor * nodeTimeout(server);
  return world.now - link.downSince > allowed + nodeTimeout(server);
}

/** How many fellow replicas have received more: they go first. */
function rank(server: Server, primary: Member): number {
  let better = 0;
  for (const member of server.conf.members.values()) {
    if (member.claim.primaryId !== primary.id || member.claim.role !== 'replica') continue;
    const fellow = truePeer(server, member);
    if (fellow === null) continue;
    settle(fellow);
    if (fellow.offset > server.offset) better += 1;
  }
  return better;
}

/** Asks all primaries for their vote. `forced` votes do not need the primary to have failed. */
function elect(server: Server, primary: Member, forced: boolean): boolean {
  const { conf } = server;
  conf.currentEpoch += 1;
  const epoch = conf.currentEpoch;
  let votes = 0;
  for (const id of conf.map.owners.keys()) {
    const member = conf.members.get(id);
    const voter = member === undefined ? null : truePeer(server, member);
    if (voter !== null && givesVote(voter, server, primary, epoch, forced)) votes += 1;
  }
  return votes >= quorum(server);
}

function givesVote(
  voter: Server,
  candidate: Server,
  primary: Member,
  epoch: number,
  forced: boolean,
): boolean {
  const { conf, world } = voter;
  conf.currentEpoch = Math.max(conf.currentEpoch, epoch);
  if (!voter.isPrimary || voter.slots.length === 0 || voter.lastVoteEpoch >= epoch) return false;
  // A voter that has forgotten the primary, or the candidate, cannot vote (measured fact M10).
  const seen = primary.id === voter.id ? null : conf.members.get(primary.id);
  const known = conf.members.get(candidate.id);
  if (seen === undefined || known === undefined || known.claim.primaryId !== primary.id) return false;
  if (!forced && seen?.failing !== 'failed') return false;
  if (world.now - (voter.votedAt.get(primary.id) ?? Number.NEGATIVE_INFINITY) < 2 * nodeTimeout(voter))
    return false;
  // Somebody else may own the slots on a newer epoch than the candidate knows.
  const claimed = candidate.conf.map.owners.get(primary.id);
  const owned = conf.map.owners.get(primary.id);
  if (claimed !== undefined && owned !== undefined && owned.epoch > claimed.epoch) return false;
  voter.lastVoteEpoch = epoch;
  voter.votedAt.set(primary.id, world.now);
  return true;
}

function promoteSoon(server: Server, primary: Member, by: Cause): void {
  const epoch = server.conf.currentEpoch;
  server.world.scheduler.later(server.world.chance.int(2, 10), () => {
    if (server.state !== 'ready' || server.isPrimary || server.conf.primaryId !== primary.id) return;
    promote(server, primary, epoch, by);
  });
}

function promote(server: Server, primary: Member, epoch: number, by: Cause): void {
  const { conf, world } = server;
  const former = findServer(server, primary);
  const taken = conf.map.of(primary.id);
  settle(server);
  for (const told of world.onPromotion) told(server, former, by);
  becomePrimary(server);
  conf.configEpoch = epoch;
  conf.currentEpoch = Math.max(conf.currentEpoch, epoch);
  conf.map = conf.map.take(server.id, taken, epoch);
  beginHistory(server);
  announce(server);
  broadcast(server);
  world.tell(`${server.name} is promoted in the place of ${former?.name ?? primary.id.slice(0, 8)} (${by})`);
}

/** The process of the former primary, also when the candidate cannot reach it. */
function findServer(server: Server, member: Member): Server | undefined {
  for (const other of server.world.servers) if (other.id === member.id) return other;
  return undefined;
}

/**
 * CLUSTER FAILOVER, accepted; what follows happens in the background, or not at all.
 * @param by whose doing it is when writes are lost by it.
 */
export function beginFailover(
  server: Server,
  mode: 'graceful' | 'force' | 'takeover',
  by: Cause,
): string | undefined {
  const { conf, world } = server;
  if (server.isPrimary) return 'ERR You should send CLUSTER FAILOVER to a replica';
  const primary = conf.primaryId === null ? undefined : conf.members.get(conf.primaryId);
  if (primary === undefined) return "ERR I'm a replica but my master is unknown to me";
  if (mode === 'graceful' && (primary.failing === 'failed' || !primary.connected)) {
    return 'ERR Master is down or failed, please use CLUSTER FAILOVER FORCE';
  }
  const until = world.now + MANUAL_FAILOVER_MS;
  server.manualFailoverUntil = until;
  server.electionAt = 0;
  if (mode === 'takeover') conf.currentEpoch += 1;
  const attempt = () => {
    if (server.manualFailoverUntil !== until || world.now >= until) return;
    if (server.state !== 'ready' || server.isPrimary || conf.primaryId !== primary.id) return;
    if (mode === 'graceful' && !handsOver(server, primary, until)) world.scheduler.later(100, attempt);
    else if (mode === 'takeover' || elect(server, primary, true)) {
      server.manualFailoverUntil = 0;
      promoteSoon(server, primary, mode === 'graceful' ? 'cluster' : by);
    } else world.scheduler.later(1000, attempt);
  };
  world.scheduler.later(world.chance.int(4, 20), attempt);
  return undefined;
}

/** The primary stops taking writes, and the replica receives the rest of them. */
function handsOver(server: Server, member: Member, until: number): boolean {
  const primary = truePeer(server, member);
  const { link } = server;
  if (primary === null || link === null || link.primary !== primary || link.state !== 'up') return false;
  if (link.stalledAt !== Number.POSITIVE_INFINITY) return false;
  primary.writesPausedUntil = Math.min(until, server.world.now + 2 * MANUAL_FAILOVER_MS);
  catchUp(link);
  return true;
}
