/** The questions of one reading, and their answers as the model has them. */
import type { NodeId } from '../../model/cluster-state.ts';
import type { MigrationTask, NodeReading } from '../../model/readings.ts';
import { PortError } from '../../ports.ts';
import { parseAclLine } from '../../wire/acl.ts';
import { parseClusterInfo } from '../../wire/cluster-info.ts';
import { parseInboundLinks } from '../../wire/cluster-links.ts';
import { parseClusterNodes, toMemberView } from '../../wire/cluster-nodes.ts';
import { parseConfigGet } from '../../wire/config-get.ts';
import { type InfoReading, parseInfo } from '../../wire/info.ts';
import { parseMigrationStatus } from '../../wire/migration-status.ts';
import { WireError } from '../../wire/wire-error.ts';
import type { Command, Reply } from './connection.ts';

/** In one order for {@link nodeReading} too. INFO comes first: it alone is answered whatever the server is doing. */
export function questions(directives: readonly string[]): Command[] {
  return [
    ['INFO'],
    ['CLUSTER', 'MYID'],
    ['CLUSTER', 'INFO'],
    ['CLUSTER', 'NODES'],
    ['ACL', 'LIST'],
    ['CLUSTER', 'MIGRATION', 'STATUS', 'ALL'],
    ...(directives.length === 0 ? [] : [['CONFIG', 'GET', ...directives] as const]),
  ];
}

/** @throws PortError `protocol` for answers that we do not understand, or what a server refused to tell. */
export function nodeReading(where: string, replies: readonly (Reply | PortError)[]): NodeReading {
  const [info, id, cluster, nodes, users, migrations, config] = replies;
  return understood(where, () => {
    const told = parseInfo(String(answer(info)));
    if (told.loading || [id, cluster, nodes].some(isLoading)) return { ...fromInfo(told), loading: true };
    refuseTogether(where, [
      info,
      id,
      cluster,
      nodes,
      users,
      isUnknownCommand(migrations) ? [] : migrations,
      config,
    ]);
    const { state, currentEpoch } = parseClusterInfo(String(answer(cluster)));
    return {
      ...fromInfo(told),
      nodeId: String(answer(id)),
      clusterOk: state === 'ok',
      currentEpoch,
      members: parseClusterNodes(String(answer(nodes))).map(toMemberView),
      users: (answer(users) as readonly unknown[]).map((line) => parseAclLine(String(line))),
      migrations: isUnknownCommand(migrations) ? [] : parseMigrationStatus(answer(migrations)),
      config: config === undefined ? {} : parseConfigGet(answer(config)),
    };
  });
}

export function migrationTasks(where: string, reply: Reply): MigrationTask[] {
  return understood(where, () => parseMigrationStatus(reply));
}

export function inboundLinks(where: string, reply: Reply): ReadonlySet<NodeId> {
  return understood(where, () => parseInboundLinks(reply));
}

function fromInfo(info: InfoReading): NodeReading {
  return {
    nodeId: '',
    version: info.version,
    runId: info.runId,
    uptimeMs: info.uptimeSeconds * 1000,
    loading: false,
    clusterOk: false,
    currentEpoch: 0,
    role: info.role,
    primaryLink: info.primaryLink && {
      ip: info.primaryLink.host,
      port: info.primaryLink.port,
      up: info.primaryLink.status === 'up',
      syncing: info.primaryLink.syncInProgress,
      downSeconds: info.primaryLink.downSeconds,
    },
    replicas: info.replicas.map(({ ip, port, state, offset }) => ({
      ip,
      port,
      online: state === 'online',
      offset,
    })),
    offset: info.primaryLink?.offset ?? info.replicationOffset,
    keys: info.keys,
    usedMemoryBytes: info.usedMemoryBytes,
    maxmemoryBytes: info.maxmemoryBytes,
    saving: info.rdbBgsaveInProgress,
    rewriting: info.aofRewriteInProgress,
    members: [],
    config: {},
    users: [],
    migrations: [],
  };
}

/** All refusals at once: whoever mends the user's rights wants to do it in one go. */
function refuseTogether(where: string, replies: readonly (Reply | PortError)[]): void {
  const refusals = replies.filter((reply) => reply instanceof PortError);
  const [first] = refusals;
  if (first === undefined) return;
  const words = refusals.map(({ message }) => message.replace(`${where}: `, ''));
  throw new PortError(first.code, `${where}: ${words.join('; ')}`, { retry: first.retry });
}

function answer(reply: Reply | PortError): Reply {
  if (reply instanceof PortError) throw reply;
  return reply;
}

function isLoading(reply: Reply | PortError): boolean {
  return reply instanceof PortError && /: LOADING /.test(reply.message);
}

/** Servers before 8.4 have no such subcommand. */
function isUnknownCommand(reply: Reply | PortError): boolean {
  return reply instanceof PortError && /unknown subcommand/i.test(reply.message);
}

function understood<T>(where: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof WireError) throw new PortError('protocol', `${where}: ${cause.message}`, { cause });
    throw cause;
  }
}
