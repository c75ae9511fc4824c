import { describe, expect, test } from 'vitest';
import { parseInfo } from '../../reconciler/wire/info.ts';
import { WireError } from '../../reconciler/wire/wire-error.ts';
import { fixture } from './fixtures.ts';

const read = (name: string) => parseInfo(fixture(`info-${name}.txt`));

describe('INFO', () => {
  test('a primary with its replica', () => {
    expect(read('primary')).toMatchObject({
      version: '8.6.3',
      runId: expect.stringMatching(/^[0-9a-f]{40}$/),
      role: 'primary',
      primaryLink: null,
      replicas: [{ ip: '127.0.0.1', port: 17504, state: 'online', lagSeconds: 1 }],
      minReplicasGood: 1,
      replicationOffset: 14,
      loading: false,
      aofEnabled: true,
      lastBgsaveStatus: 'ok',
      keys: 0,
      configFile: '',
    });
    expect(read('primary-keys')).toMatchObject({ keys: 201, minReplicasGood: null });
  });

  test('a replica that follows', () => {
    const { role, primaryLink, replicationOffset } = read('replica-up');
    expect(role).toBe('replica');
    expect(primaryLink).toMatchObject({ host: '127.0.0.1', port: 17501, status: 'up', downSeconds: -1 });
    expect(replicationOffset).toBe(primaryLink?.offset);
  });

  test('the link still counts as up shortly after the primary died, and is down later', () => {
    expect(read('replica-just-lost').primaryLink).toMatchObject({ status: 'up', lastIoSecondsAgo: 5 });
    expect(read('replica-link-down').primaryLink).toMatchObject({
      status: 'down',
      downSeconds: 2,
      offset: 27197,
    });
  });

  test('a full synchronisation, from both ends', () => {
    expect(read('replica-syncing').primaryLink).toMatchObject({
      status: 'down',
      syncInProgress: true,
      downSeconds: -1,
    });
    expect(read('primary-feeding')).toMatchObject({
      rdbBgsaveInProgress: true,
      replicas: [{ state: 'send_bulk_and_stream', offset: 0 }],
    });
  });

  test('a server that loads tells how far it is', () => {
    expect(read('loading')).toMatchObject({ loading: true, asyncLoading: false, keys: 120, role: 'primary' });
  });

  test('words that a client chose cannot pass for fields', () => {
    const text = `${fixture('info-primary.txt')}\r\nrole:slave\r\nloading:1\r\n`;
    expect(parseInfo(text)).toMatchObject({ role: 'primary', loading: false });
  });

  test.each([
    ['one section only', '# Server\r\nredis_version:8.6.3\r\n'],
    ['a replica line in another form', fixture('info-primary.txt').replace('state=online', 'state=asleep')],
    ['a role of the future', fixture('info-primary.txt').replace('role:master', 'role:witness')],
  ])('%s is refused', (_, text) => {
    expect(() => parseInfo(text)).toThrow(WireError);
  });
});
