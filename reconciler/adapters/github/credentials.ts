/** How we prove to GitHub who we are: with a token from a file that may be replaced, or as a GitHub App. */
import { createHash } from 'node:crypto';
import { createAppAuth } from '@octokit/auth-app';
import type { SecretRef } from '../../../spec-schema/cluster-spec.ts';
import { PortError, Secret, type Secrets } from '../../ports.ts';

export type GithubAccess =
  | { readonly kind: 'token'; readonly token: SecretRef }
  | {
      readonly kind: 'app';
      readonly appId: number;
      /** PEM. */
      readonly privateKey: SecretRef;
      /** Found by the repository unless given. */
      readonly installation?: number;
    };

/** What Octokit hands to an authentication strategy; its own types do not say more either. */
// biome-ignore lint/suspicious/noExplicitAny: Octokit's request function, whose type depends on the route.
type Request = any;

export interface Credentials {
  readonly kind: GithubAccess['kind'];
  /** Octokit's `authStrategy`. */
  strategy(options: { readonly request: Request }): { hook: (...call: Parameters<Hook>) => Promise<unknown> };
  /** What Git logs in with, as the password of `x-access-token`. @throws PortError */
  gitToken(): Promise<Secret>;
  /** Changes when we become somebody else: what was cached for the one is not for the other. */
  identity(): Promise<string>;
}

type Hook = (request: Request, route: Request, parameters?: Request) => Promise<unknown>;

export function credentialsOf(access: GithubAccess, secrets: Secrets, repository: Place): Credentials {
  return access.kind === 'token'
    ? new TokenCredentials(access.token, secrets)
    : new AppCredentials(access, secrets, repository);
}

interface Place {
  owner: string;
  repo: string;
}

/** Read before every request: a file that was replaced is used at once, and a file is small. */
class TokenCredentials implements Credentials {
  readonly kind = 'token';
  readonly #token: SecretRef;
  readonly #secrets: Secrets;

  constructor(token: SecretRef, secrets: Secrets) {
    this.#token = token;
    this.#secrets = secrets;
  }

  strategy(): { hook: Hook } {
    return { hook: (request, route, parameters) => this.#send(request, route, parameters) };
  }

  gitToken(): Promise<Secret> {
    return this.#secrets.read(this.#token);
  }

  async identity(): Promise<string> {
    return `token ${digestOf(await this.#read())}`;
  }

  async #send(request: Request, route: Request, parameters: Request): Promise<unknown> {
    const endpoint = request.endpoint.merge(route, parameters);
    const token = await this.#read();
    endpoint.headers.authorization = `token ${token}`;
    try {
      return await request(endpoint);
    } catch (error) {
      if (!isRefusedLogin(error)) throw error;
      // It may have been replaced between the reading and the answer.
      const newer = await this.#read();
      if (newer === token) throw error;
      endpoint.headers.authorization = `token ${newer}`;
      return request(endpoint);
    }
  }

  async #read(): Promise<string> {
    return (await this.#secrets.read(this.#token)).reveal().trim();
  }
}

/** One hour's tokens of an App's installation, which Octokit renews before they end. */
class AppCredentials implements Credentials {
  readonly kind = 'app';
  readonly #access: GithubAccess & { kind: 'app' };
  readonly #secrets: Secrets;
  readonly #repository: Place;
  #made: { readonly key: string; readonly auth: ReturnType<typeof createAppAuth> } | undefined;
  #installation: number | undefined;
  /** Octokit's request function, as it was given with the first request. */
  #outer: Request;

  constructor(access: GithubAccess & { kind: 'app' }, secrets: Secrets, repository: Place) {
    this.#access = access;
    this.#secrets = secrets;
    this.#repository = repository;
    this.#installation = access.installation;
  }

  strategy({ request: outer }: { readonly request: Request }): { hook: Hook } {
    this.#outer = outer;
    return { hook: (request, route, parameters) => this.#send(outer, request, route, parameters) };
  }

  async gitToken(): Promise<Secret> {
    const installationId = await this.#installationBy(this.#outer);
    const auth = await this.#auth(this.#outer);
    const { token } = await auth({ type: 'installation', installationId });
    return new Secret(token);
  }

  async identity(): Promise<string> {
    return `app ${this.#access.appId} ${this.#repository.owner}`;
  }

  async #send(outer: Request, request: Request, route: Request, parameters: Request): Promise<unknown> {
    const endpoint = request.endpoint.merge(route, parameters);
    const path = String(endpoint.url).replace(String(endpoint.baseUrl), '');
    // These are asked by the App itself, with its key; the rest by its installation, which they lead to.
    const asApp = /^\/app(\/|$)|^\/repos\/[^/]+\/[^/]+\/installation$/.test(path);
    const installationId = asApp ? undefined : await this.#installationBy(outer);
    const auth = await this.#auth(outer);
    try {
      return await auth.hook(request, route, parameters);
    } catch (error) {
      if (asApp || !isRefusedLogin(error)) throw error;
      // A token that was revoked would be used until its hour is over.
      await auth({ type: 'installation', installationId: installationId ?? 0, refresh: true });
      return auth.hook(request, route, parameters);
    }
  }

  async #installationBy(outer: Request): Promise<number> {
    if (this.#installation === undefined) {
      const { data } = await outer('GET /repos/{owner}/{repo}/installation', { ...this.#repository });
      const id = (data as { id?: unknown } | null)?.id;
      if (typeof id !== 'number')
        throw new PortError('protocol', 'look for the installation of the GitHub App: no id');
      this.#installation = id;
    }
    return this.#installation;
  }

  /** Made anew when the key was replaced, and once the installation is known. */
  async #auth(outer: Request): Promise<ReturnType<typeof createAppAuth>> {
    const privateKey = (await this.#secrets.read(this.#access.privateKey)).reveal();
    const installationId = this.#installation;
    const key = digestOf(`${privateKey} ${installationId}`);
    if (this.#made?.key !== key) {
      const found = installationId === undefined ? {} : { installationId };
      const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
      const options = { appId: this.#access.appId, privateKey, request: outer, log: quiet, ...found };
      this.#made = { key, auth: createAppAuth(options) };
    }
    return this.#made.auth;
  }
}

function isRefusedLogin(error: unknown): boolean {
  return (error as { status?: unknown } | undefined)?.status === 401;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
