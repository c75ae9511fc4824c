/** How servers that do not know each other get to know each other: CLUSTER MEET, and gossip about third parties. */
import { addMember, announce, updateAddress } from './claims.ts';
import { nodeTimeout } from './health.ts';
import type { Round } from './round.ts';
import type { Handshake, Server } from './world.ts';

/** Begins to get to know whoever answers at an address; nothing is told when nobody does. */
export function startHandshake(
  server: Server,
  ip: string,
  port: number,
  busPort: number,
  inMs: number,
): void {
  const { now, chance } = server.world;
  const readyAt = now + inMs;
  const begun = server.handshakes.find((each) => each.ip === ip && each.busPort === busPort);
  if (begun !== undefined) {
    begun.readyAt = Math.min(begun.readyAt, readyAt);
    return;
  }
  const expiresAt = readyAt + Math.max(1000, nodeTimeout(server));
  server.handshakes.push({ id: chance.hex(40), ip, port, busPort, readyAt, expiresAt });
  server.viewVersion += 1;
  server.world.stir();
}

export function shakeHands(server: Server, round: Round): void {
  const { world } = server;
  for (const handshake of [...server.handshakes]) {
    if (world.now < handshake.readyAt) {
      round.due = Math.min(round.due, handshake.readyAt);
      continue;
    }
    const peer = world.serverAt(server.machine, handshake.ip, handshake.busPort);
    const answers = peer?.state === 'ready' && peer.busPort === handshake.busPort;
    if (!answers && world.now < handshake.expiresAt) {
      round.due = Math.min(round.due, handshake.expiresAt, world.now + 500);
      continue;
    }
    server.handshakes.splice(server.handshakes.indexOf(handshake), 1);
    server.viewVersion += 1;
    round.restless = true;
    if (answers && peer !== server) meetEachOther(server, peer, handshake);
  }
}

function meetEachOther(server: Server, peer: Server, handshake: Handshake): void {
  learnOwnAddress(server);
  learnOwnAddress(peer);
  const known = server.conf.members.get(peer.id);
  if (known === undefined) addMember(server, peer.claim, handshake.ip, handshake.port, handshake.busPort);
  else updateAddress(server, known, handshake.ip, handshake.port, handshake.busPort);
  const { ip, port, busPort } = server.claim;
  const back = peer.conf.members.get(server.id);
  if (back === undefined) startHandshake(peer, ip, port, busPort, server.world.chance.int(10, 100));
  else updateAddress(peer, back, ip, port, busPort);
}

/** A server that announces no address learns it from the first connection that a MEET makes. */
function learnOwnAddress(server: Server): void {
  if (server.conf.ownIp === server.claim.ip) return;
  server.conf.ownIp = server.claim.ip;
  announce(server);
}
