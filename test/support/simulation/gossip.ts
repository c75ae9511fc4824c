/**
 * One round of the cluster bus for all servers: who can be reached, who is suspected, who is new, what has changed.
 *
 * A round is worked through every 100 ms while something is under way, and not at all while all is quiet, so that
 * a settled fleet costs nothing however long the simulation waits.
 */
import { hashOf, hear, peerOf, updateAddress } from './claims.ts';
import { judge } from './failure-detection.ts';
import { shakeHands, startHandshake } from './handshakes.ts';
import { nodeTimeout, updateHealth } from './health.ts';
import { lose, stall } from './replication.ts';
import type { Round } from './round.ts';
import type { Member, Server, World } from './world.ts';

export function startGossip(world: World): void {
  let networkVersion = -1;
  world.gossip = () => {
    const round: Round = { restless: false, due: Number.POSITIVE_INFINITY };
    if (networkVersion !== world.networkVersion) {
      networkVersion = world.networkVersion;
      watchReplicas(world);
    }
    for (const server of world.servers) if (server.state === 'ready') listen(server, round);
    for (const server of world.servers) {
      if (server.state !== 'ready') continue;
      judge(server, round);
      round.due = Math.min(round.due, updateHealth(server));
    }
    if (round.restless) world.stir();
    else world.planGossip(Math.max(round.due, world.now + 1));
  };
}

/** Replication connections that a partition has silenced, and those that it has set free again. */
function watchReplicas(world: World): void {
  for (const server of world.servers) {
    // A machine that came back knows nothing of the connections that it had, and says so.
    const dead = server.link?.primary;
    if (server.link !== null && dead?.state === 'ended' && dead.machine.power === 'on') {
      if (world.passes(server.machine.docker, dead.machine.docker)) lose(server.link);
    }
    for (const link of server.replicas) {
      if (world.passes(server.machine.docker, link.replica.machine.docker))
        link.stalledAt = Number.POSITIVE_INFINITY;
      else stall(link);
    }
  }
}

function listen(server: Server, round: Round): void {
  if (server.handshakes.length > 0) shakeHands(server, round);
  for (const member of server.conf.members.values()) {
    const peer = peerOf(server, member);
    if (peer === null) silence(server, member, round);
    else if (peer.conf.id === member.id) contact(server, member, peer, round);
    else mistaken(server, member, peer, round);
  }
}

function contact(server: Server, member: Member, peer: Server, round: Round): void {
  const { conf, world } = server;
  if (!member.connected) {
    member.connected = true;
    member.suspectAt = Number.POSITIVE_INFINITY;
    server.viewVersion += 1;
    round.restless = true;
  }
  member.fromFile = false;
  if (member.failing !== 'no') recover(server, member, round);
  if (member.claim !== peer.claim) {
    // Not every ping comes in every tenth of a second: members learn of changes in different orders.
    if (world.chance.chance(0.5)) hear(server, member, peer.claim);
    round.restless = true;
  }
  if (peer.conf.currentEpoch > conf.currentEpoch) conf.currentEpoch = peer.conf.currentEpoch;
  meetAgain(server, peer, round);
  if (server.knownHash !== peer.knownHash) {
    // Nothing new since the last comparison: somebody who is forgotten, or a ghost that knows more than others.
    const both = server.knownHash ^ Math.imul(peer.knownHash, 31);
    if (member.compared !== both && learnFrom(server, peer, round)) member.compared = both;
  }
}

/** Whoever moved reaches others, who see where its packets come from now. */
function meetAgain(server: Server, peer: Server, round: Round): void {
  const back = peer.conf.members.get(server.id);
  const { ip, port, busPort } = server.claim;
  if (back === undefined) return;
  if (back.ip === ip && back.port === port && back.busPort === busPort && !back.noAddress) return;
  updateAddress(peer, back, ip, port, busPort);
  round.restless = true;
}

/** Nobody answers at the member's address. */
function silence(server: Server, member: Member, round: Round): void {
  if (member.noAddress) return;
  if (member.connected || member.suspectAt === Number.POSITIVE_INFINITY) {
    if (member.connected) server.viewVersion += 1;
    member.connected = false;
    // The last ping that was answered may lie up to half of the timeout back, or its answer just have come.
    const timeout = nodeTimeout(server);
    member.suspectAt = server.world.now + timeout * (1 + 0.25 * server.world.chance.next()) + 100;
    round.restless = true;
  }
  if (member.failing !== 'no') return;
  if (server.world.now < member.suspectAt) round.due = Math.min(round.due, member.suspectAt);
  else {
    member.failing = 'suspected';
    server.viewVersion += 1;
    round.restless = true;
  }
}

/** Somebody else answers there: the member has no address any more, and is not even suspected of having failed. */
function mistaken(server: Server, member: Member, peer: Server, round: Round): void {
  if (member.noAddress) return;
  meetAgain(server, peer, round);
  member.noAddress = true;
  member.connected = false;
  member.ip = '';
  member.port = 0;
  member.busPort = 0;
  member.peerVersion = -1;
  member.suspectAt = Number.POSITIVE_INFINITY;
  server.viewVersion += 1;
  round.restless = true;
}

function recover(server: Server, member: Member, round: Round): void {
  if (member.failing === 'failed') {
    const ownsSlots = server.conf.map.of(member.id).length > 0;
    // A failed primary that still owns its slots is believed again only when nobody can be about to replace it.
    const trustedAt = member.failedAt + 2 * nodeTimeout(server);
    if (ownsSlots && server.world.now < trustedAt) {
      round.due = Math.min(round.due, trustedAt);
      return;
    }
  }
  member.failing = 'no';
  server.viewVersion += 1;
  round.restless = true;
}

/** Gossip about others that are new to this server. @returns false when time alone would make a difference. */
function learnFrom(server: Server, peer: Server, round: Round): boolean {
  const { conf, world } = server;
  let final = true;
  for (const [id, entry] of peer.conf.members) {
    if (id === server.id || conf.members.has(id)) continue;
    if (entry.noAddress) {
      final = false;
      continue;
    }
    // Members that are neither connected nor own slots are left out of gossip.
    if (!entry.connected && peer.conf.map.of(id).length === 0) {
      final = false;
      continue;
    }
    const banned = server.bans.get(id);
    if (banned !== undefined && banned > world.now) {
      round.due = Math.min(round.due, banned);
      final = false;
      continue;
    }
    startHandshake(server, entry.ip, entry.port, entry.busPort, world.chance.int(100, 900));
    final = false;
  }
  return final;
}

/** What a server knows of others when its process starts: all that nodes.conf says, and no connection yet. */
export function reviveMembers(server: Server): void {
  server.knownHash = hashOf(server.id);
  for (const member of server.conf.members.values()) {
    server.knownHash ^= hashOf(member.id);
    member.failing = 'no';
    member.failedAt = 0;
    member.connected = false;
    member.suspectAt = Number.POSITIVE_INFINITY;
    member.fromFile = true;
    member.peer = null;
    member.peerVersion = -1;
    member.compared = 0;
  }
}
