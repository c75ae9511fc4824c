/** A small HTTP server: one table of paths. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Refusal } from '../exit-codes.ts';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface Route {
  readonly methods: readonly string[];
  answer(request: IncomingMessage): Promise<Answer>;
}

export type Routes = Readonly<Record<string, Route>>;

/** A client that sends its request this slowly is not waited for. */
const REQUEST_MS = 10_000;

export class HttpServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws Refusal when the address cannot be listened on. */
  static async listen(
    { address, port }: { readonly address: string; readonly port: number },
    routes: Routes,
    onDefect: (error: unknown) => void,
  ): Promise<HttpServer> {
    const server = createServer(
      { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
      (request, response) => {
        handle(request, response, routes).catch((error: unknown) => {
          onDefect(error);
          send(response, request, plain(500, 'internal error'));
        });
      },
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenRefusal(error, address, port)));
      server.listen(port, address, resolve);
    });
    return new HttpServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function listenRefusal(error: NodeJS.ErrnoException, address: string, port: number): Refusal {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is taken',
    EACCES: 'that port needs more rights',
    EADDRNOTAVAIL: 'this machine has no such address',
  };
  return new Refusal(
    `cannot listen on ${address}:${port}: ${reasons[error.code ?? ''] ?? error.message}. Choose another with --port or REDISFORGE_PORT; \`off\` serves nothing`,
  );
}

async function handle(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined)
    return send(response, request, plain(404, `try ${Object.keys(routes).join(', ')}`));
  if (!route.methods.includes(request.method ?? '')) {
    response.setHeader('allow', route.methods.join(', '));
    return send(response, request, plain(405, `use ${route.methods.join(' or ')}`));
  }
  send(response, request, await route.answer(request));
}

function send(
  response: ServerResponse,
  request: IncomingMessage,
  { status, contentType, body }: Answer,
): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function plain(status: number, text: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}
