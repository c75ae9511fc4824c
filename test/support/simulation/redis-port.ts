/** The port `Redis` on simulated servers. */
import type { Endpoint } from '../../../reconciler/model/facts.ts';
import { formatSlots } from '../../../reconciler/model/slots.ts';
import {
  PortError,
  type Redis,
  type RedisCredentials,
  type RedisNode,
  Secret,
} from '../../../reconciler/ports.ts';
import type { Calls, Life, Stage } from './calls.ts';
import { peerOf } from './claims.ts';
import * as commands from './commands.ts';
import { beginFailover } from './election.ts';
import { beginImport, cancelMigration } from './migration.ts';
import { readServer, taskOf } from './reading.ts';
import { settle } from './replication.ts';
import { REDISFORGE, type Server, type World } from './world.ts';

export class SimulatedRedis implements Redis {
  readonly #world: World;
  readonly #calls: Calls;
  readonly #life: Life;

  constructor(world: World, calls: Calls, life: Life) {
    this.#world = world;
    this.#calls = calls;
    this.#life = life;
  }

  at(endpoints: readonly Endpoint[], credentials: RedisCredentials): RedisNode {
    return new SimulatedNode(this.#world, this.#calls, this.#life, endpoints, credentials);
  }

  async close(): Promise<void> {}
}

class SimulatedNode implements RedisNode {
  readonly #world: World;
  readonly #calls: Calls;
  readonly #life: Life;
  readonly #endpoints: readonly Endpoint[];
  readonly #credentials: RedisCredentials;

  constructor(
    world: World,
    calls: Calls,
    life: Life,
    endpoints: readonly Endpoint[],
    credentials: RedisCredentials,
  ) {
    this.#world = world;
    this.#calls = calls;
    this.#life = life;
    this.#endpoints = endpoints;
    this.#credentials = credentials;
  }

  read(directives: readonly string[]) {
    return this.#call('read', '', false, 'info', 0.3, (server) => readServer(server, directives));
  }

  meet: RedisNode['meet'] = (address) =>
    this.#command('meet', `${address.ip}:${address.port}`, 'cluster|meet', (server) =>
      commands.meet(server, address),
    );

  setConfigEpoch: RedisNode['setConfigEpoch'] = (epoch) =>
    this.#command('setConfigEpoch', `${epoch}`, 'cluster|set-config-epoch', (server) =>
      commands.setConfigEpoch(server, epoch),
    );

  addSlots: RedisNode['addSlots'] = (slots) =>
    this.#command('addSlots', formatSlots(slots), 'cluster|addslotsrange', (server) =>
      commands.addSlots(server, slots),
    );

  replicate: RedisNode['replicate'] = (primary) =>
    this.#command('replicate', primary.slice(0, 8), 'cluster|replicate', (server) =>
      commands.replicate(server, primary),
    );

  linkedFrom: RedisNode['linkedFrom'] = () =>
    this.#call('linkedFrom', '', false, 'cluster|links', 0.3, (server) => {
      const linked = [...this.#world.servers].filter((other) => {
        const member = other.conf.members.get(server.conf.id);
        return other.state === 'ready' && member !== undefined && peerOf(other, member) === server;
      });
      return new Set(linked.map(({ conf }) => conf.id));
    });

  failover: RedisNode['failover'] = (mode) =>
    this.#command('failover', mode, 'cluster|failover', (server) =>
      beginFailover(server, mode, 'redisforge'),
    );

  forget: RedisNode['forget'] = (id) =>
    this.#command('forget', id.slice(0, 8), 'cluster|forget', (server) => commands.forget(server, id));

  reset: RedisNode['reset'] = (mode) =>
    this.#command('reset', mode, 'cluster|reset', (server) => commands.reset(server, mode));

  configure: RedisNode['configure'] = (config) => {
    const pairs = Object.fromEntries(
      Object.entries(config).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
    );
    const set = (server: Server) => refuse(commands.configSet(server, pairs));
    return this.#call(
      'configure',
      Object.keys(config).join(' '),
      true,
      'config|set',
      1,
      (server) => commands.configRewrite(server),
      set,
    );
  };

  setUsers: RedisNode['setUsers'] = (users, remove) => {
    const set = (server: Server) => {
      for (const { name, enabled, passwordHashes, rules } of users) {
        const hashes = passwordHashes.map((hash) => `#${hash}`);
        const words = rules.split(/\s+/).filter((word) => word !== '');
        refuse(commands.setUser(server, name, ['reset', enabled ? 'on' : 'off', ...hashes, ...words]));
      }
      for (const name of remove) server.acl.remove(name);
    };
    const subject = [...users.map(({ name }) => name), ...remove.map((name) => `-${name}`)].join(' ');
    return this.#call(
      'setUsers',
      subject,
      true,
      'acl|setuser',
      1,
      (server) => refuse(commands.aclSave(server)),
      set,
    );
  };

  slotStats: RedisNode['slotStats'] = () =>
    this.#call('slotStats', '', false, 'cluster|slot-stats', 0.5, (server) => {
      settle(server);
      const { keyed, settings } = server.world;
      return new Map(
        keyed.within(server.slots).map((index) => {
          const keys = server.keys[index] as number;
          const bytes = keys * settings.bytesPerKey;
          return [
            keyed.slots[index] as number,
            { keys, memoryBytes: bytes, cpuMicroseconds: keys, networkBytes: bytes },
          ];
        }),
      );
    });

  keysInSlots: RedisNode['keysInSlots'] = (slots) =>
    this.#call('keysInSlots', formatSlots(slots), false, 'cluster|countkeysinslot', 0.5, (server) => {
      settle(server);
      const { keyed } = server.world;
      const found = new Map<number, number>();
      for (const index of keyed.within(slots)) {
        const keys = server.keys[index] as number;
        if (keys > 0) found.set(keyed.slots[index] as number, keys);
      }
      return found;
    });

  importSlots: RedisNode['importSlots'] = (slots) =>
    this.#call('importSlots', formatSlots(slots), true, 'cluster|migration', 0.5, (server) => {
      const begun = beginImport(server, slots);
      if ('refused' in begun) throw new PortError('refused', begun.refused);
      return begun.id;
    });

  cancelMigration: RedisNode['cancelMigration'] = (taskId) =>
    this.#call('cancelMigration', taskId.slice(0, 8), true, 'cluster|migration', 0.5, (server) => {
      cancelMigration(server, taskId);
    });

  migrations: RedisNode['migrations'] = () =>
    this.#call('migrations', '', false, 'cluster|migration', 0.3, (server) => server.migrations.map(taskOf));

  #command(
    call: string,
    subject: string,
    permission: string,
    run: (server: Server) => commands.Refusal,
  ): Promise<void> {
    return this.#call(call, subject, true, permission, 0.3, (server) => refuse(run(server)));
  }

  #call<T>(
    call: string,
    subject: string,
    mutating: boolean,
    permission: string,
    takesMs: number,
    run: (server: Server) => T,
    before?: (server: Server) => void,
  ): Promise<T> {
    const found: { server: Server | undefined } = { server: undefined };
    const site = {
      call: `redis.${call}`,
      subject: mutating ? `${nameAt(this.#world, this.#endpoints)} ${subject}` : subject,
      mutating,
      deadlineMs: this.#world.settings.redisDeadlineMs,
      reach: () => this.#reach(found),
    };
    const admitted = () => this.#admitted(found.server, permission, call === 'read');
    if (before === undefined)
      return this.#calls.perform<T>(this.#life, site, [[takesMs, () => run(admitted())]]);
    // Whoever has logged in stays so, also when the first half has changed its own user.
    const first: Stage<void> = [takesMs, () => before(admitted())];
    const second: Stage<T> = [takesMs, () => run(requireListening(found.server))];
    return this.#calls.perform<T>(this.#life, site, [first, second]);
  }

  /** The first endpoint that answers; otherwise whether at least somebody said no. */
  #reach(found: { server: Server | undefined }): 'answers' | 'silence' | 'refusal' {
    let result: 'silence' | 'refusal' = 'silence';
    for (const endpoint of this.#endpoints) {
      const server = serverFor(this.#world, endpoint);
      if (server !== undefined) {
        if (!this.#world.passes(REDISFORGE, server.machine.docker)) continue;
        found.server = server;
        return 'answers';
      }
      if (isUp(this.#world, endpoint.ip)) result = 'refusal';
    }
    return result;
  }

  #admitted(found: Server | undefined, permission: string, whileLoading: boolean): Server {
    const server = requireListening(found);
    const { username, password } = this.#credentials;
    if (!server.acl.admits(username, password.reveal()))
      throw new PortError(
        'auth',
        `${server.name}: WRONGPASS invalid username-password pair or user is disabled.`,
      );
    if (!server.acl.allows(username, permission))
      throw new PortError(
        'denied',
        `${server.name}: NOPERM User ${username} has no permissions to run the '${permission}' command`,
      );
    if (server.state === 'loading' && !whileLoading)
      throw new PortError('refused', `${server.name}: LOADING Redis is loading the dataset in memory`, {
        retry: 'soon',
      });
    return server;
  }
}

function requireListening(server: Server | undefined): Server {
  if (server === undefined || !server.listening) throw new PortError('unreachable', 'the connection broke');
  return server;
}

function refuse(refusal: commands.Refusal): void {
  if (refusal !== undefined) throw new PortError('refused', refusal);
}

/** Who listens at an address that RedisForge uses: on the host's network, in a Docker network, or published. */
export function serverFor(world: World, { ip, port }: Endpoint): Server | undefined {
  const open = world.listeners.get(`|${ip}:${port}`);
  if (open !== undefined) return open.listening && open.machine.power === 'on' ? open : undefined;
  for (const machine of world.machines.values()) {
    if (machine.power === 'off') continue;
    const inside = world.listeners.get(`${machine.docker}|${ip}:${port}`);
    if (inside?.listening === true) return inside;
    if (machine.networks.size === 0) continue;
    for (const container of machine.containers.values()) {
      if (container.plan.publish === `${ip}:${port}` && container.server?.listening === true)
        return container.server;
    }
  }
  return undefined;
}

function nameAt(world: World, endpoints: readonly Endpoint[]): string {
  for (const endpoint of endpoints) {
    const server = serverFor(world, endpoint);
    if (server !== undefined) return server.name;
  }
  return endpoints.map(({ ip, port }) => `${ip}:${port}`).join(' or ');
}

function isUp(world: World, ip: string): boolean {
  for (const machine of world.machines.values()) {
    if (machine.power === 'off' || !world.passes(REDISFORGE, machine.docker)) continue;
    if (machine.address === ip) return true;
    for (const container of machine.containers.values()) {
      if (container.ip === ip || container.plan.publish.startsWith(`${ip}:`)) return true;
    }
  }
  return false;
}
