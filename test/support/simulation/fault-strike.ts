/** How faults strike the simulated world. */
import { boot, endProcess } from './boot.ts';
import type { Calls } from './calls.ts';
import * as commands from './commands.ts';
import * as docker from './docker.ts';
import { beginFailover } from './election.ts';
import type { Fault } from './faults.ts';
import type { Ledger } from './ledger.ts';
import { type Container, type Machine, REDISFORGE, type Server, type World } from './world.ts';

const FOREIGN_HOST = 'ssh://stranger@192.0.2.1';

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
