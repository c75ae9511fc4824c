// The few Docker Engine API calls that set-up needs, without packages: it runs before any are installed.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';

/** An answer of the engine that is not a success. */
export class EngineError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.name = 'EngineError';
    this.status = status;
  }
}

/** Nothing came for so long that the call was given up. */
export class EngineSilent extends Error {
  /** @param {number} silentMs */
  constructor(silentMs) {
    super(`no answer within ${silentMs / 1000} s`);
    this.name = 'EngineSilent';
  }
}

/**
 * @typedef {object} Call
 * @property {string} [method]
 * @property {import('node:stream').Readable} [body] a tar archive
 * @property {Record<string, string>} [headers]
 * @property {number} [silentMs] the longest time without a single byte from the engine
 * @property {(event: Record<string, unknown>) => void} [onEvent] gets each line of a streamed answer
 */

/**
 * @param {string} dockerHost `unix:///path` or `tcp://host:port`
 * @param {string} path
 * @param {Call} [call]
 * @returns {Promise<string>} the answer's text; empty when it went to `onEvent`
 */
export function callEngine(dockerHost, path, call = {}) {
  const { method = 'GET', body, silentMs = 10_000, onEvent } = call;
  const { transport, ...target } = engineTarget(dockerHost);
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined ? call.headers : { ...call.headers, 'content-type': 'application/x-tar' };
    const request = transport.request(
      { ...target, path, method, ...(headers && { headers }) },
      (response) => {
        let text = '';
        const status = response.statusCode ?? 0;
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
          if (onEvent !== undefined && status < 400) text = handOverLines(text, onEvent);
        });
        response.once('error', reject);
        response.once('end', () => {
          const status = response.statusCode ?? 0;
          if (status < 400) resolve(text);
          else reject(new EngineError(status, messageOf(text)));
        });
      },
    );
    request.setTimeout(silentMs, () => request.destroy(new EngineSilent(silentMs)));
    request.once('error', reject);
    if (body === undefined) request.end();
    else body.once('error', (error) => request.destroy(error)).pipe(request);
  });
}

/**
 * A call whose answer is a stream of events (pull, import, build), which report a failure in one of them, after the
 * status said success.
 *
 * @param {string} dockerHost
 * @param {string} path
 * @param {Call} [call]
 */
export async function callEngineStreaming(dockerHost, path, call = {}) {
  /** @type {string | undefined} */
  let failure;
  await callEngine(dockerHost, path, {
    method: 'POST',
    ...call,
    onEvent: (event) => {
      if (typeof event['error'] === 'string') failure = event['error'];
      call.onEvent?.(event);
    },
  });
  if (failure !== undefined) throw new EngineError(200, failure);
}

/**
 * @param {string} text
 * @param {(event: Record<string, unknown>) => void} onEvent
 * @returns {string} what follows the last whole line
 */
function handOverLines(text, onEvent) {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  for (const line of lines) {
    if (line.trim() !== '') onEvent(JSON.parse(line));
  }
  return rest;
}

/** @param {string} text */
function messageOf(text) {
  try {
    return JSON.parse(text).message;
  } catch {
    return text.trim();
  }
}

/** @param {string} dockerHost */
function engineTarget(dockerHost) {
  if (dockerHost.startsWith('unix://')) {
    return { transport: http, socketPath: dockerHost.slice('unix://'.length), host: 'localhost' };
  }
  const url = new URL(dockerHost);
  if (url.protocol !== 'tcp:') throw new Error(`${dockerHost} is not an address that set-up can use`);
  const target = { host: url.hostname, port: Number(url.port || 2375) };
  const certificates = process.env['DOCKER_CERT_PATH'];
  if (!process.env['DOCKER_TLS_VERIFY'] || certificates === undefined) return { transport: http, ...target };
  /** @param {string} name */
  const read = (name) => readFileSync(join(certificates, name));
  return { transport: https, ...target, ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}
