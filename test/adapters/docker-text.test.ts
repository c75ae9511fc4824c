/** What the Docker adapter makes of texts and JSON, without an engine. */
import { describe, expect, it } from 'vitest';
import { containerBody, limitsBody } from '../../reconciler/adapters/docker/container-body.ts';
import { dockerError } from '../../reconciler/adapters/docker/docker-errors.ts';
import { engineEvent } from '../../reconciler/adapters/docker/event-stream.ts';
import { type ImageJson, imageFacts, ownerOf } from '../../reconciler/adapters/docker/image-facts.ts';
import { demultiplex, hideSecrets, tail } from '../../reconciler/adapters/docker/log-text.ts';
import { firstFile, packTar } from '../../reconciler/adapters/docker/tar-files.ts';
import type { ContainerPlan } from '../../reconciler/ports.ts';

const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nredis:x:999:1000::/data:/bin/false\napp:x:5:6::/:/bin/sh\n';
const GROUP = 'root:x:0:\nredis:x:1000:\nstaff:x:50:app\n';

describe('who redis-server runs as', () => {
  it.each([
    ['redis', { uid: 999, gid: 1000 }],
    ['app', { uid: 5, gid: 6 }],
    ['app:staff', { uid: 5, gid: 50 }],
    ['app:77', { uid: 5, gid: 77 }],
    ['999', { uid: 999, gid: 1000 }],
    ['1234', { uid: 1234, gid: 0 }],
    ['1234:5678', { uid: 1234, gid: 5678 }],
  ])('%s', (user, owner) => {
    expect(ownerOf(user, PASSWD, GROUP)).toEqual(owner);
  });

  it('is refused with what to do when the image does not know it', () => {
    expect(() => ownerOf('valkey', PASSWD, GROUP)).toThrow(/no user valkey.*USER/);
    expect(() => ownerOf('redis:nobody', PASSWD, GROUP)).toThrow(/no group nobody/);
    expect(() => ownerOf('redis', undefined, undefined)).toThrow(/no user redis/);
    expect(ownerOf('12:34', undefined, undefined)).toEqual({ uid: 12, gid: 34 });
  });

  it.each([
    [{}, 'redis'],
    [{ User: '' }, 'redis'],
    [{ User: 'root' }, 'redis'],
    [{ User: '0:0' }, 'redis'],
    [{ User: 'rooty' }, 'rooty'],
    [{ User: '1001' }, '1001'],
  ])('follows from the image: %j', (config, user) => {
    expect(imageFacts({ Id: 'i', Config: config }).user).toBe(user);
  });
});

describe('where the data lies', () => {
  it.each<[NonNullable<ImageJson['Config']>, string]>([
    [{ Volumes: { '/data': {} }, WorkingDir: '/data' }, '/data'],
    [{ Volumes: { '/var/lib/redis/': {} } }, '/var/lib/redis'],
    [{ Volumes: { '/conf': {}, '/data': {} }, WorkingDir: '/' }, '/data'],
    [{ Volumes: { '/conf': {}, '/store': {} }, WorkingDir: '/store' }, '/store'],
    [{ Volumes: null }, '/data'],
    [{}, '/data'],
  ])('%j', (config, directory) => {
    expect(imageFacts({ Id: 'i', Config: config }).dataDirectory).toBe(directory);
  });

  it('is /data for an image without any settings', () => {
    expect(imageFacts({ Id: 'i', Config: null })).toEqual({ id: 'i', user: 'redis', dataDirectory: '/data' });
  });
});

describe('the body of a container', () => {
  const plan: ContainerPlan = {
    name: 'orders-1',
    image: 'redis:8.6.3',
    labels: { a: 'b' },
    volume: 'orders-1',
    restart: 'always',
    memoryBytes: 0,
    cpus: 0,
    nofile: 0,
    network: 'host',
    ip: '',
    publish: '',
    port: 6379,
    files: [{ path: 'redis.conf', content: 'masterauth very-secret', mode: 0o600 }],
  };
  const facts = { id: 'i', user: 'redis', dataDirectory: '/data' };

  it('holds no content of files', () => {
    expect(JSON.stringify(containerBody(plan, facts))).not.toContain('very-secret');
  });

  it('leaves out limits that are not set', () => {
    expect(limitsBody(plan)).toEqual({ RestartPolicy: { Name: 'always' } });
    expect(limitsBody({ restart: 'no', memoryBytes: 1000, cpus: 0.25 })).toEqual({
      RestartPolicy: { Name: 'no' },
      Memory: 1000,
      MemorySwap: 1000,
      NanoCpus: 250_000_000,
    });
    expect(containerBody(plan, facts)).not.toHaveProperty('HostConfig.Ulimits');
    expect(containerBody(plan, facts)).not.toHaveProperty('NetworkingConfig');
  });

  it.each([
    ['127.0.0.1:7001', { HostIp: '127.0.0.1', HostPort: '7001' }],
    ['[::1]:7001', { HostIp: '::1', HostPort: '7001' }],
  ])('publishes %s', (publish, binding) => {
    expect(containerBody({ ...plan, publish }, facts)).toMatchObject({
      HostConfig: { PortBindings: { '6379/tcp': [binding] } },
    });
  });
});

describe('an error of the engine', () => {
  const answer = (statusCode: number, message: string) => ({ statusCode, json: { message }, message: 'raw' });

  it.each([
    [answer(404, 'No such image: redis:1'), 'not-found', 'never'],
    [
      answer(409, 'Conflict. The container name "/a" is already in use by container "f00"'),
      'conflict',
      'never',
    ],
    [
      answer(500, 'driver failed: Bind for 0.0.0.0:7001 failed: port is already allocated'),
      'port-in-use',
      'never',
    ],
    [answer(500, 'listen tcp4 0.0.0.0:7001: bind: address already in use'), 'port-in-use', 'never'],
    [answer(403, 'Address already in use'), 'conflict', 'never'],
    [answer(403, 'Pool overlaps with other one on this address space'), 'conflict', 'never'],
    [answer(403, 'error while removing network: network x has active endpoints'), 'conflict', 'never'],
    [answer(500, 'error setting rlimit type 7: operation not permitted'), 'refused', 'never'],
    [answer(400, 'invalid reference format'), 'refused', 'never'],
    [answer(503, 'the daemon is starting'), 'unreachable', 'soon'],
    [{ code: 'ENOENT', message: 'connect ENOENT /x' }, 'unreachable', 'soon'],
    [{ code: 'EACCES', message: 'connect EACCES /x' }, 'denied', 'never'],
    [{ code: 'ECONNRESET', message: 'socket hang up' }, 'unreachable', 'soon'],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID', message: 'altname' }, 'identity', 'never'],
    [{ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', message: 'alert' }, 'auth', 'never'],
    [new SyntaxError('what is this'), 'protocol', 'never'],
  ])('%j', (raw, code, retry) => {
    const error = dockerError('unix:///x', 'do it', raw);
    expect(error).toMatchObject({ code, retry });
    expect(error.message).toMatch(/^unix:\/\/\/x: do it: /);
  });

  it("keeps the engine's words instead of docker-modem's", () => {
    const raw = { statusCode: 404, message: '(HTTP code 404) no such container - No such image: redis:1 ' };
    expect(dockerError('e', 'create', raw).message).toBe('e: create: No such image: redis:1');
  });
});

describe('logs', () => {
  it('come without frames', () => {
    const frame = (stream: number, text: string) =>
      Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
    expect(demultiplex(Buffer.concat([frame(1, 'out\n'), frame(2, 'err\n')]))).toBe('out\nerr\n');
    expect(demultiplex(Buffer.from('plain text of a terminal'))).toBe('plain text of a terminal');
    expect(demultiplex(Buffer.alloc(0))).toBe('');
  });

  it.each([
    [">>> 'masterauth geheim zwei'", 'geheim'],
    ['>>> \'requirepass "geheim"\'', 'geheim'],
    ['user app on >geheim ~* +@all', 'geheim'],
    [`user app on #${'ab'.repeat(32)} +get`, 'abab'],
    ['tls-key-file-pass geheim', 'geheim'],
  ])('never show the secret of %s', (line, secret) => {
    expect(hideSecrets(`before\n${line}\nafter`)).not.toContain(secret);
    expect(hideSecrets(`before\n${line}\nafter`)).toMatch(/^before\n.*\nafter$/);
  });

  it('are shortened to their last lines', () => {
    expect(tail('one\n\n two \nthree\n', 2)).toBe('two | three');
  });
});

describe('an event', () => {
  it('becomes ours, with its node', () => {
    const json = {
      Action: 'health_status: unhealthy',
      timeNano: 1_795_532_922_189_000_000,
      Actor: { Attributes: { name: 'orders-1', 'dev.redisforge.node': 'orders-1' } },
    };
    expect(engineEvent(JSON.stringify(json))).toEqual({
      action: 'health_status',
      container: 'orders-1',
      node: 'orders-1',
      at: 1_795_532_922_189,
    });
    expect(engineEvent('{"Action":"exec_create: mv"}')).toBeUndefined();
    expect(engineEvent('')).toBeUndefined();
  });
});

describe('an archive', () => {
  it('gives back what was put in', async () => {
    const entries = [
      { path: 'conf/', mode: 0o700 },
      { path: 'conf/a', content: 'inhalt ü', mode: 0o600 },
    ];
    expect(await firstFile(await packTar(entries, { uid: 1, gid: 2 }))).toBe('inhalt ü');
    expect(await firstFile(await packTar([], { uid: 1, gid: 2 }))).toBeUndefined();
  });
});
