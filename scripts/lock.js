// A lock between processes of one machine, so that two starts at the same time do the set-up once.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs `work` while no other process on this machine runs work under the same name.
 *
 * The lock is a listening local socket. The kernel takes it away with its process, however that ends, so a
 * killed set-up leaves no stale lock behind; and whoever waits is woken by the connection's end, without polling.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(name, work) {
  const address = lockAddress(name);
  let release = await tryLock(address);
  while (release === undefined) {
    await holderIsGone(address);
    release = await tryLock(address);
  }
  try {
    return await work();
  } finally {
    await release();
  }
}

/** @param {string} name */
function lockAddress(name) {
  const id = `redisforge-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
  // Linux has an abstract name space for sockets; elsewhere the socket is a file that a killed process leaves.
  return process.platform === 'linux' ? `\0${id}` : join(tmpdir(), `${id}.sock`);
}

/**
 * @param {string} address
 * @returns {Promise<(() => Promise<void>) | undefined>} how to let go, or nothing when somebody else holds it
 */
function tryLock(address) {
  return new Promise((resolve, reject) => {
    /** @type {Set<import('node:net').Socket>} */
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => waiting.delete(socket));
    });
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      resolve(
        () =>
          new Promise((done) => {
            server.close(() => done());
            for (const socket of waiting) socket.destroy();
          }),
      );
    });
  });
}

/**
 * @param {string} address
 * @returns {Promise<void>}
 */
function holderIsGone(address) {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.on('error', (error) => {
      // A socket file that nobody listens on was left by a process that was killed.
      if ('code' in error && error.code === 'ECONNREFUSED' && !address.startsWith('\0')) {
        rmSync(address, { force: true });
      }
    });
    socket.on('close', () => resolve());
    socket.resume();
  });
}
