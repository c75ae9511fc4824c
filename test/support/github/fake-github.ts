/**
 * A GitHub on this machine, for tests: people push, propose, review, comment and merge by the verbs here; RedisForge sees
 * it through the API and through Git, as it would see GitHub.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Files, GitFolder } from './git-folder.ts';
import { type LimitSettings, Limits, USUAL_LIMITS } from './limits.ts';
import { FakeRepository } from './repository.ts';
import { type Call, GithubServer } from './server.ts';
import { type Grants, type Repository, World } from './world.ts';

export interface FakeGithubOptions {
  /** Milliseconds since the epoch; the machine's own time unless given. */
  readonly now?: () => number;
  readonly limits?: Partial<LimitSettings>;
}

/** What RedisForge asks of an App's installation, and what an administrator grants when it is set up. */
export const USUAL_GRANTS: Grants = {
  checks: 'write',
  contents: 'read',
  issues: 'write',
  members: 'read',
  metadata: 'read',
  pull_requests: 'write',
  statuses: 'write',
};

/** Of every App in this process: a pair takes a quarter of a second to make. */
let keys: { readonly publicKey: string; readonly privateKey: string } | undefined;

export class FakeGithub {
  readonly world: World;
  readonly #server: GithubServer;
  readonly #folder: string;

  private constructor(folder: string, { now = () => Date.now(), limits }: FakeGithubOptions) {
    this.#folder = folder;
    this.world = new World(now);
    const kept = new Limits({ ...USUAL_LIMITS, ...limits }, now);
    this.#server = new GithubServer(this.world, kept, (repository) => this.of(repository).noticePush());
  }

  static async start(options: FakeGithubOptions = {}): Promise<FakeGithub> {
    const github = new FakeGithub(await mkdtemp(join(tmpdir(), 'rf-fake-github-')), options);
    await github.#server.listen();
    return github;
  }

  async close(): Promise<void> {
    await this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** `http://127.0.0.1:<port>`; the API of GitHub Enterprise is below it at `/api/v3`. */
  get address(): string {
    return this.#server.address;
  }

  /** What did not fit GitHub's description, of our requests and of its own answers. Expect it to be empty. */
  get contractErrors(): readonly string[] {
    return this.#server.contractErrors;
  }

  get calls(): readonly Call[] {
    return this.#server.calls;
  }

  get faults(): GithubServer['faults'] {
    return this.#server.faults;
  }

  /** Requests that GitHub counts: 304 costs nothing. */
  counted(): number {
    return this.calls.filter(({ status }) => status !== 304).length;
  }

  /** Requests that change something. */
  writes(): number {
    return this.calls.filter(({ method, operation }) => method !== 'GET' && !operation.startsWith('apps/'))
      .length;
  }

  /** A repository with one commit on `main`. */
  async createRepository(
    owner: string,
    name: string,
    options: { readonly files?: Files; readonly private?: boolean } = {},
  ): Promise<FakeRepository> {
    this.world.person(owner);
    const folder = join(this.#folder, `${this.world.nextId()}.git`);
    const git = await GitFolder.create(folder, 'main');
    await git.commit('main', options.files ?? { 'README.md': 'specs\n' }, {
      message: 'first',
      author: owner,
    });
    return this.#add(owner, name, folder, options.private ?? true, undefined);
  }

  /** A copy of a repository in somebody else's name. */
  async fork(parent: Repository, owner: string): Promise<Repository> {
    const existing = this.world.repository(owner, parent.name);
    if (existing !== undefined) return existing;
    this.world.person(owner);
    const folder = join(this.#folder, `${this.world.nextId()}.git`);
    const git = await GitFolder.create(folder, parent.defaultBranch);
    await git.run('fetch', '--quiet', parent.folder, '+refs/heads/*:refs/heads/*');
    return this.#add(owner, parent.name, folder, parent.private, parent).data;
  }

  /** A person's classic token (with scopes), or a fine-grained one (with grants). */
  personalToken(
    login: string,
    options: { readonly scopes?: readonly string[]; readonly grants?: Grants } = {
      scopes: ['repo', 'read:org'],
    },
  ): string {
    const token = `${options.scopes === undefined ? 'github_pat' : 'ghp'}_${this.world.nextId()}x${login}`;
    this.world.principals.set(token, {
      kind: 'user',
      person: this.world.person(login),
      scopes: options.scopes,
      grants: options.grants,
      expiresAt: Number.POSITIVE_INFINITY,
    });
    return token;
  }

  revoke(token: string): void {
    this.world.principals.delete(token);
  }

  /** Every token that Apps were given; those are then refused, though they have not expired. */
  revokeInstallationTokens(): void {
    for (const [token, { kind }] of this.world.principals) if (kind === 'installation') this.revoke(token);
  }

  /** An App with one installation. */
  createApp(
    slug: string,
    grants: Grants = USUAL_GRANTS,
  ): { id: number; installation: number; privateKey: string } {
    keys ??= generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const { publicKey, privateKey } = keys;
    const [id, installation] = [this.world.nextId(), this.world.nextId()];
    const bot = this.world.person(`${slug}[bot]`, 'Bot');
    this.world.apps.push({ id, slug, publicKey, bot, installation, grants });
    return { id, installation, privateKey };
  }

  addToTeam(team: string, login: string, state: 'active' | 'pending' = 'active'): void {
    this.world.person(login);
    const members = this.world.teams.get(team) ?? new Map<string, 'active' | 'pending'>();
    this.world.teams.set(team, members.set(login, state));
  }

  of(repository: Repository): FakeRepository {
    return new FakeRepository(this, repository);
  }

  #add(
    owner: string,
    name: string,
    folder: string,
    isPrivate: boolean,
    parent: Repository | undefined,
  ): FakeRepository {
    const repository: Repository = {
      id: this.world.nextId(),
      owner,
      name,
      formerNames: [],
      private: isPrivate,
      defaultBranch: 'main',
      folder,
      parent,
      roles: new Map(),
      issues: new Map(),
      comments: new Map(),
      statuses: [],
      checks: new Map(),
    };
    this.world.repositories.push(repository);
    return this.of(repository);
  }
}
