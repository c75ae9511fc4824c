/**
 * A simulated fleet: every port of RedisForge on machines, engines and redis-servers in memory.
 *
 * ```ts
 * const fleet = new SimulatedFleet({ seed: 7, hosts: spec.hosts });
 * await fleet.run(() => applyOnce(spec, fleet.ports));
 * fleet.inject({ kind: 'container-kill', node: 'orders-1' });
 * ```
 */
import { formatSlots } from '../../../reconciler/model/slots.ts';
import type { Clock, Engines, Leases, Redis, Secrets, StateStore } from '../../../reconciler/ports.ts';
import type { HostSpec, SecretRef } from '../../../spec-schema/cluster-spec.ts';
import { Calls, type Life, SimulatedCrash } from './calls.ts';
import { Clients, type Outage } from './clients.ts';
import { newMachine } from './docker.ts';
import { SimulatedEngines } from './engine-port.ts';
import { endStrangers, strike } from './fault-strike.ts';
import type { Fault, PlannedFault } from './faults.ts';
import type { Carry } from './forge.ts';
import { startGossip } from './gossip.ts';
import { totalKeys } from './keys.ts';
import { copiesOf, Ledger, type LostWrites, ownSlots } from './ledger.ts';
import { watchMigrations } from './migration.ts';
import { SimulatedRedis } from './redis-port.ts';
import { Disk, SimulatedSecrets, SimulatedStore } from './stores.ts';
import { type Machine, type Server, World, type WorldSettings } from './world.ts';

export interface FleetOptions extends Partial<WorldSettings> {
  readonly seed: number;
  readonly hosts: readonly HostSpec[];
}

export interface FleetPorts {
  readonly clock: Clock;
  readonly engines: Engines;
  readonly redis: Redis;
  readonly secrets: Secrets;
  readonly store: StateStore;
  readonly leases: Leases;
}

const DEFAULTS: Omit<WorldSettings, 'seed'> = {
  startAt: Date.UTC(2026, 0, 1),
  keyedSlots: 64,
  writeEveryMs: 250,
  writesPerBurst: 4,
  bytesPerKey: 100,
  keysPerMs: 1000,
  staleAddressProbability: 1 / 3,
  reuseAddresses: true,
  engineDeadlineMs: 10_000,
  redisDeadlineMs: 5000,
};

export class SimulatedFleet {
  readonly seed: number;
  readonly world: World;
  readonly clients: Clients;
  readonly disk = new Disk();
  readonly #calls: Calls;
  readonly #ledger: Ledger;
  readonly #hosts = new Map<string, Machine>();
  #life: Life = { alive: true };
  #ports: FleetPorts | undefined;

  constructor({ hosts, ...settings }: FleetOptions) {
    this.seed = settings.seed;
    this.world = new World({ ...DEFAULTS, ...settings });
    this.#calls = new Calls(this.world, (where) => this.crash(where));
    this.#ledger = new Ledger(this.world);
    this.clients = new Clients(this.world, this.#ledger);
    startGossip(this.world);
    watchMigrations(this.world);
    for (const host of hosts) this.#machineOf(host);
  }

  /** All ports, for the present life of RedisForge. After a crash these are others. */
  get ports(): FleetPorts {
    if (this.#ports === undefined) {
      const { scheduler } = this.world;
      const life = this.#life;
      const clock: Clock = {
        now: () => Math.floor(scheduler.now),
        // A sleeper that has died does not wake up.
        sleep: (ms, signal) =>
          life.alive ? scheduler.sleep(ms, signal).then(() => (life.alive ? undefined : NEVER)) : NEVER,
      };
      const store = new SimulatedStore(this.world, this.#calls, life, this.disk);
      this.#ports = {
        clock,
        engines: new SimulatedEngines(this.world, this.#calls, life, (host) => this.#machineOf(host)),
        redis: new SimulatedRedis(this.world, this.#calls, life),
        secrets: new SimulatedSecrets(this.#calls, life, this.disk),
        store,
        leases: store,
      };
    }
    return this.#ports;
  }

  /** Lets calls of ports that are not the fleet's own have the fleet's time and mishaps, for the present life of RedisForge. */
  carrier(): Carry {
    const life = this.#life;
    return (call, subject, mutating, run, signal) =>
      this.#calls.perform(
        life,
        {
          call,
          subject,
          mutating,
          deadlineMs: 30_000,
          reach: () => 'answers',
          ...(signal === undefined ? {} : { signal }),
        },
        [[20, run]],
      );
  }

  /**
   * Runs code under test together with simulated time until it settles.
   * @throws SimulatedCrash when it was killed: run it again from nothing, with the new {@link ports}.
   * @throws SimulationStuck when it does not settle within `limitMs` of simulated time.
   */
  run<T>(task: () => Promise<T>, limitMs = 3_600_000): Promise<T> {
    return this.world.scheduler.run(task, limitMs);
  }

  /** Lets simulated time pass. */
  idle(ms: number): Promise<void> {
    return this.run(() => this.world.scheduler.sleep(ms), ms + 1);
  }

  /** Kills RedisForge now, as SIGKILL does: nothing of it runs on, calls on their way may still have their effect. */
  crash(where: string): void {
    this.world.tell(`RedisForge is killed: ${where}`);
    this.#life.alive = false;
    this.#life = { alive: true };
    this.#ports = undefined;
    this.world.scheduler.abandon(new SimulatedCrash(where));
  }

  /** Lets a fault strike now. @returns false when there was nothing for it to strike. */
  inject(fault: Fault): boolean {
    return strike(this.#targets(), fault);
  }

  /** Lets faults strike while time goes on. */
  schedule(plan: readonly PlannedFault[]): void {
    for (const { inMs, fault } of plan) this.world.scheduler.later(inMs, () => this.inject(fault));
  }

  /** Ends everything that still is broken: hosts and engines come back, partitions heal, no call fails any more. */
  healAll(): void {
    this.#calls.clearMishaps();
    this.world.cuts.clear();
    this.world.networkChanged();
    for (const host of this.#hosts.keys()) {
      this.inject({ kind: 'host-up', host });
      this.inject({ kind: 'engine-start', host });
    }
    endStrangers(this.world);
  }

  /** How the machine of a host is reached; hosts with one engine share it. */
  addHosts(hosts: readonly HostSpec[]): void {
    for (const host of hosts) this.#machineOf(host);
  }

  setSecret(ref: SecretRef, value: string): void {
    this.disk.secrets.set(JSON.stringify(ref), value);
  }

  /** Mutating calls by kind since the last {@link clearCounts}: `engine.…`, `redis.…`, `store.…`, `leases.…`. */
  counts(): Readonly<Record<string, number>> {
    return this.#calls.counts();
  }

  clearCounts(): void {
    this.#calls.clearCounts();
  }

  /** Calls since the last {@link clearCounts} that changed a host or a server. Zero for a converged fleet. */
  mutations(): number {
    return Object.entries(this.counts()).reduce(
      (sum, [call, count]) => (/^(?:engine|redis)\./.test(call) ? sum + count : sum),
      0,
    );
  }

  get servers(): readonly Server[] {
    return [...this.world.servers];
  }

  server(node: string): Server | undefined {
    return this.servers.find(({ name }) => name === node);
  }

  /** Who really owns which slots, by volume name: the highest epoch wins. */
  slotOwners(): ReadonlyMap<string, string> {
    const owning = copiesOf(this.world)
      .filter((copy) => copy.conf.role === 'primary' && ownSlots(copy).length > 0)
      .sort((a, b) => a.conf.configEpoch - b.conf.configEpoch);
    return new Map(owning.map((copy) => [copy.name, formatSlots(ownSlots(copy))]));
  }

  lostWrites(): readonly LostWrites[] {
    return this.#ledger.lost();
  }

  /** Times in which clients could not write to slots that they had written to before. */
  outages(): readonly Outage[] {
    return this.clients.outages;
  }

  /** What happened, and how things stand: for the message of a failed test. */
  describe(lines = 60): string {
    const { world } = this;
    const start = world.settings.startAt;
    const past = world.history
      .slice(-lines)
      .map(({ at, what }) => `${((at - start) / 1000).toFixed(3).padStart(9)}  ${what}`);
    return [`seed ${this.seed}`, ...past, 'servers:', ...this.servers.map(describeServer)].join('\n');
  }

  #targets() {
    return {
      world: this.world,
      calls: this.#calls,
      ledger: this.#ledger,
      machine: (host: string) => this.#hosts.get(host),
    };
  }

  #machineOf(host: HostSpec): Machine {
    const known = this.#hosts.get(host.name);
    if (known !== undefined && known.docker === host.docker) return known;
    const machine =
      this.world.machines.get(host.docker) ??
      newMachine(this.world, host.docker, host.name, host.address ?? `10.254.0.${this.#hosts.size + 1}`);
    this.#hosts.set(host.name, machine);
    return machine;
  }
}

const NEVER = new Promise<never>(() => {});

function describeServer(server: Server): string {
  const { conf, link } = server;
  const replication =
    link === null
      ? ''
      : ` ${link.state} to ${link.dials.ip}:${link.dials.port} (${link.primary?.name ?? '-'})`;
  const slots = formatSlots(server.slots) || '-';
  return `  ${server.name} ${conf.id.slice(0, 8)} ${server.state} ${conf.role} epoch ${conf.configEpoch} slots ${slots}${replication} keys ${totalKeys(server.keys)} ${server.clusterOk ? 'ok' : 'fail'}`;
}
