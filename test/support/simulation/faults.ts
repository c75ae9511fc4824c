/** What can go wrong around RedisForge, as data, and how it strikes the simulated world. */
import { boot, endProcess } from './boot.ts';
import { CALL_MISHAPS, type CallMishap, type Calls } from './calls.ts';
import * as commands from './commands.ts';
import * as docker from './docker.ts';
import { beginFailover } from './election.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import { type Container, type Machine, REDISFORGE, type Server, type World } from './world.ts';

export type Fault =
  /** Power loss: nobody answers there any more (`silence`), or its address is refused by a router (`refusal`). */
  | { readonly kind: 'host-down'; readonly host: string; readonly answer?: Machine['answer'] }
  | { readonly kind: 'host-up'; readonly host: string }
  /** The engine stops and its containers go on. */
  | { readonly kind: 'engine-stop'; readonly host: string }
  | { readonly kind: 'engine-start'; readonly host: string }
  /** The engine is killed and comes back without live-restore: its containers stop, `always` ones come back. */
  | { readonly kind: 'engine-crash'; readonly host: string }
  | { readonly kind: 'container-kill'; readonly node: string; readonly oom?: true }
  /** Stopped through the engine by somebody else: its restart policy rests. */
  | { readonly kind: 'container-stop'; readonly node: string }
  | { readonly kind: 'container-remove'; readonly node: string }
  /** Started anew; in a Docker network without fixed addresses that means: under another address. */
  | { readonly kind: 'container-restart'; readonly node: string }
  /** Container and volume are gone. */
  | { readonly kind: 'volume-lose'; readonly node: string }
  /** Everything but the configuration files is gone from the volume, and the server starts anew at its address. */
  | { readonly kind: 'data-wipe'; readonly node: string }
  /** Between two hosts, or a host and RedisForge. */
  | { readonly kind: 'partition'; readonly between: string; readonly and: string }
  | { readonly kind: 'heal'; readonly between: string; readonly and: string }
  | { readonly kind: 'config-set'; readonly node: string; readonly directive: string; readonly value: string }
  | { readonly kind: 'acl-set'; readonly node: string; readonly user: string; readonly rules: string }
  | { readonly kind: 'acl-delete'; readonly node: string; readonly user: string }
  | { readonly kind: 'cluster-reset'; readonly node: string; readonly mode: 'soft' | 'hard' }
  | { readonly kind: 'failover'; readonly node: string }
  /** A replica is made to follow another primary by hand. */
  | { readonly kind: 'replicate'; readonly node: string; readonly primary: string }
  /** A server that nobody here knows is met by one of the members. */
  | { readonly kind: 'foreign-member'; readonly node: string }
  | { readonly kind: 'foreign-keys'; readonly node: string; readonly keys: number }
  | { readonly kind: 'port-taken'; readonly host: string; readonly port: number }
  /** Befalls a call of RedisForge, after `skip` calls that go well. */
  | { readonly kind: 'call'; readonly mishap: CallMishap; readonly call?: string; readonly skip: number };

export const FOREIGN_HOST = 'ssh://stranger@192.0.2.1';

export interface FaultTargets {
  readonly world: World;
  readonly calls: Calls;
  readonly ledger: Ledger;
  machine(host: string): Machine | undefined;
}

/** Lets a fault strike now. @returns false when there was nothing for it to strike. */
export function strike(targets: FaultTargets, fault: Fault): boolean {
  const { world } = targets;
  const done = carryOut(targets, fault);
  if (!done || fault.kind === 'call') return done;
  world.tell(`fault: ${describeFault(fault)}`);
  targets.ledger.strike(describeFault(fault));
  return true;
}

export function describeFault(fault: Fault): string {
  const { kind, ...rest } = fault;
  return [kind, ...Object.values(rest)].join(' ');
}

function carryOut(targets: FaultTargets, fault: Fault): boolean {
  const { world } = targets;
  switch (fault.kind) {
    case 'call':
      targets.calls.plan(fault.mishap, fault.call, fault.skip);
      return true;
    case 'partition':
    case 'heal':
      return cut(targets, fault);
    case 'host-down':
    case 'host-up':
    case 'engine-stop':
    case 'engine-start':
    case 'engine-crash':
    case 'port-taken': {
      const machine = targets.machine(fault.host);
      return machine !== undefined && strikeMachine(world, machine, fault);
    }
    case 'container-kill':
    case 'container-stop':
    case 'container-remove':
    case 'container-restart':
    case 'volume-lose':
    case 'data-wipe': {
      const container = containerOf(world, fault.node);
      if (container === undefined || container.machine.power === 'off') return false;
      return strikeContainer(world, container, fault);
    }
    default: {
      const server = containerOf(world, fault.node)?.server;
      if (server === null || server === undefined || server.state !== 'ready') return false;
      return strikeServer(targets, server, fault);
    }
  }
}

type Of<K extends Fault['kind']> = Extract<Fault, { readonly kind: K }>;

function cut(targets: FaultTargets, fault: Of<'partition' | 'heal'>): boolean {
  const place = (name: string) => (name === REDISFORGE ? REDISFORGE : targets.machine(name)?.docker);
  const [a, b] = [place(fault.between), place(fault.and)];
  if (a === undefined || b === undefined || a === b) return false;
  const key = a < b ? `${a}|${b}` : `${b}|${a}`;
  if (fault.kind === 'partition') targets.world.cuts.add(key);
  else targets.world.cuts.delete(key);
  targets.world.networkChanged();
  return true;
}

function strikeMachine(
  world: World,
  machine: Machine,
  fault: Of<'host-down' | 'host-up' | 'engine-stop' | 'engine-start' | 'engine-crash' | 'port-taken'>,
): boolean {
  switch (fault.kind) {
    case 'host-down':
      if (machine.power === 'off') return false;
      docker.powerOff(world, machine, fault.answer ?? 'silence');
      return true;
    case 'host-up':
      if (machine.power === 'on') return false;
      docker.powerOn(world, machine);
      return true;
    case 'engine-stop':
      if (!docker.engineRuns(machine)) return false;
      docker.stopEngine(world, machine);
      return true;
    case 'engine-start':
      if (machine.power === 'off' || machine.engine === 'running') return false;
      docker.startEngine(world, machine);
      return true;
    case 'engine-crash':
      if (!docker.engineRuns(machine)) return false;
      docker.crashEngine(world, machine);
      return true;
    case 'port-taken':
      machine.takenPorts.add(fault.port);
      return true;
  }
}

function strikeContainer(
  world: World,
  container: Container,
  fault: Of<
    | 'container-kill'
    | 'container-stop'
    | 'container-remove'
    | 'container-restart'
    | 'volume-lose'
    | 'data-wipe'
  >,
): boolean {
  const { machine, volume } = container;
  const runs = container.status === 'running' || container.status === 'restarting';
  switch (fault.kind) {
    case 'container-kill':
      if (container.status !== 'running') return false;
      docker.endContainer(world, container, 'fault', 'crash', false);
      container.oomKilled = fault.oom === true;
      return true;
    case 'container-stop':
      if (!runs || !docker.engineRuns(machine)) return false;
      docker.endContainer(world, container, 'fault', 'clean', true);
      return true;
    case 'container-remove':
    case 'volume-lose':
      docker.endContainer(world, container, 'fault', 'crash', true);
      docker.removeContainer(world, container);
      if (fault.kind === 'volume-lose') machine.volumes.delete(volume.name);
      return true;
    case 'container-restart':
    case 'data-wipe':
      if (!runs || !docker.engineRuns(machine)) return false;
      docker.endContainer(world, container, 'fault', fault.kind === 'data-wipe' ? 'crash' : 'clean', true);
      if (fault.kind === 'data-wipe') {
        volume.conf = null;
        volume.aof = null;
        volume.rdb = null;
      }
      container.restarts = 0;
      docker.startContainer(world, container);
      return true;
  }
}

function strikeServer(
  targets: FaultTargets,
  server: Server,
  fault: Of<
    | 'config-set'
    | 'acl-set'
    | 'acl-delete'
    | 'cluster-reset'
    | 'failover'
    | 'replicate'
    | 'foreign-member'
    | 'foreign-keys'
  >,
): boolean {
  switch (fault.kind) {
    case 'config-set':
      return commands.configSet(server, { [fault.directive]: fault.value }) === undefined;
    case 'acl-set':
      return commands.setUser(server, fault.user, fault.rules.split(' ')) === undefined;
    case 'acl-delete':
      return fault.user !== 'default' && server.acl.remove(fault.user);
    case 'cluster-reset':
      return commands.reset(server, fault.mode) === undefined;
    case 'failover':
      return beginFailover(server, 'graceful', 'fault') === undefined;
    case 'replicate': {
      const primary = containerOf(targets.world, fault.primary)?.server;
      return (
        primary !== null && primary !== undefined && commands.replicate(server, primary.id) === undefined
      );
    }
    case 'foreign-member': {
      const { ip, port, busPort } = bootStranger(targets.world, server);
      return commands.meet(server, { ip, port, busPort }) === undefined;
    }
    case 'foreign-keys': {
      if (server.slots.length > 0 || !server.isPrimary) return false;
      const index = targets.world.chance.int(0, targets.world.keyed.length - 1);
      server.keys[index] = (server.keys[index] as number) + fault.keys;
      targets.ledger.addForeign(server.volume.name, index, fault.keys);
      return true;
    }
  }
}

/** A redis-server on a machine of its own, without any container here, with the same users as its victim. */
function bootStranger(world: World, like: Server): Server {
  const machine =
    world.machines.get(FOREIGN_HOST) ?? docker.newMachine(world, FOREIGN_HOST, 'stranger', '192.0.2.1');
  const name = `stranger-${machine.volumes.size + 1}`;
  const volume = docker.newVolume(machine, name, {});
  const port = 7000 + machine.volumes.size;
  volume.files.set('redis.conf', `cluster-enabled yes\nport ${port}\naclfile /data/conf/users.acl`);
  volume.files.set('users.acl', like.acl.file());
  const place = {
    name,
    machine,
    container: null,
    volume,
    ip: machine.address,
    scope: '',
    version: like.version,
  };
  return boot(world, place, () => {});
}

/** Ends all strangers: the operator has switched them off. */
export function endStrangers(world: World): void {
  for (const server of [...world.servers])
    if (server.container === null) endProcess(server, 'fault', 'crash');
}

export function containerOf(world: World, node: string): Container | undefined {
  for (const machine of world.machines.values()) {
    const container = machine.containers.get(node);
    if (container !== undefined) return container;
  }
  return undefined;
}

export interface PlannedFault {
  /** Milliseconds after the plan begins. */
  readonly inMs: number;
  readonly fault: Fault;
}

/**
 * A random plan of faults that all end: hosts come back, engines start, partitions heal within the horizon.
 * @param weights kinds to draw from; the same kind may be named several times.
 */
export function planFaults(
  chance: Random,
  hosts: readonly string[],
  nodes: readonly string[],
  count: number,
  horizonMs: number,
): PlannedFault[] {
  const plan: PlannedFault[] = [];
  for (let index = 0; index < count; index += 1) {
    const inMs = chance.int(0, Math.floor(horizonMs * 0.6));
    const endMs = inMs + chance.int(500, Math.floor(horizonMs * 0.4));
    plan.push(...drawFault(chance, hosts, nodes, inMs, endMs));
  }
  return plan.sort((a, b) => a.inMs - b.inMs);
}

function drawFault(
  chance: Random,
  hosts: readonly string[],
  nodes: readonly string[],
  inMs: number,
  endMs: number,
): PlannedFault[] {
  const host = chance.pick(hosts);
  const node = chance.pick(nodes);
  const at = (fault: Fault): PlannedFault => ({ inMs, fault });
  const ends = (fault: Fault): PlannedFault => ({ inMs: endMs, fault });
  switch (chance.int(0, 17)) {
    case 0:
      return [
        at({ kind: 'host-down', host, answer: chance.pick(['silence', 'refusal']) }),
        ends({ kind: 'host-up', host }),
      ];
    case 1:
      return [at({ kind: 'engine-stop', host }), ends({ kind: 'engine-start', host })];
    case 2:
      return [at({ kind: 'engine-crash', host })];
    case 3: {
      const and = chance.pick([REDISFORGE, ...hosts]);
      return [at({ kind: 'partition', between: host, and }), ends({ kind: 'heal', between: host, and })];
    }
    case 4:
      return [at({ kind: 'container-kill', node })];
    case 5:
      return [at({ kind: 'container-stop', node })];
    case 6:
      return [at({ kind: 'container-remove', node })];
    case 7:
      return [at({ kind: 'container-restart', node })];
    case 8:
      return [at({ kind: 'volume-lose', node })];
    case 9:
      return [at({ kind: 'data-wipe', node })];
    case 10:
      return [at({ kind: 'config-set', node, directive: 'maxmemory-clients', value: '10%' })];
    case 11:
      return [at({ kind: 'acl-set', node, user: 'intruder', rules: 'on nopass ~* +@all' })];
    case 12:
      return [at({ kind: 'cluster-reset', node, mode: chance.pick(['soft', 'hard']) })];
    case 13:
      return [at({ kind: 'failover', node })];
    case 14:
      return [at({ kind: 'replicate', node, primary: chance.pick(nodes) })];
    default:
      return [at({ kind: 'call', mishap: chance.pick(CALL_MISHAPS), skip: chance.int(0, 12) })];
  }
}
