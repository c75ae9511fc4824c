import { describe, expect, test } from 'vitest';
import { slotCount } from '../../reconciler/model/slots.ts';
import { parseClusterInfo } from '../../reconciler/wire/cluster-info.ts';
import { parseInboundLinks } from '../../reconciler/wire/cluster-links.ts';
import { parseConfigGet } from '../../reconciler/wire/config-get.ts';
import { parseMigrationStatus } from '../../reconciler/wire/migration-status.ts';
import { parseNodesConf } from '../../reconciler/wire/nodes-conf.ts';
import { WireError } from '../../reconciler/wire/wire-error.ts';
import { fixture, fixtureJson } from './fixtures.ts';

describe('nodes.conf', () => {
  const file = fixture('nodes-conf-open-slots.conf');

  test('what CLUSTER NODES does not tell: epochs, shard and the human name', () => {
    const conf = parseNodesConf(file);
    expect(conf).toMatchObject({ currentEpoch: 7, lastVoteEpoch: 0 });
    const own = conf.nodes.find((node) => node.flags.myself);
    expect(own).toMatchObject({
      nodeName: 'orders-2',
      shardId: 'ca92cb660b46f099552483a31281a63bff090b45',
      hostname: 'two.example.net',
      aux: { 'tls-port': '0' },
    });
    expect(own?.migrating).toHaveLength(1);
    const replica = conf.nodes.find((node) => node.primaryId === own?.id);
    expect(replica?.shardId).toBe(own?.shardId);
  });

  test('a replica and the failed members that it knows', () => {
    const { nodes } = parseNodesConf(fixture('nodes-conf-replica.conf'));
    expect(nodes.find((node) => node.flags.myself)?.flags.role).toBe('replica');
    expect(nodes.filter((node) => node.flags.failing === 'failed')).toHaveLength(2);
  });

  test.each([
    ['a file cut off before its vars', file.slice(0, file.indexOf('vars'))],
    ['an empty file', ''],
    ['a file of nobody', file.replace('myself,', '')],
    ['vars without a number', file.replace('currentEpoch 7', 'currentEpoch ?')],
  ])('%s is refused', (_, text) => {
    expect(() => parseNodesConf(text)).toThrow(WireError);
  });
});

describe('CLUSTER INFO', () => {
  test('a cluster that serves', () => {
    expect(parseClusterInfo(fixture('cluster-info-ok.txt'))).toEqual({
      state: 'ok',
      slotsAssigned: 16384,
      slotsSuspected: 0,
      slotsFailed: 0,
      knownNodes: 6,
      size: 3,
      currentEpoch: 6,
      myEpoch: 1,
      activeMigrations: 0,
      trimming: false,
    });
  });

  test('a cluster with a failed primary, and a node alone', () => {
    expect(parseClusterInfo(fixture('cluster-info-fail.txt'))).toMatchObject({
      state: 'fail',
      slotsFailed: 5074,
    });
    expect(parseClusterInfo(fixture('cluster-info-alone.txt'))).toMatchObject({
      state: 'fail',
      slotsAssigned: 0,
      knownNodes: 1,
    });
  });

  test('an error is refused', () => {
    expect(() => parseClusterInfo('ERR This instance has cluster support disabled')).toThrow(WireError);
  });
});

describe('CLUSTER MIGRATION STATUS', () => {
  test('both ends of one task, as flat arrays', () => {
    const [target] = parseMigrationStatus(fixtureJson('migration-status-import.resp2.json'));
    const [source] = parseMigrationStatus(fixtureJson('migration-status-source.resp2.json'));
    expect(target).toMatchObject({ operation: 'import', state: 'completed', retries: 0, lastError: '' });
    expect(source).toMatchObject({ operation: 'migrate', writePauseMs: 111 });
    expect([source?.id, source?.source, source?.target]).toEqual([
      target?.id,
      target?.source,
      target?.target,
    ]);
    expect(target?.slots).toEqual([
      [15000, 15002],
      [16000, 16383],
    ]);
  });

  test('an object or a Map says the same', () => {
    const reply = fixtureJson<Record<string, unknown>[]>('migration-status-import.resp3.json');
    const tasks = parseMigrationStatus(reply);
    expect(tasks.map((task) => slotCount(task.slots))).toEqual([384]);
    expect(parseMigrationStatus(reply.map((record) => new Map(Object.entries(record))))).toEqual(tasks);
    expect(parseMigrationStatus(reply.map((record) => Object.entries(record).flat()))).toEqual(tasks);
    expect(parseMigrationStatus([])).toEqual([]);
  });

  test('a record without a state is refused', () => {
    const [record] = fixtureJson<Record<string, unknown>[]>('migration-status-import.resp3.json');
    expect(() => parseMigrationStatus([{ ...record, state: undefined }])).toThrow(WireError);
    expect(() => parseMigrationStatus([{ ...record, slots: '16000-16384' }])).toThrow(WireError);
    expect(() => parseMigrationStatus({ ...record })).toThrow(WireError);
  });
});

describe('CLUSTER LINKS', () => {
  const link = (direction: string, node: string) => ({
    direction,
    node,
    'create-time': 1639442739375,
    events: 'r',
    'send-buffer-allocated': 0,
    'send-buffer-used': 0,
  });

  test('whoever has made a connection to the node counts once, whatever it has made itself does not', () => {
    const reply = [link('to', 'a'.repeat(40)), link('from', 'b'.repeat(40)), link('from', 'b'.repeat(40))];
    expect(parseInboundLinks(reply)).toEqual(new Set(['b'.repeat(40)]));
    expect(parseInboundLinks(reply.map((entry) => Object.entries(entry).flat()))).toEqual(
      new Set(['b'.repeat(40)]),
    );
    expect(parseInboundLinks([])).toEqual(new Set());
  });

  test('a link of no direction is refused', () => {
    expect(() => parseInboundLinks([link('sideways', 'a'.repeat(40))])).toThrow(WireError);
    expect(() => parseInboundLinks([['direction', 'to']])).toThrow(WireError);
    expect(() => parseInboundLinks('')).toThrow(WireError);
  });
});

describe('CONFIG GET', () => {
  test('object, Map and flat array say the same; aliases come under the asked name', () => {
    const reply = fixtureJson<Record<string, string>>('config-get.resp3.json');
    const config = parseConfigGet(reply);
    expect(config).toMatchObject({ maxmemory: '0', 'slave-priority': '100', save: '' });
    expect(parseConfigGet(new Map(Object.entries(reply)))).toEqual(config);
    expect(parseConfigGet(Object.entries(reply).flat())).toEqual(config);
  });

  test('a name without a value is refused', () => {
    expect(() => parseConfigGet(['maxmemory'])).toThrow(WireError);
    expect(() => parseConfigGet(['maxmemory', 0])).toThrow(WireError);
  });
});
