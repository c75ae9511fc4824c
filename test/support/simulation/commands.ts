/** Administrative commands as redis-server carries them out, whoever sends them. A refusal is the returned text. */
import type { NodeId } from '../../../reconciler/model/cluster-state.ts';
import type { MemberAddress } from '../../../reconciler/model/facts.ts';
import { intersectSlots, type SlotSet, unionSlots } from '../../../reconciler/model/slots.ts';
import { AclRefusal } from './acl-table.ts';
import { baseName } from './boot.ts';
import { announce, becomePrimary, becomeReplica, hashOf, removeMember, truePeer } from './claims.ts';
import { startHandshake } from './handshakes.ts';
import { totalKeys } from './keys.ts';
import { endMigrations } from './migration-records.ts';
import { dialPrimary, dropReplicas, settle } from './replication.ts';
import type { Server } from './world.ts';

/** The server's error reply; undefined when it has said OK. */
export type Refusal = string | undefined;

/** How long a forgotten member is not learnt of again. */
const BAN_MS = 60_000;

export function meet(server: Server, address: MemberAddress): Refusal {
  if (!/^[0-9.]+$|:/.test(address.ip) || address.port <= 0)
    return `ERR Invalid node address specified: ${address.ip}:${address.port}`;
  startHandshake(server, address.ip, address.port, address.busPort, server.world.chance.int(20, 130));
  return undefined;
}

export function setConfigEpoch(server: Server, epoch: number): Refusal {
  const { conf } = server;
  if (epoch < 0) return `ERR Invalid config epoch specified: ${epoch}`;
  if (conf.members.size > 0)
    return 'ERR The user can assign a config epoch only when the node does not know any other node.';
  if (conf.configEpoch !== 0) return 'ERR Node config epoch is already non-zero';
  conf.configEpoch = epoch;
  conf.currentEpoch = Math.max(conf.currentEpoch, epoch);
  announce(server);
  return undefined;
}

export function addSlots(server: Server, slots: SlotSet): Refusal {
  const { conf } = server;
  for (const { slots: owned } of conf.map.owners.values()) {
    const busy = intersectSlots(owned, slots)[0];
    if (busy !== undefined) return `ERR Slot ${busy[0]} is already busy`;
  }
  // Not `take`: an unowned slot is simply claimed, and members that own nothing else keep their epochs.
  conf.map = conf.map.hear({ ...server.claim, slots: unionSlots(server.slots, slots) });
  announce(server);
  return undefined;
}

export function replicate(server: Server, id: NodeId): Refusal {
  const { conf } = server;
  if (id === conf.id) return "ERR Can't replicate myself";
  const member = conf.members.get(id);
  if (member === undefined) return `ERR Unknown node ${id}`;
  if (member.claim.role === 'replica') return 'ERR I can only replicate a master, not a replica.';
  if (server.isPrimary && (server.slots.length > 0 || totalKeys(server.keys) > 0))
    return 'ERR To set a master the node must be empty and without assigned slots.';
  if (conf.primaryId === id) dialPrimary(server);
  else becomeReplica(server, id);
  return undefined;
}

export function forget(server: Server, id: NodeId): Refusal {
  const { conf, world } = server;
  if (id === conf.id) return "ERR I tried hard but I can't forget myself...";
  if (!conf.members.has(id)) return `ERR Unknown node ${id}`;
  if (!server.isPrimary && conf.primaryId === id) return "ERR Can't forget my master!";
  ban(server, id);
  // Since 7.2 it spreads by gossip; a replica of the forgotten member does not follow.
  for (const member of conf.members.values()) {
    world.scheduler.later(world.chance.int(80, 620), () => {
      const peer = truePeer(server, member);
      if (peer === null || peer.id === id || peer.conf.primaryId === id) return;
      if (peer.conf.members.has(id) && peer.conf.members.has(server.id)) ban(peer, id);
    });
  }
  return undefined;
}

function ban(server: Server, id: NodeId): void {
  server.bans.set(id, server.world.now + BAN_MS);
  removeMember(server, id);
}

export function reset(server: Server, mode: 'soft' | 'hard'): Refusal {
  const { conf, world } = server;
  if (server.isPrimary && totalKeys(server.keys) > 0)
    return "ERR CLUSTER RESET can't be called with master nodes containing keys";
  if (!server.isPrimary) {
    becomePrimary(server);
    server.keys = world.keyed.none();
  }
  endMigrations(server, 'canceled', 'CLUSTER RESET');
  dropReplicas(server);
  for (const id of [...conf.members.keys()]) removeMember(server, id);
  server.handshakes.length = 0;
  conf.map = world.emptyMap;
  if (mode === 'hard') {
    conf.id = world.chance.hex(40);
    conf.currentEpoch = 0;
    conf.configEpoch = 0;
    server.lastVoteEpoch = 0;
  }
  server.knownHash = hashOf(conf.id);
  conf.ownIp = '';
  announce(server);
  world.networkChanged();
  return undefined;
}

/** CONFIG SET alone: without CONFIG REWRITE it does not outlive the process. */
export function configSet(server: Server, pairs: Readonly<Record<string, string>>): Refusal {
  const persisted = server.config.get('appendonly') === 'yes';
  const result = server.config.set(pairs);
  if ('refused' in result) return result.refused;
  if (persisted && server.config.get('appendonly') === 'no') {
    settle(server);
    server.volume.aof = server.keys.slice();
  }
  if (result.changed.some((name) => name.startsWith('cluster-announce'))) announce(server);
  if (result.changed.length > 0) server.world.stir();
  return undefined;
}

export function configRewrite(server: Server): void {
  server.volume.files.set('redis.conf', server.config.rewritten());
}

export function setUser(server: Server, name: string, rules: readonly string[]): Refusal {
  try {
    server.acl.set(name, rules);
    return undefined;
  } catch (error) {
    if (error instanceof AclRefusal) return error.message;
    throw error;
  }
}

export function aclSave(server: Server): Refusal {
  const file = server.config.get('aclfile');
  if (file === '')
    return 'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command';
  server.volume.files.set(baseName(file), server.acl.file());
  return undefined;
}
