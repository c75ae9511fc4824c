/** What members say of themselves and do when they hear others: slots, roles, addresses and epochs. */
import type { NodeId } from '../../../reconciler/model/cluster-state.ts';
import { intersectSlots, subtractSlots } from '../../../reconciler/model/slots.ts';
import { endMigrations } from './migration-records.ts';
import { dialPrimary, dropReplicas, primaryMoved, stopReplicating } from './replication.ts';
import { type Claim, sameSlots } from './slot-map.ts';
import { claimOf, type Member, type Server } from './world.ts';

/** The listening server that a member's address leads to, if its process is ready; its identity may differ. */
export function peerOf(server: Server, member: Member): Server | null {
  const { world } = server;
  if (member.peerVersion !== world.networkVersion) {
    member.peerVersion = world.networkVersion;
    member.peer =
      member.ip === '' ? null : (world.serverAt(server.machine, member.ip, member.busPort) ?? null);
  }
  return member.peer !== null && member.peer.state === 'ready' ? member.peer : null;
}

/** The peer, if it is who it is taken for. */
export function truePeer(server: Server, member: Member): Server | null {
  const peer = peerOf(server, member);
  return peer !== null && peer.conf.id === member.id ? peer : null;
}

export function hashOf(id: NodeId): number {
  return Number.parseInt(id.slice(0, 8), 16) | 0;
}

/** Something about the server itself has changed: others will hear of it. */
export function announce(server: Server): void {
  server.claim = claimOf(server);
  server.conf.map = server.conf.map.hear(server.claim);
  server.viewVersion += 1;
  server.world.stir();
}

/** Tells all members at once instead of waiting for the next ping: after a promotion or a finished migration. */
export function broadcast(server: Server): void {
  const { world } = server;
  for (const member of server.conf.members.values()) {
    world.scheduler.later(world.chance.int(1, 35), () => {
      if (server.state !== 'ready') return;
      const peer = truePeer(server, member);
      const back = peer?.conf.members.get(server.id);
      if (peer !== null && back !== undefined) hear(peer, back, server.claim);
    });
  }
}

export function addMember(server: Server, claim: Claim, ip: string, port: number, busPort: number): Member {
  const member: Member = {
    id: claim.id,
    ip,
    port,
    busPort,
    claim: { ...claim, role: 'primary', primaryId: null, configEpoch: 0, slots: [] },
    failing: 'no',
    failedAt: 0,
    connected: true,
    suspectAt: Number.POSITIVE_INFINITY,
    noAddress: false,
    fromFile: false,
    compared: 0,
    peer: null,
    peerVersion: -1,
  };
  server.conf.members.set(claim.id, member);
  server.knownHash ^= hashOf(claim.id);
  server.viewVersion += 1;
  hear(server, member, claim);
  server.world.stir();
  return member;
}

export function removeMember(server: Server, id: NodeId): void {
  if (!server.conf.members.delete(id)) return;
  server.knownHash ^= hashOf(id);
  server.conf.map = server.conf.map.without(id);
  server.viewVersion += 1;
  server.world.stir();
}

export function updateAddress(
  server: Server,
  member: Member,
  ip: string,
  port: number,
  busPort: number,
): void {
  if (member.ip === ip && member.port === port && member.busPort === busPort && !member.noAddress) return;
  member.ip = ip;
  member.port = port;
  member.busPort = busPort;
  member.noAddress = false;
  member.peerVersion = -1;
  server.viewVersion += 1;
  server.world.stir();
  if (server.conf.primaryId === member.id) primaryMoved(server, member);
  member.fromFile = false;
}

/** A packet of a member has arrived, with what it says of itself. */
export function hear(server: Server, member: Member, claim: Claim): void {
  if (member.claim === claim) return;
  const { conf } = server;
  member.claim = claim;
  conf.currentEpoch = Math.max(conf.currentEpoch, claim.configEpoch);
  server.viewVersion += 1;
  server.world.stir();
  if (claim.role === 'primary') correctIfStale(server, member, claim);
  const before = conf.map;
  conf.map = before.hear(claim);
  if (server.isPrimary) {
    if (conf.map !== before) giveUpSlots(server, before.of(conf.id), claim);
    if (server.isPrimary) settleEpochCollision(server, claim);
  } else followSlots(server, before.of(conf.primaryId ?? ''), claim);
}

/** A primary that finds its slots claimed by another with a higher epoch. */
function giveUpSlots(server: Server, mine: Claim['slots'], claim: Claim): void {
  const left = server.slots;
  if (left === mine || mine.length === 0) return;
  const lost = subtractSlots(mine, left);
  if (lost.length === 0) return;
  if (left.length === 0 && followsTheSlots(server, mine, claim)) {
    server.world.tell(
      `${server.name} has lost its last slots and becomes a replica of ${claim.id.slice(0, 8)}`,
    );
    becomeReplica(server, claim.id);
    return;
  }
  for (const index of server.world.keyed.within(lost)) server.keys[index] = 0;
  announce(server);
}

/** A replica goes with the slots of its primary, and with a primary that has become a replica itself. */
function followSlots(server: Server, theirs: Claim['slots'], claim: Claim): void {
  const { primaryId, map } = server.conf;
  if (primaryId === null) return;
  if (claim.id === primaryId) {
    const next = claim.role === 'replica' ? claim.primaryId : null;
    if (next !== null && next !== server.id && server.conf.members.has(next)) becomeReplica(server, next);
    return;
  }
  if (theirs.length === 0 || map.of(primaryId).length > 0 || claim.role !== 'primary') return;
  if (followsTheSlots(server, theirs, claim)) becomeReplica(server, claim.id);
}

/**
 * With `cluster-allow-replica-migration no` a node follows its last slot only to a member that took over all of
 * its slots and has no others: a promotion, not a migration.
 */
function followsTheSlots(server: Server, former: Claim['slots'], claim: Claim): boolean {
  return server.config.get('cluster-allow-replica-migration') === 'yes' || sameSlots(claim.slots, former);
}

/** Two primaries with one epoch: the one with the smaller id takes a new one. */
function settleEpochCollision(server: Server, claim: Claim): void {
  const { conf } = server;
  if (claim.role !== 'primary' || claim.configEpoch !== conf.configEpoch || claim.id <= conf.id) return;
  conf.currentEpoch += 1;
  conf.configEpoch = conf.currentEpoch;
  announce(server);
}

/** Tells a member that claims slots on an old epoch who owns them now. */
function correctIfStale(server: Server, member: Member, claim: Claim): void {
  const { conf, world } = server;
  for (const [id, owner] of conf.map.owners) {
    if (id === claim.id || owner.epoch <= claim.configEpoch) continue;
    if (intersectSlots(owner.slots, claim.slots).length === 0) continue;
    const news = id === conf.id ? server.claim : conf.members.get(id)?.claim;
    if (news === undefined) continue;
    world.scheduler.later(1, () => {
      const peer = truePeer(server, member);
      const entry = peer?.conf.members.get(id);
      if (peer === null || entry === undefined || entry.claim.configEpoch >= news.configEpoch) return;
      hear(peer, entry, news);
    });
  }
}

export function becomeReplica(server: Server, primaryId: NodeId): void {
  const { conf } = server;
  conf.role = 'replica';
  conf.primaryId = primaryId;
  conf.map = conf.map.without(conf.id);
  server.electionAt = 0;
  server.manualFailoverUntil = 0;
  endMigrations(server, 'canceled', 'the node became a replica');
  dropReplicas(server);
  announce(server);
  dialPrimary(server);
}

/** Turns a replica into an empty-handed primary of its own. */
export function becomePrimary(server: Server): void {
  server.conf.role = 'primary';
  server.conf.primaryId = null;
  server.electionAt = 0;
  server.manualFailoverUntil = 0;
  stopReplicating(server);
}
