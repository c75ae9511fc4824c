/** The lab of the forge's claims, on the fake GitHub. */
import { GithubForge, type GithubSettings } from '../../../reconciler/adapters/github/github-forge.ts';
import { type Clock, PortError, Secret, type Secrets, type StateStore } from '../../../reconciler/ports.ts';
import type { Ability, ForgeLab } from '../contract/forge-lab.ts';
import { FakeGithub, type FakeGithubOptions } from './fake-github.ts';
import type { FakeRepository } from './repository.ts';

export interface GithubLabOptions extends FakeGithubOptions {
  /** How RedisForge proves who it is. */
  readonly access: 'token' | 'app';
  /** Where the API is: as at github.com, or as on a GitHub Enterprise Server. */
  readonly base: '' | '/api/v3';
}

/** Secrets by name that a test may change, as a file is replaced. */
export class ChangingSecrets implements Secrets {
  readonly values = new Map<string, string>();

  async read(ref: Parameters<Secrets['read']>[0]): Promise<Secret> {
    const value = this.values.get('env' in ref ? ref.env : ref.file);
    if (value === undefined) throw new PortError('secret', 'there is no such secret');
    return new Secret(value);
  }
}

export class MemoryStore implements StateStore {
  readonly #documents = new Map<string, string>();

  async read(key: string): Promise<string | undefined> {
    return this.#documents.get(key);
  }

  async write(key: string, content: string): Promise<void> {
    this.#documents.set(key, content);
  }

  async append(key: string, line: string): Promise<void> {
    this.#documents.set(key, `${this.#documents.get(key) ?? ''}${line}\n`);
  }
}

/** Time goes on by itself, and whoever wants to wait has waited. */
export class HurriedClock implements Clock {
  readonly waits: number[] = [];
  /** How far this clock goes ahead of the machine's. Milliseconds. */
  ahead = 0;

  now(): number {
    return Date.now() + this.ahead;
  }

  async sleep(ms: number): Promise<void> {
    this.waits.push(ms);
    this.ahead += ms;
  }
}

const ALL: readonly Ability[] = [
  'remarks',
  'reviews',
  'forks',
  'drafts',
  'closing',
  'permissions',
  'teams',
  'issues',
];

const VERDICT = { approved: 'APPROVED', 'changes-requested': 'CHANGES_REQUESTED' } as const;
const MARKER = /\n\n<!-- redisforge v1 [^\n]* -->$/;

export class GithubLab implements ForgeLab {
  readonly can = new Set(ALL);
  readonly branch = 'main';
  readonly github: FakeGithub;
  readonly repository: FakeRepository;
  readonly self: string;
  readonly appId: number | undefined;
  readonly secrets = new ChangingSecrets();
  readonly clock = new HurriedClock();
  readonly forge: GithubForge;
  #store = new MemoryStore();
  readonly #settings: GithubSettings;

  private constructor(github: FakeGithub, repository: FakeRepository, options: GithubLabOptions) {
    this.github = github;
    this.repository = repository;
    const app = options.access === 'app' ? github.createApp('redisforge') : undefined;
    this.appId = app?.id;
    this.self = app === undefined ? 'forge-user' : 'redisforge[bot]';
    repository.setRole('forge-user', 'write');
    this.secrets.values.set('TOKEN', github.personalToken('forge-user'));
    if (app !== undefined) this.secrets.values.set('KEY', app.privateKey);
    this.#settings = {
      apiUrl: `${github.address}${options.base}`,
      owner: 'acme',
      repo: 'specs',
      branch: this.branch,
      version: '0.0.0-test',
      access:
        app === undefined
          ? { kind: 'token', token: { env: 'TOKEN' } }
          : { kind: 'app', appId: app.id, privateKey: { env: 'KEY' } },
      attemptTimeoutMs: 5000,
      retryBaseMs: 1,
      spacing: false,
    };
    this.forge = this.newForge();
  }

  static async create(options: GithubLabOptions): Promise<GithubLab> {
    const github = await FakeGithub.start(options);
    return new GithubLab(github, await github.createRepository('acme', 'specs'), options);
  }

  async dispose(): Promise<void> {
    await this.forge.close();
    await this.github.close();
  }

  /** A forge over the state that was kept so far. */
  newForge(other: Partial<GithubSettings> = {}): GithubForge {
    const { secrets, clock } = this;
    return new GithubForge({ ...this.#settings, ...other }, { secrets, clock, store: this.#store });
  }

  async restarted(state: 'kept' | 'lost'): Promise<GithubForge> {
    if (state === 'lost') this.#store = new MemoryStore();
    return this.newForge();
  }

  pushDirectly(files: Readonly<Record<string, string>>): Promise<string> {
    return this.repository.push(this.branch, files);
  }

  async propose(proposal: Parameters<ForgeLab['propose']>[0]): Promise<string> {
    return String(await this.repository.open(proposal));
  }

  push(pullRequest: string, files: Readonly<Record<string, string>>): Promise<string> {
    return this.repository.pushTo(Number(pullRequest), files);
  }

  merge(pullRequest: string): Promise<string> {
    return this.repository.merge(Number(pullRequest));
  }

  async closeUnmerged(pullRequest: string): Promise<void> {
    this.repository.closeUnmerged(Number(pullRequest));
  }

  async remark(pullRequest: string, author: string, body: string): Promise<string> {
    return String(this.repository.comment(Number(pullRequest), author, body));
  }

  async editRemark(id: string, body: string): Promise<void> {
    this.repository.editComment(Number(id), body);
  }

  async review(
    pullRequest: string,
    author: string,
    verdict: 'approved' | 'changes-requested',
  ): Promise<void> {
    this.repository.review(Number(pullRequest), author, VERDICT[verdict]);
  }

  async setPermission(login: string, permission: 'none' | 'read' | 'write' | 'admin'): Promise<void> {
    this.repository.setRole(login, permission);
  }

  async addToTeam(team: string, login: string): Promise<void> {
    this.github.addToTeam(team, login);
  }

  async comments(pullRequest: string): Promise<readonly string[]> {
    return this.repository
      .commentsOn(Number(pullRequest))
      .filter(({ author }) => author?.login === this.self)
      .map(({ body }) => body.replace(MARKER, ''));
  }

  async statuses(commit: string): ReturnType<ForgeLab['statuses']> {
    return this.repository.statusesOf(commit).map(({ context, state, description }) => ({
      context,
      state: state as 'pending',
      description: description ?? '',
    }));
  }

  async issues(): ReturnType<ForgeLab['issues']> {
    return this.repository
      .issues()
      .map(({ title, body, state }) => ({ title, state, body: body.replace(MARKER, '') }));
  }

  async checks(commit: string): ReturnType<ForgeLab['checks']> {
    return this.repository.checksOf(commit).map(({ name, summary, annotations }) => ({
      name,
      summary: summary ?? '',
      annotations: annotations.map((each) => ({
        path: each.path,
        line: each.start_line,
        level: each.annotation_level as 'failure',
        title: each.title ?? '',
        message: each.message,
      })),
    }));
  }

  async writes(): Promise<number> {
    return this.github.writes();
  }
}
