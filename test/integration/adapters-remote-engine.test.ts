/** The Docker adapter over SSH (a real sshd on loopback) and over TLS, both in front of the real engine. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DockerEngines } from '../../reconciler/adapters/docker/engines.ts';
import { LocalSecrets } from '../../reconciler/adapters/state/secrets.ts';
import type { EngineEvent, PortError } from '../../reconciler/ports.ts';
import { installPackages } from '../../scripts/apt.js';
import type { HostSpec } from '../../spec-schema/cluster-spec.ts';
import {
  ENGINE_SOCKET,
  eventually,
  execIn,
  IMAGE,
  labelsOf,
  nodePlan,
  removeCluster,
  uniqueCluster,
} from '../support/lab-containers.ts';

const run = promisify(execFile);
const SSHD = '/usr/sbin/sshd';
const never = new AbortController().signal;

let folder: string;
let cluster: string;
let engines: DockerEngines;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  if (!existsSync(SSHD)) await installPackages(['openssh-server']);
  folder = await mkdtemp(join(tmpdir(), 'rf-remote-'));
  for (const name of ['host', 'other', 'client', 'stranger']) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  cluster = uniqueCluster();
  engines = new DockerEngines(new LocalSecrets({ directory: folder, environment: {} }));
});
afterEach(async () => {
  await engines.close();
  for (const close of closing.splice(0).reverse()) await close();
  await removeCluster(cluster);
});

function question() {
  return {
    cluster,
    containers: [`${cluster}-a`],
    volumes: [`${cluster}-a`],
    networks: [cluster],
    images: [IMAGE],
  };
}

async function failure(work: Promise<unknown>): Promise<PortError> {
  return work.then(
    () => expect.fail('was accepted'),
    (error: PortError) => error,
  );
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return (server.address() as { port: number }).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function fingerprint(name: string): Promise<string> {
  const { stdout } = await run('ssh-keygen', ['-lf', join(folder, `${name}.pub`)]);
  return stdout.split(' ')[1] ?? '';
}

/** A real sshd of our own. */
async function sshd(
  settings: readonly string[] = [],
  port?: number,
): Promise<{ port: number; child: ChildProcess }> {
  const listens = port ?? (await freePort());
  await mkdir('/run/sshd', { recursive: true }).catch(() => undefined);
  await writeFile(join(folder, 'authorized'), await readFile(join(folder, 'client.pub')));
  const config = [
    ...settings,
    `Port ${listens}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'PidFile none',
  ];
  const path = join(folder, `config-${listens}`);
  await writeFile(path, `${config.join('\n')}\n`);
  const child = spawn(SSHD, ['-D', '-e', '-f', path], { stdio: 'ignore' });
  closing.push(() => child.kill('SIGKILL'));
  await eventually('sshd listens', () => reachable(listens));
  return { port: listens, child };
}

function reachable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function sshHost(port: number, more: Partial<HostSpec['ssh'] & object> = {}): Promise<HostSpec> {
  return {
    name: 'a1',
    zone: 'z1',
    docker: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    ssh: { hostKey: await fingerprint('host'), identity: { file: 'client' }, socket: ENGINE_SOCKET, ...more },
  };
}

/** A TCP proxy that can hold or drop its connections. */
async function proxy(
  target: number,
): Promise<{ port: number; drop(): void; hold(): void; accepted(): number }> {
  const pairs: Socket[] = [];
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    const far = connect({ host: '127.0.0.1', port: target });
    pairs.push(socket, far);
    socket.on('error', () => undefined).pipe(far);
    far.on('error', () => undefined).pipe(socket);
  });
  closing.push(() => {
    for (const socket of pairs) socket.destroy();
  });
  return {
    port: await listen(server),
    drop: () => {
      for (const socket of pairs.splice(0)) socket.destroy();
    },
    hold: () => {
      for (const socket of pairs) socket.unpipe().pause();
    },
    accepted: () => count,
  };
}

describe('over SSH', () => {
  it('a node is made, read, written to, heard of and removed', async () => {
    const engine = engines.of(await sshHost((await sshd()).port));
    await engine.createNetwork(cluster, undefined, labelsOf(cluster));
    await engine.createVolume(`${cluster}-a`, labelsOf(cluster, 'a'));
    const seen: EngineEvent[] = [];
    const listening = new AbortController();
    const reader = (async () => {
      for await (const event of engine.events(cluster, listening.signal)) seen.push(event);
    })();
    await engine.runContainer(nodePlan(cluster, 'a', { network: cluster }));
    const reading = await engine.read(question(), never);
    expect(reading).toMatchObject({
      containers: [{ status: 'running' }],
      volumes: [{}],
      networks: [{}],
      images: { [IMAGE]: true },
    });
    const large = 'x'.repeat(5_000_000);
    await engine.putFiles(`${cluster}-a`, [{ path: 'large', content: large, mode: 0o600 }]);
    expect(Number(await execIn(`${cluster}-a`, 'stat', '-c', '%s', '/data/conf/large'))).toBe(large.length);
    expect(await engine.logs(`${cluster}-a`, 100)).toContain('Ready to accept connections');
    await engine.stopContainer(`${cluster}-a`, 10_000);
    await eventually('the stop is heard of', () => seen.some(({ action }) => action === 'die'));
    listening.abort();
    await reader;
    await engine.removeContainer(`${cluster}-a`);
  });

  it('all requests share one connection, and a reading takes only milliseconds', async () => {
    const through = await proxy((await sshd()).port);
    const host = await sshHost(through.port);
    await engines.of(host).read(question(), never);
    const times: number[] = [];
    for (let round = 0; round < 50; round += 1) {
      const started = performance.now();
      await Promise.all([
        engines.of(host).read(question(), never),
        engines.of({ ...host, name: 'a2' }).read(question(), never),
      ]);
      times.push(performance.now() - started);
    }
    expect(through.accepted()).toBe(1);
    expect(times.sort((a, b) => a - b)[25]).toBeLessThan(100);
  });

  it('another host key is refused before the log-in, and both keys are named', async () => {
    const host = await sshHost((await sshd()).port, { hostKey: await fingerprint('other') });
    const error = await failure(engines.of(host).read(question(), never));
    expect(error).toMatchObject({ code: 'identity', retry: 'later' });
    expect(error.message).toContain(await fingerprint('host'));
    expect(error.message).toContain(await fingerprint('other'));
  });

  it('a log-in that was refused is not tried again soon', async () => {
    const through = await proxy((await sshd()).port);
    const engine = engines.of(await sshHost(through.port, { identity: { file: 'stranger' } }));
    for (let round = 0; round < 5; round += 1) {
      expect(await failure(engine.read(question(), never))).toMatchObject({ code: 'auth', retry: 'later' });
    }
    expect(through.accepted()).toBe(1);
  });

  it('a new key is tried at once', async () => {
    const port = (await sshd()).port;
    await writeFile(join(folder, 'rotated'), await readFile(join(folder, 'stranger')), { mode: 0o600 });
    const engine = engines.of(await sshHost(port, { identity: { file: 'rotated' } }));
    expect(await failure(engine.read(question(), never))).toMatchObject({ code: 'auth' });
    await writeFile(join(folder, 'rotated'), await readFile(join(folder, 'client')));
    expect(await engine.read(question(), never)).toMatchObject({ images: { [IMAGE]: true } });
  });

  it('what is no private key is told as a secret that cannot be used', async () => {
    await writeFile(join(folder, 'garbage'), 'no key', { mode: 0o600 });
    const host = await sshHost((await sshd()).port, { identity: { file: 'garbage' } });
    expect(await failure(engines.of(host).read(question(), never))).toMatchObject({ code: 'secret' });
  });

  it('a sshd that forwards no sockets is served through the docker program', async ({ skip }) => {
    if (!existsSync('/usr/bin/docker')) skip('there is no docker program here');
    const engine = engines.of(await sshHost((await sshd(['AllowStreamLocalForwarding no'])).port));
    await engine.createVolume(`${cluster}-a`, labelsOf(cluster, 'a'));
    await engine.runContainer(nodePlan(cluster, 'a'));
    const readings = await Promise.all(Array.from({ length: 4 }, () => engine.read(question(), never)));
    for (const reading of readings) expect(reading.containers).toMatchObject([{ status: 'running' }]);
  });

  it('a socket that is not there is unreachable, with the reason', async () => {
    const engine = engines.of(await sshHost((await sshd()).port, { socket: '/nonexistent/docker.sock' }));
    const error = await failure(engine.read(question(), never));
    expect(error).toMatchObject({ code: 'unreachable' });
    expect(error.message).toContain('/nonexistent/docker.sock');
  });

  it('a connection that breaks ends its requests and events at once, and the next request opens another', async () => {
    const through = await proxy((await sshd()).port);
    const engine = engines.of(await sshHost(through.port));
    await engine.createVolume(`${cluster}-a`, labelsOf(cluster, 'a'));
    await engine.runContainer(nodePlan(cluster, 'a'));
    const events = engine.events(cluster, never)[Symbol.asyncIterator]();
    const next = events.next();
    const stopping = engine.stopContainer(`${cluster}-a`, 20_000);
    stopping.catch(() => undefined);
    await eventually('the stop is under way', async () => through.accepted() === 1);
    const started = performance.now();
    through.drop();
    await Promise.allSettled([next, stopping]);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await engine.read(question(), never)).toMatchObject({ images: { [IMAGE]: true } });
    expect(through.accepted()).toBe(2);
  });

  it('a link that is silently dead is noticed by its keepalives', async () => {
    const through = await proxy((await sshd()).port);
    const engine = engines.of(await sshHost(through.port));
    await engine.read(question(), never);
    through.hold();
    const started = performance.now();
    expect(await failure(engine.read(question(), never))).toMatchObject({
      code: expect.stringMatching(/unreachable|timeout/),
    });
    expect(performance.now() - started).toBeLessThan(11_000);
    expect(await engine.read(question(), never)).toMatchObject({ images: { [IMAGE]: true } });
  });

  it('a machine where nobody listens is unreachable', async () => {
    const error = await failure(engines.of(await sshHost(1)).read(question(), never));
    expect(error).toMatchObject({ code: 'unreachable', retry: 'soon' });
  });
});

describe('over TLS', () => {
  beforeAll(async () => {
    const subject = ['-subj', '/CN=test', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    for (const ca of ['ca', 'other-ca']) {
      await run('openssl', [
        'req',
        '-x509',
        ...subject,
        '-days',
        '2',
        '-keyout',
        join(folder, `${ca}.key`),
        '-out',
        join(folder, `${ca}.pem`),
      ]);
    }
    await writeFile(join(folder, 'ext'), 'subjectAltName=IP:127.0.0.1\n');
    for (const [name, ca] of [
      ['server', 'ca'],
      ['user', 'ca'],
      ['intruder', 'other-ca'],
    ] as const) {
      await run('openssl', [
        'req',
        ...subject,
        '-keyout',
        join(folder, `${name}.key`),
        '-out',
        join(folder, `${name}.csr`),
      ]);
      await run('openssl', [
        'x509',
        '-req',
        '-in',
        join(folder, `${name}.csr`),
        '-CA',
        join(folder, `${ca}.pem`),
        '-CAkey',
        join(folder, `${ca}.key`),
        '-CAcreateserial',
        '-days',
        '2',
        '-extfile',
        join(folder, 'ext'),
        '-out',
        join(folder, `${name}.pem`),
      ]);
    }
    for (const name of ['ca', 'other-ca', 'user', 'intruder']) {
      await run('chmod', ['600', join(folder, `${name}.pem`), join(folder, `${name}.key`)]);
    }
  });

  /** What a Docker Engine with `tlsverify` does, in front of the real one. */
  async function tlsEngine(): Promise<number> {
    const [ca, cert, key] = await Promise.all(
      ['ca.pem', 'server.pem', 'server.key'].map((name) => readFile(join(folder, name))),
    );
    const options = {
      ca: ca ?? '',
      cert: cert ?? '',
      key: key ?? '',
      requestCert: true,
      rejectUnauthorized: true,
    };
    return listen(
      createTlsServer(options, (socket) => {
        const far = connect({ path: ENGINE_SOCKET });
        socket.on('error', () => far.destroy()).pipe(far);
        far.on('error', () => socket.destroy()).pipe(socket);
      }),
    );
  }

  /** Says in TLS's own terms whom it does not accept, as an engine does; Node's servers just hang up. */
  async function strictServer(): Promise<number> {
    const port = await freePort();
    const files = ['-cert', 'server.pem', '-key', 'server.key', '-CAfile', 'ca.pem'];
    const args = [
      's_server',
      '-accept',
      `127.0.0.1:${port}`,
      '-Verify',
      '1',
      '-verify_return_error',
      ...files,
    ];
    const child = spawn('openssl', args, { cwd: folder, stdio: ['pipe', 'ignore', 'ignore'] });
    closing.push(() => child.kill('SIGKILL'));
    await eventually('the server listens', () => reachable(port));
    return port;
  }

  function tlsHost(port: number, name: string, ca = 'ca'): HostSpec {
    const tls = {
      ca: { file: `${ca}.pem` },
      certificate: { file: `${name}.pem` },
      key: { file: `${name}.key` },
    };
    return { name: 'a1', zone: 'z1', docker: `tcp+tls://127.0.0.1:${port}`, tls };
  }

  it('a node is made and read', async () => {
    const engine = engines.of(tlsHost(await tlsEngine(), 'user'));
    await engine.createVolume(`${cluster}-a`, labelsOf(cluster, 'a'));
    await engine.runContainer(nodePlan(cluster, 'a'));
    expect((await engine.read(question(), never)).containers).toMatchObject([{ status: 'running' }]);
  });

  it('an engine with a certificate of another authority is refused', async () => {
    const error = await failure(
      engines.of(tlsHost(await tlsEngine(), 'user', 'other-ca')).read(question(), never),
    );
    expect(error).toMatchObject({ code: 'identity', retry: 'never' });
  });

  it('an engine that does not accept our certificate has refused the log-in', async () => {
    const error = await failure(
      engines.of(tlsHost(await strictServer(), 'intruder')).read(question(), never),
    );
    expect(error).toMatchObject({ code: 'auth', retry: 'never' });
  });
});

describe('a host whose settings are missing', () => {
  it('is refused by name', () => {
    const bare: HostSpec = { name: 'a1', zone: 'z1', docker: 'ssh://ops@127.0.0.1' };
    expect(() => engines.of(bare)).toThrow(/a1/);
  });
});
