/**
 * Atomic slot migration: CLUSTER MIGRATION IMPORT, CANCEL and STATUS.
 *
 * The importing node drives it. Its attempts fail and begin again for ever until one completes or the import is
 * cancelled there; `failed` is final for the record on the source only (measured facts M17 to M20).
 */
import type { NodeId } from '../../../reconciler/model/cluster-state.ts';
import { type SlotSet, slotSet, subtractSlots } from '../../../reconciler/model/slots.ts';
import { announce, broadcast, truePeer } from './claims.ts';
import { totalKeys } from './keys.ts';
import { addRecord, endMigration, endMigrations, isActive, isMigrating } from './migration-records.ts';
import { lacksReplicas, settle, transferTime, WRITE_BYTES } from './replication.ts';
import type { MigrationRecord, Server, World } from './world.ts';

const RETRY_MS = 1000;
/** How long an importer hangs on a source whose address leads nowhere: there is no setting for it. */
const CONNECT_TIMEOUT_MS = 70_000;
export const BASE_MEMORY_BYTES = 2_000_000;

/** CLUSTER MIGRATION IMPORT. @returns the task id, or the server's refusal. */
export function beginImport(
  server: Server,
  slots: SlotSet,
): { readonly id: string } | { readonly refused: string } {
  if (!server.isPrimary) return { refused: 'ERR slot migration not allowed on replica.' };
  const owners = ownersOf(server, slots);
  if (typeof owners === 'string') return { refused: owners };
  if (owners.has(server.id)) return { refused: 'ERR this node is already the owner of the slot range' };
  if (owners.size > 1) return { refused: 'ERR slots belong to different source nodes' };
  if (isMigrating(server)) return { refused: 'ERR another ASM task is already in progress' };
  const [source] = owners;
  const { now, chance } = server.world;
  const record: MigrationRecord = {
    id: chance.hex(40),
    slots: slotSet(slots),
    source: source as NodeId,
    target: server.id,
    operation: 'import',
    state: 'connecting',
    lastError: '',
    retries: 0,
    createdAt: now,
    startedAt: now,
    endedAt: -1,
    writePauseMs: 0,
    attempt: 0,
  };
  addRecord(server, record);
  plan(server, record, 4);
  return { id: record.id };
}

/** The present owners of slots, in one server's view; a refusal when one has none. */
function ownersOf(server: Server, slots: SlotSet): Set<NodeId> | string {
  const found = new Set<NodeId>();
  let left = slots;
  for (const [id, owner] of server.conf.map.owners) {
    const rest = subtractSlots(left, owner.slots);
    if (rest !== left && countOf(rest) < countOf(left)) found.add(id);
    left = rest;
  }
  return left.length === 0 ? found : `ERR slot has no owner: ${left[0]?.[0]}`;
}

function countOf(slots: SlotSet): number {
  let count = 0;
  for (const [first, last] of slots) count += last - first + 1;
  return count;
}

function plan(server: Server, record: MigrationRecord, delayMs: number): void {
  record.attempt += 1;
  const attempt = record.attempt;
  server.world.scheduler.later(delayMs, () => {
    if (record.attempt === attempt && server.state === 'ready') connect(server, record);
  });
}

function retry(server: Server, record: MigrationRecord, why: string): void {
  record.state = 'failed';
  record.lastError = why;
  record.retries += 1;
  plan(server, record, RETRY_MS);
}

/** Finds the owner of the slots anew for each attempt: after a failover it is another one than at first. */
function connect(server: Server, record: MigrationRecord): void {
  const { world } = server;
  record.state = 'connecting';
  const owners = ownersOf(server, record.slots);
  if (typeof owners === 'string' || owners.size !== 1) {
    retry(server, record, 'slots have several owners');
    return;
  }
  const [source] = owners;
  if (source === server.id) {
    endMigration(server, record, 'canceled', 'already the owner');
    return;
  }
  record.source = source as NodeId;
  const member = server.conf.members.get(record.source);
  const peer = member === undefined ? null : truePeer(server, member);
  if (peer === null) {
    const why = 'the source does not answer';
    const refuses = member !== undefined && answersWithRefusal(world, server, member.ip);
    if (refuses) {
      retry(server, record, why);
      return;
    }
    record.attempt += 1;
    const attempt = record.attempt;
    world.scheduler.later(CONNECT_TIMEOUT_MS, () => {
      if (record.attempt === attempt && server.state === 'ready') retry(server, record, why);
    });
    return;
  }
  if (!peer.isPrimary || subtractSlots(record.slots, peer.slots).length > 0) {
    retry(server, record, '-ERR slots are not served here');
    return;
  }
  const former = peer.migrations.find((each) => each.id === record.id && isActive(each));
  if (former !== undefined) endMigration(peer, former, 'failed', 'the importing node began again');
  if (isMigrating(peer)) {
    retry(server, record, '-ERR Another ASM task is already in progress');
    return;
  }
  transfer(server, record, peer);
}

/** A machine that is up says at once that nobody listens; an address that nobody has stays silent. */
function answersWithRefusal(world: World, server: Server, ip: string): boolean {
  for (const machine of world.machines.values()) {
    const up = machine.power === 'on' && world.passes(server.machine.docker, machine.docker);
    if (up && machine.address === ip) return true;
  }
  return false;
}

function transfer(server: Server, record: MigrationRecord, source: Server): void {
  const { world } = server;
  const sent: MigrationRecord = {
    ...record,
    operation: 'migrate',
    state: 'send-bulk-and-stream',
    lastError: '',
    createdAt: world.now,
    startedAt: world.now,
    attempt: 0,
  };
  addRecord(source, sent);
  record.state = 'streaming-buffer';
  record.attempt += 1;
  const attempt = record.attempt;
  let keys = 0;
  for (const index of world.keyed.within(record.slots)) keys += source.keys[index] as number;
  const duration = world.chance.int(8, 90) + transferTime(source, keys);
  world.scheduler.later(duration, () => {
    if (record.attempt !== attempt || server.state !== 'ready') return;
    const owned = subtractSlots(record.slots, source.slots).length === 0;
    if (source.state !== 'ready' || !source.isPrimary || sent.state !== 'send-bulk-and-stream' || !owned) {
      return retry(server, record, 'Main and RDB channel clients are disconnected');
    }
    if (!world.passes(server.machine.docker, source.machine.docker)) {
      endMigration(source, sent, 'failed', 'Main and RDB channel clients are disconnected');
      return retry(server, record, 'Connection lost');
    }
    handOff(server, record, source, sent);
  });
}

function handOff(server: Server, record: MigrationRecord, source: Server, sent: MigrationRecord): void {
  const { world, conf } = server;
  const indexes = world.keyed.within(record.slots);
  // Without enough replicas the writes that carry the keys are refused, and the task completes all the same.
  const refuses = lacksReplicas(server);
  for (const index of indexes) {
    if (!refuses) give(server, index, source.keys[index] as number);
  }
  if (refuses)
    world.tell(`${server.name} lacks replicas: it takes over the slots ${record.id.slice(0, 8)} empty`);
  evict(server);
  conf.currentEpoch += 1;
  conf.configEpoch = conf.currentEpoch;
  conf.map = conf.map.take(server.id, record.slots, conf.configEpoch);
  endMigration(server, record, 'completed', '');
  sent.writePauseMs = world.chance.int(3, 44);
  endMigration(source, sent, 'completed', '');
  announce(server);
  world.tell(`${server.name} has imported ${countOf(record.slots)} slots from ${source.name}`);
  // The source is told by the importing node itself, before anybody else.
  const back = source.conf.members.get(server.id);
  for (const index of indexes) for (const link of source.replicas) link.replica.keys[index] = 0;
  if (back !== undefined) broadcast(server);
}

function give(server: Server, index: number, keys: number): void {
  server.keys[index] = keys;
  server.offset += keys * WRITE_BYTES;
  for (const link of server.replicas) {
    if (link.state !== 'up') continue;
    settle(link.replica);
    link.replica.keys[index] = keys;
    link.replica.offset = server.offset;
  }
}

export function usedMemory(server: Server): number {
  return BASE_MEMORY_BYTES + totalKeys(server.keys) * server.world.settings.bytesPerKey;
}

/** An import does not heed `maxmemory`; an eviction policy then throws keys away, whosever they are. */
function evict(server: Server): void {
  const limit = server.config.number('maxmemory');
  if (limit === 0 || !server.config.get('maxmemory-policy').startsWith('allkeys')) return;
  const { chance, settings } = server.world;
  let excess = Math.ceil((usedMemory(server) - limit) / settings.bytesPerKey);
  const filled = () => [...server.keys.keys()].filter((index) => (server.keys[index] as number) > 0);
  for (let left = filled(); excess > 0 && left.length > 0; left = filled()) {
    const index = chance.pick(left);
    const count = Math.min(excess, server.keys[index] as number);
    server.keys[index] = (server.keys[index] as number) - count;
    excess -= count;
  }
}

/** CLUSTER MIGRATION CANCEL. On the source it only fails: the importing node begins again. */
export function cancelMigration(server: Server, id: string): number {
  const record = server.migrations.find((each) => each.id === id && isActive(each));
  if (record === undefined) return 0;
  endMigration(server, record, 'canceled', 'Cancelled due to user request');
  if (record.operation === 'import') {
    const member = server.conf.members.get(record.source);
    const source = member === undefined ? null : truePeer(server, member);
    const sent = source?.migrations.find((each) => each.id === id && isActive(each));
    if (source !== null && sent !== undefined)
      endMigration(source, sent, 'failed', 'the importing node cancelled');
  } else {
    const member = server.conf.members.get(record.target);
    const target = member === undefined ? null : truePeer(server, member);
    const taken = target?.migrations.find((each) => each.id === id && isActive(each));
    if (target !== null && taken !== undefined) retry(target, taken, 'the source has cancelled');
  }
  return 1;
}

/** The ends that are left of migrations with a server whose process ends. */
export function watchMigrations(world: World): void {
  world.onServerEnd.push((ended) => {
    for (const record of ended.migrations) {
      if (!isActive(record)) continue;
      for (const other of world.servers) {
        const end = other.migrations.find((each) => each.id === record.id && isActive(each));
        if (other === ended || end === undefined) continue;
        const why = 'Main and RDB channel clients are disconnected';
        if (end.operation === 'import') retry(other, end, why);
        else endMigration(other, end, 'failed', why);
      }
    }
  });
  world.onPromotion.push((_, former) => {
    if (former !== undefined) endMigrations(former, 'canceled', 'manual failover');
  });
}
