/**
 * `POST /webhook`: somebody says that something has happened at the forge. It only shortens the wait for the next look:
 * what is said is neither believed nor kept, so a webhook may be lost, come twice, or come in any order.
 */
import type { IncomingMessage } from 'node:http';
import type { Secret } from '../../ports.ts';
import type { Answer, Route } from './server.ts';

/** GitHub sends up to 25 MB; what is longer than this is not read, and the next poll finds it out. */
const LIMIT_BYTES = 5 * 1024 * 1024;

/** @param secret asked at each call: the file that holds it may have been replaced. */
export function webhookRoute(secret: () => Promise<Secret>, wake: () => void): Route {
  return {
    methods: ['POST'],
    async answer(request) {
      const signature = request.headers['x-hub-signature-256'];
      if (typeof signature !== 'string' || signature === '') return said(401, 'this is not signed');
      const body = await bodyOf(request);
      if (body === undefined) return said(413, `more than ${LIMIT_BYTES} bytes are not read`);
      const { verify } = await import('@octokit/webhooks-methods');
      const isOurs = body !== '' && (await verify((await secret()).reveal(), body, signature));
      if (!isOurs) return said(401, 'the signature is not made with our secret');
      if (request.headers['x-github-event'] === 'ping') return said(200, 'pong');
      wake();
      return said(202, 'looking');
    },
  };
}

/** Undefined when there is too much of it. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Who sends too much still gets an answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LIMIT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function said(status: number, text: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}
