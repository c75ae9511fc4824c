/** When a member that does not answer counts as failed, and where else it may be found. */
import type { NodeId } from '../../../reconciler/model/cluster-state.ts';
import { truePeer, updateAddress } from './claims.ts';
import { considerElection } from './election.ts';
import { quorum } from './health.ts';
import type { Round } from './round.ts';
import type { Member, Server } from './world.ts';

/** Turns suspicions into certainty where a majority shares them, and lets replicas think of taking over. */
export function judge(server: Server, round: Round): void {
  for (const member of server.conf.members.values()) {
    if (member.failing === 'no') continue;
    if (member.failing === 'suspected' && isAgreed(server, member.id)) declareFailed(server, member, round);
    seekAddress(server, member, round);
    if (member.failing === 'failed' && !server.isPrimary && server.conf.primaryId === member.id) {
      considerElection(server, member);
    }
  }
}

function isAgreed(server: Server, subject: NodeId): boolean {
  const { conf } = server;
  let reports = 0;
  for (const id of conf.map.owners.keys()) {
    if (id === server.id) reports += 1;
    else if (id !== subject) {
      const member = conf.members.get(id);
      const reporter = member === undefined ? null : truePeer(server, member);
      const report = reporter?.conf.members.get(subject)?.failing;
      if (report === 'suspected' || report === 'failed') reports += 1;
    }
  }
  return reports >= quorum(server);
}

function declareFailed(server: Server, member: Member, round: Round): void {
  fail(server, member);
  round.restless = true;
  if (!server.isPrimary) return;
  for (const other of server.conf.members.values()) {
    const peer = truePeer(server, other);
    const entry = peer?.conf.members.get(member.id);
    if (peer !== null && entry !== undefined && entry.failing !== 'failed') fail(peer, entry);
  }
}

function fail(server: Server, member: Member): void {
  member.failing = 'failed';
  member.failedAt = server.world.now;
  server.viewVersion += 1;
}

/** Others may be in touch with a member that this server has lost because it moved. */
function seekAddress(server: Server, member: Member, round: Round): void {
  if (member.connected) return;
  for (const other of server.conf.members.values()) {
    const peer = truePeer(server, other);
    const entry = peer?.conf.members.get(member.id);
    if (entry === undefined || !entry.connected || entry.failing !== 'no' || entry.noAddress) continue;
    if (entry.ip === member.ip && entry.busPort === member.busPort) continue;
    updateAddress(server, member, entry.ip, entry.port, entry.busPort);
    round.restless = true;
    return;
  }
}
