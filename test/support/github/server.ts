/**
 * The fake GitHub's HTTP side: the API at `/` and at `/api/v3`, and Git beside it. Every request and every answer is held
 * against GitHub's own description; whatever does not fit is kept in `contractErrors`, which tests expect to be empty.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { principalOf, requireGrants } from './access.ts';
import { GithubDescription, type Operation } from './description.ts';
import { type Answer, type Asked, GithubRefusal, type Handler, notFound } from './exchange.ts';
import { type FaultKind, Faults } from './faults.ts';
import { serveGit } from './git-backend.ts';
import { exhausted, type Limits, tooFast } from './limits.ts';
import type { Links } from './objects.ts';
import { ACCOUNT_ROUTES } from './routes/account-routes.ts';
import { COMMENT_ROUTES } from './routes/comment-routes.ts';
import { COMMIT_ROUTES } from './routes/commit-routes.ts';
import { ISSUE_ROUTES } from './routes/issue-routes.ts';
import { PULL_ROUTES } from './routes/pull-routes.ts';
import type { Repository, World } from './world.ts';

const HANDLERS: Readonly<Record<string, Handler>> = {
  ...ACCOUNT_ROUTES,
  ...PULL_ROUTES,
  ...COMMENT_ROUTES,
  ...ISSUE_ROUTES,
  ...COMMIT_ROUTES,
};

/** One request as it was answered. */
export interface Call {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly operation: string;
  /** 0 when no answer was sent. */
  readonly status: number;
  /** What was sent along. */
  readonly body: unknown;
}

/** What a request is about, before anybody looks at it. */
interface Incoming {
  readonly method: string;
  readonly pathname: string;
  readonly url: URL;
  readonly links: Links;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

const ENTERPRISE = '/api/v3';
/** Made once: the description does not change, and its validators are costly. */
let description: GithubDescription | undefined;

export class GithubServer {
  readonly faults = new Faults();
  readonly contractErrors: string[] = [];
  readonly calls: Call[] = [];
  readonly #world: World;
  readonly #limits: Limits;
  readonly #pushed: (repository: Repository) => Promise<void>;
  readonly #server: Server;
  readonly #description: GithubDescription;

  /** @param pushed called when somebody has pushed to a repository */
  constructor(world: World, limits: Limits, pushed: (repository: Repository) => Promise<void>) {
    this.#world = world;
    this.#limits = limits;
    this.#pushed = pushed;
    description ??= new GithubDescription();
    this.#description = description;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.contractErrors.push(`${request.method} ${request.url}: ${error}`);
        response.destroy();
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  /** `http://127.0.0.1:<port>` */
  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.address);
    const git = /^\/([^/]+)\/([^/]+?)\.git(\/.*)$/.exec(url.pathname);
    if (git !== null) return await this.#serveGit(git, url, request, response);
    const enterprise = url.pathname.startsWith(`${ENTERPRISE}/`);
    const incoming: Incoming = {
      method: request.method ?? '',
      pathname: this.#byName(enterprise ? url.pathname.slice(ENTERPRISE.length) : url.pathname),
      url,
      links: { api: `${this.address}${enterprise ? ENTERPRISE : ''}`, web: this.address },
      headers: request.headers,
      body: parsed(await textOf(request)),
    };
    const operation = this.#description.operation(incoming.method, incoming.pathname);
    const fault = this.faults.meeting(operation?.id ?? '');
    const answer = await this.#answer(incoming, operation, fault);
    this.calls.push({
      method: incoming.method,
      path: request.url ?? '',
      operation: operation?.id ?? '',
      status: typeof answer === 'object' ? answer.status : 0,
      body: incoming.body,
    });
    if (answer === 'nothing') return;
    if (answer === 'break') response.destroy();
    else send(response, answer, fault);
  }

  /** GitHub sends whoever asks for a renamed repository to its number. */
  #byName(pathname: string): string {
    const [, id, rest = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(pathname) ?? [];
    const repository = this.#world.repositories.find((each) => String(each.id) === id);
    return repository === undefined ? pathname : `/repos/${repository.owner}/${repository.name}${rest}`;
  }

  async #answer(
    incoming: Incoming,
    operation: Operation | undefined,
    fault: FaultKind | undefined,
  ): Promise<Answer | 'break' | 'nothing'> {
    if (fault === 'reset') return 'break';
    if (fault === 'hang') return 'nothing';
    if (fault === 'bad-gateway') return { status: 502, body: '<html>502 Bad Gateway</html>' };
    const answer = await this.#considered(incoming, operation, fault);
    if (fault === 'answer-lost') return 'break';
    if (fault === 'hang-after') return 'nothing';
    if (fault === 'bad-gateway-after') return { status: 502, body: '<html>502 Bad Gateway</html>' };
    return answer;
  }

  /** Faults that are answers are given before anything is looked at; the others do not matter here. */
  async #considered(
    incoming: Incoming,
    operation: Operation | undefined,
    fault: FaultKind | undefined,
  ): Promise<Answer> {
    try {
      if (fault === 'rate-limited') throw exhausted();
      if (fault === 'secondary-limit') throw tooFast();
      if (fault === 'bare-429') throw new GithubRefusal(429, 'Too Many Requests');
      if (fault === 'unauthorized') throw new GithubRefusal(401, 'Bad credentials');
      this.#limits.take(incoming.method);
      const answer = await this.#carriedOut(incoming, operation, fault === 'not-yet');
      this.#limits.count(answer);
      return { ...answer, headers: { ...this.#limits.headers(), ...answer.headers } };
    } catch (error) {
      if (!(error instanceof GithubRefusal)) throw error;
      const spent = error.message.startsWith('API rate limit');
      this.#limits.count(error);
      const limits = spent ? this.#limits.spent() : this.#limits.headers();
      return { status: error.status, body: error.body, headers: { ...limits, ...error.headers } };
    }
  }

  async #carriedOut(incoming: Incoming, operation: Operation | undefined, notYet: boolean): Promise<Answer> {
    const { method, pathname, url, links, headers, body } = incoming;
    const principal = principalOf(this.#world, headers.authorization);
    const moved = this.#redirection(incoming);
    if (moved !== undefined) return moved;
    const handler = operation === undefined ? undefined : HANDLERS[operation.id];
    if (operation === undefined || handler === undefined) {
      this.contractErrors.push(`${method} ${pathname} is not described`);
      throw notFound();
    }
    const place = `${method} ${pathname}`;
    const wrong = this.#description.requestErrors(operation, url.searchParams, body);
    if (headers['user-agent'] === undefined) wrong.push('no user-agent');
    if (!/application\/vnd\.github\S*json/.test(headers.accept ?? '')) wrong.push(`accept ${headers.accept}`);
    this.contractErrors.push(...wrong.map((each) => `${place}: request: ${each}`));
    if (wrong.length > 0) throw new GithubRefusal(422, `Invalid request.\n\n${wrong.join('\n')}`);
    requireGrants(principal, operation.id);
    const asked: Asked = {
      operation,
      principal,
      world: this.#world,
      links,
      query: url.searchParams,
      body: (body ?? {}) as Record<string, unknown>,
      address: `${links.api}${pathname}${url.search}`,
      notYet,
    };
    const answer = await handler(asked);
    const errors = this.#description.answerErrors(operation, answer.status, answer.body);
    this.contractErrors.push(...errors.map((each) => `${place}: answer ${answer.status}: ${each}`));
    return method === 'GET' ? conditional(answer, headers, principal.person.login) : answer;
  }

  #redirection({ method, pathname, url, links }: Incoming): Answer | undefined {
    const [, owner = '', name = '', rest = ''] = /^\/repos\/([^/]+)\/([^/]+)(\/.*)?$/.exec(pathname) ?? [];
    const renamed =
      this.#world.repository(owner, name) === undefined ? this.#world.renamed(owner, name) : undefined;
    if (renamed === undefined) return undefined;
    const location = `${links.api}/repositories/${renamed.id}${rest}${url.search}`;
    return {
      status: method === 'GET' ? 301 : 307,
      body: { message: 'Moved Permanently', url: location, documentation_url: 'https://docs.github.com/' },
      headers: { location },
    };
  }

  async #serveGit(
    [, owner = '', name = '', service = '']: RegExpExecArray,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const fault = this.faults.meeting('git');
    if (fault === 'hang') return;
    if (fault !== undefined) return void response.destroy();
    const repository = this.#world.repository(owner, name) ?? this.#world.renamed(owner, name);
    const push = url.search.includes('git-receive-pack') || service === '/git-receive-pack';
    try {
      if (repository === undefined) throw notFound();
      if (push || repository.private || request.headers.authorization !== undefined)
        principalOf(this.#world, request.headers.authorization);
    } catch (error) {
      if (!(error instanceof GithubRefusal)) throw error;
      const challenge = error.status === 401 ? { 'www-authenticate': 'Basic realm="GitHub"' } : {};
      return void response.writeHead(error.status, challenge).end(error.message);
    }
    const pushed = () => this.#pushed(repository);
    await serveGit(repository.folder, service, url.search.slice(1), request, response, pushed);
  }
}

/** The same answer to the same person has the same ETag, and is not sent again. */
function conditional(answer: Answer, headers: IncomingMessage['headers'], login: string): Answer {
  if (answer.status !== 200) return answer;
  const digest = createHash('sha256')
    .update(`${login} ${JSON.stringify(answer.body)} ${answer.headers?.['link'] ?? ''}`)
    .digest('hex');
  const etag = `W/"${digest}"`;
  const known = headers['if-none-match'] === etag;
  const all = { ...answer.headers, etag };
  return known ? { status: 304, headers: all } : { ...answer, headers: all };
}

function send(response: ServerResponse, answer: Answer, fault: FaultKind | undefined): void {
  if (fault === 'html') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in to the network</html>');
    return;
  }
  const page = typeof answer.body === 'string';
  const body = page ? String(answer.body) : JSON.stringify(answer.body ?? '');
  const type = page ? 'text/html' : 'application/json; charset=utf-8';
  response.writeHead(answer.status, { ...answer.headers, 'content-type': type });
  if (answer.body === undefined) response.end();
  else if (fault === 'truncated') response.end(body.slice(0, Math.floor(body.length / 2)));
  else if (fault === 'other-json') response.end('{"unexpected":true}');
  else response.end(body);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text);
}
