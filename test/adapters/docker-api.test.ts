/** Calls to an engine that misbehaves: a real server on a real socket, that answers wrongly or not at all. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DockerApi, type DockerCall } from '../../reconciler/adapters/docker/docker-api.ts';
import { TransportAgent, UnixTransport } from '../../reconciler/adapters/docker/transport.ts';
import type { PortError } from '../../reconciler/ports.ts';
import { eventually } from '../support/lab-containers.ts';

let folder: string;
let server: Server | undefined;
let agent: TransportAgent;
let api: DockerApi;
let requests: number;
const sockets = new Set<Socket>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rf-api-'));
  requests = 0;
});
afterEach(async () => {
  agent.destroy();
  for (const socket of sockets) socket.destroy();
  server?.close();
  await rm(folder, { recursive: true });
});

/** @param answer called with each request; undefined leaves it without answer. */
async function engine(answer: (socket: Socket, request: number) => void): Promise<void> {
  const path = join(folder, 'sock');
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      requests += 1;
      answer(socket, requests);
    });
  });
  await new Promise<void>((resolve) => server?.listen(path, resolve));
  agent = new TransportAgent(new UnixTransport(path));
  api = new DockerApi('engine', agent);
}

function call(more: Partial<DockerCall> = {}): DockerCall {
  return { what: 'ask', method: 'POST', path: '/x', deadlineMs: 5_000, ...more };
}

function ok(body: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

async function failure(work: Promise<unknown>): Promise<PortError> {
  return work.then(
    () => expect.fail('was accepted'),
    (error: PortError) => error,
  );
}

describe('an engine', () => {
  it('that answers is understood, over one connection', async () => {
    await engine((socket) => socket.write(ok('{"a":1}')));
    for (let round = 0; round < 3; round += 1) expect(await api.json(call())).toEqual({ a: 1 });
    expect(sockets.size).toBe(1);
  });

  it('that never answers is a timeout', async () => {
    await engine(() => undefined);
    expect(await failure(api.json(call({ deadlineMs: 100 })))).toMatchObject({
      code: 'timeout',
      retry: 'soon',
    });
  });

  it('that stops in the middle of its answer is a timeout', async () => {
    await engine((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":'));
    expect(await failure(api.json(call({ deadlineMs: 100 })))).toMatchObject({ code: 'timeout' });
  });

  it('that goes away in the middle of its answer is unreachable, at once', async () => {
    await engine((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":', () => socket.destroy());
    });
    const started = performance.now();
    expect(await failure(api.json(call()))).toMatchObject({ code: 'unreachable' });
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it('that goes away instead of answering is unreachable, and is not asked again', async () => {
    await engine((socket) => socket.destroy());
    expect(await failure(api.json(call()))).toMatchObject({ code: 'unreachable' });
    expect(requests).toBe(1);
  });

  it('that answers with something else is not understood', async () => {
    await engine((socket) => socket.write(ok('<html>')));
    expect(await failure(api.json(call()))).toMatchObject({ code: 'protocol', retry: 'never' });
  });

  it('that refuses is quoted', async () => {
    const body = '{"message":"no such thing"}';
    await engine((socket) =>
      socket.write(`HTTP/1.1 404 Not Found\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
    );
    expect(await failure(api.json(call()))).toMatchObject({
      code: 'not-found',
      message: 'engine: ask: no such thing',
    });
    expect(await api.find(call())).toBeUndefined();
  });

  it('is given up when we are told to', async () => {
    await engine(() => undefined);
    const signal = AbortSignal.timeout(50);
    expect(await failure(api.json(call({ signal })))).toMatchObject({ code: 'aborted', retry: 'never' });
    expect(await failure(api.json(call({ signal })))).toMatchObject({ code: 'aborted' });
  });

  it('that ends a connection is asked who it is again', async () => {
    await engine((socket, request) => (request === 2 ? socket.end(ok('{}')) : socket.write(ok('{}'))));
    await api.json(call());
    expect(agent.breaks).toBe(0);
    await api.json(call());
    await eventually('the end is noticed', () => agent.breaks === 1);
    await api.json(call());
    expect(agent.breaks).toBe(1);
  });
});
