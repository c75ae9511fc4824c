/** The life of a redis-server process: start, loading, end, and what of it stays in the volume. */
import { AclTable } from './acl-table.ts';
import { announce } from './claims.ts';
import { reviveMembers } from './gossip.ts';
import { totalKeys } from './keys.ts';
import { dialPrimary, dropReplicas, settle, stall, stopReplicating } from './replication.ts';
import { ServerConfig } from './server-config.ts';
import {
  type Cause,
  type Container,
  type Machine,
  type NodesConf,
  Server,
  type Volume,
  type World,
} from './world.ts';

/** The server would not start: the last line of its log. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}

export interface BootPlace {
  readonly name: string;
  readonly machine: Machine;
  readonly container: Container | null;
  readonly volume: Volume;
  /** Address that it has in its network. */
  readonly ip: string;
  /** Prefix of its listeners: the machine for a Docker network, nothing for addresses that everybody can reach. */
  readonly scope: string;
  readonly version: string;
}

/**
 * Starts redis-server on what lies in its volume.
 * @param ended called when it ends by itself, with its exit code and its last words.
 * @throws StartRefused when it does not like its files.
 */
export function boot(world: World, place: BootPlace, ended: (code: number, words: string) => void): Server {
  const { volume } = place;
  const { config, acl } = readFiles(volume);
  volume.conf ??= freshConf(world);
  const data = config.get('appendonly') === 'yes' ? volume.aof : volume.rdb;
  const port = config.number('port');
  const server = new Server(world, {
    ...place,
    conf: volume.conf,
    config,
    acl,
    keys: data?.slice() ?? world.keyed.none(),
    port,
    busPort: config.number('cluster-port') || port + 10_000,
  });
  world.servers.add(server);
  world.scheduler.later(world.chance.int(40, 160), () => {
    if (server.state === 'ended') return;
    const taken = portsOf(server, place.scope).find((key) => isTaken(world, place, key));
    if (taken !== undefined) {
      const words = `# Warning: Could not create server TCP listening socket ${taken.split('|')[1]}: bind: Address already in use`;
      endProcess(server, 'cluster', 'crash');
      ended(1, words);
      return;
    }
    listen(server, place.scope);
  });
  return server;
}

function readFiles(volume: Volume): { config: ServerConfig; acl: AclTable } {
  const text = volume.files.get('redis.conf');
  if (text === undefined) throw new StartRefused("# Fatal error, can't open config file 'redis.conf'");
  try {
    const config = new ServerConfig(text);
    if (config.get('cluster-enabled') !== 'yes')
      throw new StartRefused('# cluster mode is off: not simulated');
    const aclFile = config.get('aclfile');
    const users = aclFile === '' ? undefined : volume.files.get(baseName(aclFile));
    if (aclFile !== '' && users === undefined)
      throw new StartRefused(`# Error loading ACLs, opening file '${aclFile}': No such file or directory`);
    return { config, acl: new AclTable(users) };
  } catch (error) {
    throw error instanceof StartRefused ? error : new StartRefused((error as Error).message);
  }
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function freshConf(world: World): NodesConf {
  return {
    id: world.chance.hex(40),
    currentEpoch: 0,
    configEpoch: 0,
    role: 'primary',
    primaryId: null,
    map: world.emptyMap,
    members: new Map(),
    ownIp: '',
  };
}

function portsOf(server: Server, scope: string): string[] {
  return [server.port, server.busPort].map((port) => `${scope}|${server.ip}:${port}`);
}

function isTaken(world: World, place: BootPlace, key: string): boolean {
  const other = world.listeners.get(key);
  if (other !== undefined && other.state !== 'ended') return true;
  return place.scope === '' && place.machine.takenPorts.has(Number(key.slice(key.lastIndexOf(':') + 1)));
}

function listen(server: Server, scope: string): void {
  const { world } = server;
  for (const key of portsOf(server, scope)) world.listeners.set(key, server);
  const keys = totalKeys(server.keys);
  if (keys === 0) {
    ready(server);
    return;
  }
  server.state = 'loading';
  world.networkChanged();
  world.scheduler.later(world.chance.int(20, 120) + keys / world.settings.keysPerMs, () => {
    if (server.state === 'loading') ready(server);
  });
}

function ready(server: Server): void {
  server.state = 'ready';
  reviveMembers(server);
  checkKeys(server);
  announce(server);
  server.world.networkChanged();
  if (!server.isPrimary) dialPrimary(server);
}

/** Keys in slots of others are deleted at the start; slots without an owner are claimed (verifyClusterConfigWithData). */
function checkKeys(server: Server): void {
  const { conf, world } = server;
  if (!server.isPrimary || totalKeys(server.keys) === 0) return;
  for (const [index, slot] of world.keyed.slots.entries()) {
    if ((server.keys[index] as number) === 0) continue;
    const owner = conf.map.ownerOf(slot);
    if (owner === undefined) conf.map = conf.map.take(conf.id, [[slot, slot]], conf.configEpoch);
    else if (owner !== conf.id) server.keys[index] = 0;
  }
}

/**
 * Ends a process.
 * @param how `clean`: it was asked to; `crash`: others see the connections close; `power`: they see nothing at all.
 */
export function endProcess(server: Server, cause: Cause, how: 'clean' | 'crash' | 'power'): void {
  if (server.state === 'ended') return;
  const { world, volume, config } = server;
  if (server.state !== 'booting') {
    settle(server);
    if (config.get('appendonly') === 'yes') volume.aof = server.keys.slice();
    if (how === 'clean' && config.get('save') !== '') volume.rdb = server.keys.slice();
  }
  for (const told of world.onServerEnd) told(server, cause);
  const silent = how === 'power' ? [...server.replicas] : [];
  for (const link of silent) stall(link);
  if (how !== 'power') dropReplicas(server);
  stopReplicating(server);
  server.state = 'ended';
  world.servers.delete(server);
  for (const [key, listener] of world.listeners) if (listener === server) world.listeners.delete(key);
  world.networkChanged();
}
