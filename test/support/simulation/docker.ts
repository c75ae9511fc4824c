/** Simulated machines with their Docker Engines: what happens to containers, whoever asks for it. */
import type { ContainerPlan } from '../../../reconciler/ports.ts';
import { boot, endProcess, StartRefused } from './boot.ts';
import type { Cause, Container, Machine, Volume, World } from './world.ts';

/** A start that the engine itself refuses. */
export class DockerRefusal extends Error {
  override readonly name = 'DockerRefusal';
  readonly code: 'port-in-use' | 'conflict' | 'not-found' | 'refused';

  constructor(code: DockerRefusal['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const LOG_LINES = 50;

export function newMachine(world: World, docker: string, name: string, address: string): Machine {
  const machine: Machine = {
    docker,
    name,
    engineId: world.chance.hex(32),
    address,
    power: 'on',
    engine: 'running',
    answer: 'silence',
    images: new Set(),
    volumes: new Map(),
    networks: new Map(),
    containers: new Map(),
    takenPorts: new Set(),
  };
  world.machines.set(docker, machine);
  return machine;
}

export function newVolume(machine: Machine, name: string, labels: Readonly<Record<string, string>>): Volume {
  const volume: Volume = { name, labels, files: new Map(), conf: null, aof: null, rdb: null };
  machine.volumes.set(name, volume);
  inOrder(machine.volumes);
  return volume;
}

export function createContainer(
  world: World,
  machine: Machine,
  plan: ContainerPlan,
  volume: Volume,
): Container {
  const container: Container = {
    id: world.chance.hex(64),
    plan,
    machine,
    volume,
    status: 'created',
    restart: plan.restart,
    memoryBytes: plan.memoryBytes,
    cpus: plan.cpus,
    exitCode: 0,
    oomKilled: false,
    error: '',
    startedAt: 0,
    finishedAt: 0,
    stopped: false,
    restarts: 0,
    ip: '',
    server: null,
    log: [],
  };
  machine.containers.set(plan.name, container);
  inOrder(machine.containers);
  return container;
}

/** Engines list things by name: they are kept so, since they are read far more often than made. */
function inOrder<T>(map: Map<string, T>): void {
  const entries = [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  map.clear();
  for (const [name, each] of entries) map.set(name, each);
}

/** @throws DockerRefusal when the engine cannot give it its address or its published port. */
export function startContainer(world: World, container: Container): void {
  const { machine, plan } = container;
  const ip = takeAddress(world, container);
  const rival = [...machine.containers.values()].find(
    (other) => other !== container && other.status === 'running' && other.plan.publish === plan.publish,
  );
  const published = Number(plan.publish.slice(plan.publish.lastIndexOf(':') + 1));
  if (plan.publish !== '' && (rival !== undefined || machine.takenPorts.has(published)))
    throw new DockerRefusal('port-in-use', `Bind for ${plan.publish} failed: port is already allocated`);
  container.status = 'running';
  container.ip = plan.network === 'host' ? '' : ip;
  container.startedAt = world.now;
  container.exitCode = 0;
  container.oomKilled = false;
  container.stopped = false;
  for (const told of world.onContainerEvent) told(container, 'start');
  launch(world, container, ip);
}

function launch(world: World, container: Container, ip: string): void {
  const { plan, machine, volume } = container;
  const failsLater = (code: number, words: string) => {
    log(container, words);
    container.server = null;
    exited(world, container, code);
  };
  const dies = (words: string) => {
    container.server = null;
    const startedAt = container.startedAt;
    world.scheduler.later(20, () => {
      if (container.status === 'running' && container.startedAt === startedAt) failsLater(1, words);
    });
  };
  if (world.brokenImages.has(plan.image)) {
    dies('redis-server: error while loading shared libraries');
    return;
  }
  try {
    container.server = boot(
      world,
      {
        name: plan.name,
        machine,
        container,
        volume,
        ip,
        scope: plan.network === 'host' ? '' : machine.docker,
        version: versionOf(plan.image),
      },
      failsLater,
    );
    log(container, `# Redis version=${container.server.version}, just started`);
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    dies(error.message);
  }
}

function versionOf(image: string): string {
  return /:(\d+\.\d+\.\d+)/.exec(image)?.[1] ?? '8.6.3';
}

/** Fixed, the machine's own, or one that the engine chooses anew at each start. */
function takeAddress(world: World, container: Container): string {
  const { machine, plan } = container;
  if (plan.network === 'host') return machine.address;
  const network = machine.networks.get(plan.network);
  if (network === undefined) throw new DockerRefusal('not-found', `network ${plan.network} not found`);
  const taken = new Set<string>();
  for (const other of machine.containers.values()) {
    if (other !== container && other.ip !== '' && other.plan.network === plan.network) taken.add(other.ip);
  }
  if (plan.ip !== '') {
    if (taken.has(plan.ip)) throw new DockerRefusal('conflict', `Address already in use: ${plan.ip}`);
    return plan.ip;
  }
  const prefix = network.subnet.split('.').slice(0, 3).join('.');
  for (;;) {
    const ip = `${prefix}.${world.chance.int(2, 253)}`;
    if (taken.has(ip) || (network.given.has(ip) && !world.settings.reuseAddresses)) continue;
    network.given.add(ip);
    return ip;
  }
}

function log(container: Container, line: string): void {
  container.log.push(line);
  if (container.log.length > LOG_LINES) container.log.shift();
}

/** Its process has ended: the restart policy decides what follows. */
function exited(world: World, container: Container, code: number): void {
  const ranMs = world.now - container.startedAt;
  container.exitCode = code;
  container.finishedAt = world.now;
  container.ip = '';
  container.server = null;
  container.restarts = ranMs > 10_000 ? 0 : container.restarts + 1;
  container.status = 'exited';
  for (const told of world.onContainerEvent) told(container, 'die');
  if (container.restart === 'no' || container.stopped || !engineRuns(container.machine)) return;
  container.status = 'restarting';
  const backoff = Math.min(60_000, 100 * 2 ** Math.max(0, container.restarts - 1));
  world.scheduler.later(backoff + world.chance.int(50, 250), () => {
    if (container.status === 'restarting') tryStart(world, container);
  });
}

/** Started by the engine itself: nobody is told when it fails. */
function tryStart(world: World, container: Container): void {
  if (!engineRuns(container.machine)) {
    container.status = 'exited';
    return;
  }
  try {
    startContainer(world, container);
    world.tell(`${container.plan.name} is started again by its engine`);
  } catch (error) {
    container.status = 'exited';
    container.error = (error as Error).message;
  }
}

export function engineRuns(machine: Machine): boolean {
  return machine.power === 'on' && machine.engine === 'running';
}

/** Ends a container's process. `stopped` by the engine's stop call: the restart policy then rests. */
export function endContainer(
  world: World,
  container: Container,
  cause: Cause,
  how: 'clean' | 'crash',
  stopped: boolean,
): void {
  if (stopped) container.stopped = true;
  const { server } = container;
  if (container.status === 'restarting') container.status = 'exited';
  if (container.status !== 'running') return;
  if (server !== null) endProcess(server, cause, how);
  log(container, how === 'clean' ? '# Redis is now ready to exit, bye bye...' : '# killed');
  exited(world, container, how === 'clean' ? 0 : 137);
}

export function removeContainer(world: World, container: Container): void {
  container.machine.containers.delete(container.plan.name);
  container.status = 'dead';
  for (const told of world.onContainerEvent) told(container, 'destroy');
}

/** The machine loses its power: everything on it is gone, and nobody is told. */
export function powerOff(world: World, machine: Machine, answer: Machine['answer']): void {
  machine.power = 'off';
  machine.answer = answer;
  for (const told of world.onEngineLost) told(machine);
  for (const container of machine.containers.values()) {
    if (container.server !== null) endProcess(container.server, 'fault', 'power');
    container.server = null;
    container.ip = '';
    if (container.status === 'running' || container.status === 'restarting') {
      container.status = 'exited';
      container.exitCode = 255;
      container.finishedAt = world.now;
    }
  }
  world.networkChanged();
}

/** The machine is back; its engine starts what has the policy `always`, also what had been stopped by hand. */
export function powerOn(world: World, machine: Machine): void {
  if (machine.power === 'on') return;
  machine.power = 'on';
  startEngine(world, machine);
  world.networkChanged();
}

/** The engine stops; what runs on it goes on. */
export function stopEngine(world: World, machine: Machine): void {
  machine.engine = 'stopped';
  for (const told of world.onEngineLost) told(machine);
}

/**
 * The engine is killed and comes back: it stops what still runs, and only the policy `always` starts it again
 * (measured: `unless-stopped` and `on-failure` stay down for good).
 */
export function crashEngine(world: World, machine: Machine): void {
  stopEngine(world, machine);
  world.scheduler.later(2000, () => {
    for (const container of machine.containers.values())
      endContainer(world, container, 'fault', 'clean', false);
    startEngine(world, machine);
  });
}

export function startEngine(world: World, machine: Machine): void {
  machine.engine = 'running';
  for (const container of machine.containers.values()) {
    if (container.status !== 'exited' || container.restart !== 'always') continue;
    container.status = 'restarting';
    world.scheduler.later(world.chance.int(100, 1500), () => {
      if (container.status === 'restarting') tryStart(world, container);
    });
  }
}
