/** What a simulated server tells of itself, in the form that the Redis adapter gives to the real answers. */
import type { MemberView, MigrationTask, NodeReading } from '../../../reconciler/model/readings.ts';
import { totalKeys } from './keys.ts';
import { usedMemory } from './migration.ts';
import { settle } from './replication.ts';
import type { MigrationRecord, Server } from './world.ts';

export function readServer(server: Server, directives: readonly string[]): NodeReading {
  settle(server);
  const loading = server.state === 'loading';
  const { conf, world, link } = server;
  return {
    nodeId: loading ? '' : conf.id,
    version: server.version,
    runId: server.runId,
    uptimeMs: world.now - server.startedAt,
    loading,
    clusterOk: !loading && server.clusterOk,
    currentEpoch: loading ? 0 : conf.currentEpoch,
    role: conf.role,
    primaryLink:
      link === null
        ? null
        : {
            ip: link.dials.ip,
            port: link.dials.port,
            up: link.state === 'up',
            syncing: link.state === 'syncing',
            downSeconds:
              link.state === 'up' || link.downSince === 0
                ? -1
                : Math.floor((world.now - link.downSince) / 1000),
          },
    replicas: server.isPrimary ? replicasOf(server) : [],
    offset: server.offset,
    keys: loading ? 0 : totalKeys(server.keys),
    usedMemoryBytes: usedMemory(server),
    maxmemoryBytes: server.config.number('maxmemory'),
    saving: false,
    rewriting: false,
    members: loading ? [] : membersOf(server),
    config: loading ? {} : server.config.answer(directives),
    users: loading ? [] : server.acl.list(),
    migrations: loading || server.migrations.length === 0 ? [] : server.migrations.map(taskOf),
  };
}

function replicasOf(server: Server): NodeReading['replicas'] {
  return [...server.replicas].map((link) => {
    settle(link.replica);
    const { ip, port } = link.replica.claim;
    return { ip, port, online: link.state === 'up', offset: link.replica.offset };
  });
}

function membersOf(server: Server): readonly MemberView[] {
  if (server.reading?.version === server.viewVersion) return server.reading.members;
  const { conf, claim } = server;
  const members: MemberView[] = [
    {
      ...NOTHING_OPEN,
      id: conf.id,
      ip: server.config.get('cluster-announce-ip') || conf.ownIp,
      port: claim.port,
      busPort: claim.busPort,
      hostname: claim.hostname,
      myself: true,
      role: conf.role,
      primaryId: conf.primaryId,
      configEpoch: conf.configEpoch,
      linkConnected: true,
      slots: server.slots,
    },
  ];
  for (const member of conf.members.values()) {
    members.push({
      ...NOTHING_OPEN,
      id: member.id,
      ip: member.ip,
      port: member.port,
      busPort: member.busPort,
      hostname: member.claim.hostname,
      role: member.claim.role,
      failing: member.failing,
      noAddress: member.noAddress,
      primaryId: member.claim.primaryId,
      configEpoch: member.claim.configEpoch,
      linkConnected: member.connected,
      slots: conf.map.of(member.id),
    });
  }
  for (const { id, ip, port, busPort } of server.handshakes) {
    members.push({ ...NOTHING_OPEN, id, ip, port, busPort, hostname: '', role: 'unknown', handshake: true });
  }
  server.reading = { version: server.viewVersion, members };
  return members;
}

const NOTHING_OPEN = {
  myself: false,
  failing: 'no',
  handshake: false,
  noAddress: false,
  primaryId: null,
  configEpoch: 0,
  linkConnected: false,
  slots: [],
  migrating: [],
  importing: [],
} as const;

export function taskOf(record: MigrationRecord): MigrationTask {
  const { attempt: _, ...task } = record;
  return task;
}
