/** The administration of one redis-server; see {@link RedisNode}. */
import type { NodeId } from '../../model/cluster-state.ts';
import type { Endpoint, MemberAddress } from '../../model/facts.ts';
import type { MigrationTask, NodeReading, SlotStats } from '../../model/readings.ts';
import type { SlotSet } from '../../model/slots.ts';
import { type AclUserToSet, PortError, type RedisCredentials, type RedisNode, Secret } from '../../ports.ts';
import { parseSlotStats } from '../../wire/slot-stats.ts';
import { WireError } from '../../wire/wire-error.ts';
import type { Command, Connection, Reply } from './connection.ts';
import type { Connections } from './connections.ts';
import { inboundLinks, migrationTasks, nodeReading, questions } from './node-reading.ts';

const COMMAND_MS = 5_000;
/** For commands that write files, with a flush to the disk. */
const SAVE_MS = 15_000;

export class IoRedisNode implements RedisNode {
  readonly #connections: Connections;
  readonly #endpoints: readonly Endpoint[];
  readonly #credentials: RedisCredentials;

  constructor(connections: Connections, endpoints: readonly Endpoint[], credentials: RedisCredentials) {
    this.#connections = connections;
    this.#endpoints = endpoints;
    this.#credentials = credentials;
  }

  async read(directives: readonly string[]): Promise<NodeReading> {
    const connection = await this.#reach();
    const replies = await connection.batch(questions(directives), COMMAND_MS);
    return nodeReading(connection.where, replies);
  }

  async meet(address: MemberAddress): Promise<void> {
    await this.#run('CLUSTER', 'MEET', address.ip, address.port, address.busPort);
  }

  async setConfigEpoch(epoch: number): Promise<void> {
    await this.#run('CLUSTER', 'SET-CONFIG-EPOCH', epoch);
  }

  async addSlots(slots: SlotSet): Promise<void> {
    if (slots.length > 0) await this.#run('CLUSTER', 'ADDSLOTSRANGE', ...slots.flat());
  }

  async replicate(primary: NodeId): Promise<void> {
    await this.#run('CLUSTER', 'REPLICATE', primary);
  }

  async linkedFrom(): Promise<ReadonlySet<NodeId>> {
    const connection = await this.#reach();
    return inboundLinks(connection.where, await connection.command(['CLUSTER', 'LINKS'], COMMAND_MS));
  }

  async failover(mode: 'graceful' | 'force' | 'takeover'): Promise<void> {
    await this.#run('CLUSTER', 'FAILOVER', ...(mode === 'graceful' ? [] : [mode.toUpperCase()]));
  }

  async forget(id: NodeId): Promise<void> {
    await this.#run('CLUSTER', 'FORGET', id);
  }

  async reset(mode: 'soft' | 'hard'): Promise<void> {
    await this.#run('CLUSTER', 'RESET', mode.toUpperCase());
  }

  async configure(config: Readonly<Record<string, string | Secret>>): Promise<void> {
    const pairs = Object.entries(config).flatMap(([name, value]) => [
      name,
      value instanceof Secret ? value.reveal() : value,
    ]);
    if (pairs.length === 0) return;
    const connection = await this.#reach();
    await connection.command(['CONFIG', 'SET', ...pairs], SAVE_MS);
    await connection.command(['CONFIG', 'REWRITE'], SAVE_MS);
  }

  /** Each user changes as a whole; nobody is removed and nothing is saved unless all could be set. */
  async setUsers(set: readonly AclUserToSet[], remove: readonly string[]): Promise<void> {
    if (set.length === 0 && remove.length === 0) return;
    const connection = await this.#reach();
    const replies = await connection.batch(set.map(setUser), SAVE_MS);
    throwFailures(connection, replies, (index) => `user ${set[index]?.name}`);
    if (remove.length > 0) await connection.command(['ACL', 'DELUSER', ...remove], SAVE_MS);
    await connection.command(['ACL', 'SAVE'], SAVE_MS);
  }

  /** Asked slot by slot, because SLOT-STATS is silent about slots whose keys are here without being owned. */
  async keysInSlots(slots: SlotSet): Promise<ReadonlyMap<number, number>> {
    const all = slots.flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, at) => first + at),
    );
    if (all.length === 0) return new Map();
    const connection = await this.#reach();
    const replies = await connection.batch(
      all.map((slot): Command => ['CLUSTER', 'COUNTKEYSINSLOT', slot]),
      SAVE_MS,
    );
    throwFailures(connection, replies, (index) => `slot ${all[index]}`);
    const counted = all.map((slot, index) => [slot, Number(replies[index])] as const);
    return new Map(counted.filter(([, keys]) => keys > 0));
  }

  async slotStats(): Promise<ReadonlyMap<number, SlotStats>> {
    const reply = await this.#run('CLUSTER', 'SLOT-STATS', 'SLOTSRANGE', 0, 16383);
    try {
      return parseSlotStats(reply);
    } catch (error) {
      if (error instanceof WireError) throw new PortError('protocol', error.message, { cause: error });
      throw error;
    }
  }

  async importSlots(slots: SlotSet): Promise<string> {
    return String(await this.#run('CLUSTER', 'MIGRATION', 'IMPORT', ...slots.flat()));
  }

  async cancelMigration(taskId: string): Promise<void> {
    await this.#run('CLUSTER', 'MIGRATION', 'CANCEL', 'ID', taskId);
  }

  async migrations(): Promise<readonly MigrationTask[]> {
    const connection = await this.#reach();
    const reply = await connection.command(['CLUSTER', 'MIGRATION', 'STATUS', 'ALL'], COMMAND_MS);
    return migrationTasks(connection.where, reply);
  }

  async #run(...command: Command): Promise<Reply> {
    const connection = await this.#reach();
    return connection.command(command, COMMAND_MS);
  }

  #reach(): Promise<Connection> {
    return this.#connections.reach(this.#endpoints, this.#credentials);
  }
}

function setUser(user: AclUserToSet): Command {
  const rules = user.rules.split(/\s+/).filter((rule) => rule !== '');
  const hashes = user.passwordHashes.map((hash) => `#${hash}`);
  return ['ACL', 'SETUSER', user.name, 'reset', user.enabled ? 'on' : 'off', ...hashes, ...rules];
}

/** Tells all failures at once, as the code of the first. */
function throwFailures(
  connection: Connection,
  replies: readonly (Reply | PortError)[],
  subject: (index: number) => string,
): void {
  const failures = replies.flatMap((reply, index) =>
    reply instanceof PortError ? [{ error: reply, text: `${subject(index)}: ${reply.message}` }] : [],
  );
  const [first] = failures;
  if (first === undefined) return;
  const message = failures
    .slice(0, 10)
    .map(({ text }) => text)
    .join('; ');
  throw new PortError(first.error.code, `${connection.where}: ${message}`, { retry: first.error.retry });
}
