/** A chat service on this machine that answers as it is told, and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../../reconciler/ports.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

/** `reset`: heard, but the connection breaks before the answer. `hang`: heard, and never answered. */
export type Reply =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  | 'reset'
  | 'hang';

export class ChatService {
  readonly asked: Asked[] = [];
  /** Answers to come; afterwards {@link usual}. */
  readonly replies: Reply[] = [];
  usual: (asked: Asked) => Reply;
  readonly #server: Server;

  constructor(usual: (asked: Asked) => Reply) {
    this.usual = usual;
    this.#server = createServer(async (request, response) => {
      const content = await text(request);
      const asked = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: (content === '' ? {} : JSON.parse(content)) as Record<string, unknown>,
      };
      this.asked.push(asked);
      const reply = this.replies.shift() ?? this.usual(asked);
      if (reply === 'hang') return;
      if (reply === 'reset') {
        request.socket.destroy();
        return;
      }
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Waits take no time, and are remembered. */
export class QuickClock implements Clock {
  readonly waits: number[] = [];

  now(): number {
    return 0;
  }

  sleep(ms: number): Promise<void> {
    this.waits.push(ms);
    return Promise.resolve();
  }
}
