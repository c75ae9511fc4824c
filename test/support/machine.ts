/**
 * A machine with a Docker Engine of its own, as far as RedisForge can tell: a socket that shows of the one engine only
 * what belongs to it, under an identity of its own, and that can hang or be gone.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const NODE_LABEL = 'dev.redisforge.node';

interface Labelled {
  readonly Labels?: Record<string, string> | null;
}

export class Machine {
  /** As a host of a spec names its engine. */
  readonly docker: string;
  readonly #path: string;
  readonly #engine: string;
  readonly #nodes: ReadonlySet<string>;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #hangs = false;

  /**
   * @param path of the socket that is made.
   * @param engine the one engine, `unix://…`.
   * @param nodes whose containers and volumes are on this machine.
   */
  constructor(path: string, engine: string, nodes: Iterable<string>) {
    this.#path = path;
    this.docker = `unix://${path}`;
    this.#engine = engine.replace('unix://', '');
    this.#nodes = new Set(nodes);
  }

  async run(): Promise<void> {
    this.#hangs = false;
    if (this.#server !== undefined) return;
    const server = createServer((asked, answer) => {
      if (!this.#hangs) this.#pass(asked, answer);
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.#path, resolve));
    this.#server = server;
  }

  /** From now on its engine accepts connections and never answers. What runs on the machine goes on running. */
  async hang(): Promise<void> {
    await this.run();
    this.#hangs = true;
  }

  /** From now on nobody listens, as when its engine is stopped. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server === undefined) return;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await rm(this.#path, { force: true });
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const { method, url: path = '/', headers } = asked;
    const passed = request({ socketPath: this.#engine, method, path, headers }, (told) => {
      const view = viewOf(path);
      answer.writeHead(told.statusCode ?? 500, view === undefined ? told.headers : plain(told));
      if (view === undefined) told.pipe(answer);
      else void this.#shown(told, view).then((text) => answer.end(text));
    });
    passed.on('error', () => answer.destroy());
    answer.once('close', () => passed.destroy());
    asked.pipe(passed);
  }

  async #shown(told: IncomingMessage, view: View): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of told) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    if (told.statusCode !== 200) return text;
    return JSON.stringify(
      view(JSON.parse(text), {
        id: createHash('sha1').update(this.#path).digest('hex'),
        isHere: ({ Labels }) => {
          const node = Labels?.[NODE_LABEL];
          return node === undefined || this.#nodes.has(node);
        },
      }),
    );
  }
}

interface Frame {
  readonly id: string;
  isHere(thing: Labelled): boolean;
}

type View = (answer: unknown, frame: Frame) => unknown;

/** What of an answer belongs to the machine; undefined when it is passed on as it is. */
function viewOf(path: string): View | undefined {
  const [name = ''] = path.replace(/^\/v[\d.]+/, '').split('?');
  if (name === '/info') return (answer, { id }) => ({ ...(answer as object), ID: id });
  if (name === '/containers/json') return (answer, { isHere }) => (answer as Labelled[]).filter(isHere);
  if (name === '/volumes')
    return (answer, { isHere }) => {
      const { Volumes, ...rest } = answer as { Volumes: Labelled[] | null };
      return { ...rest, Volumes: (Volumes ?? []).filter(isHere) };
    };
  return undefined;
}

/** The headers without the length, which changes. */
function plain(told: IncomingMessage): Record<string, string> {
  return { 'content-type': told.headers['content-type'] ?? 'application/json' };
}
