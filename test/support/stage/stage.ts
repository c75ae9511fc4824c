/** A whole stage for the life of pull requests: a GitHub, a repository there, a real cluster, and the real command. */
import { createHmac } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeGithub } from '../github/fake-github.ts';
import type { FakeRepository } from '../github/repository.ts';
import type { Check } from '../github/world.ts';
import { eventually } from '../lab-containers.ts';
import { RealCluster } from '../real-cluster.ts';
import { LOADER_PASSWORD, OPERATOR_PASSWORD } from '../real-spec.ts';
import { Service } from './service.ts';

/** Log-in of the person whose token RedisForge has, and the slug of its App. */
const PERSON = 'forge-bot';
const APP = 'forge-app';

export interface StageOptions {
  /** Where the API lies: '' as at github.com, `/api/v3` as at GitHub Enterprise. */
  readonly api: '' | '/api/v3';
  /** Whether RedisForge is a GitHub App, or has somebody's token. */
  readonly as: 'app' | 'token';
  /** Text of `redisforge.policy.yaml`, if there is to be one. */
  readonly policy?: string;
  /** Time between looks at the forge, as a setting. */
  readonly poll?: string;
}

/** Shared with whoever calls the webhook. */
const WEBHOOK_SECRET = 'webhook-secret-of-the-stage';

/** Who RedisForge is at the GitHub. */
interface Identity {
  readonly login: string;
  /** What has to be in the file `github-identity`, and a part of it that nothing else can contain by chance. */
  readonly file: string;
  readonly secret: string;
  readonly settings: Readonly<Record<string, string>>;
}

function personOf(github: FakeGithub): Identity {
  const token = github.personalToken(PERSON);
  return {
    login: PERSON,
    file: token,
    secret: token,
    settings: {
      REDISFORGE_GITHUB_TOKEN_FILE: 'github-identity',
      REDISFORGE_REPOSITORY_TOKEN_FILE: 'github-identity',
    },
  };
}

function appOf(github: FakeGithub): Identity {
  const { id, installation, privateKey } = github.createApp(APP);
  return {
    login: `${APP}[bot]`,
    file: privateKey,
    secret: privateKey.split('\n')[1] ?? '',
    settings: {
      REDISFORGE_GITHUB_APP_ID: String(id),
      REDISFORGE_GITHUB_APP_KEY_FILE: 'github-identity',
      REDISFORGE_GITHUB_APP_INSTALLATION: String(installation),
    },
  };
}

export class Stage {
  readonly cluster: RealCluster;
  readonly github: FakeGithub;
  readonly repository: FakeRepository;
  /** RedisForge's own log-in there. */
  readonly self: string;
  /** What nobody may ever see. */
  readonly secrets: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #services: Service[] = [];

  private constructor(
    cluster: RealCluster,
    github: FakeGithub,
    repository: FakeRepository,
    environment: Readonly<Record<string, string>>,
    identity: Identity,
  ) {
    this.self = identity.login;
    const passwords = [OPERATOR_PASSWORD, 'replication-password', LOADER_PASSWORD];
    this.secrets = [identity.secret, WEBHOOK_SECRET, ...passwords];
    this.cluster = cluster;
    this.github = github;
    this.repository = repository;
    this.#environment = environment;
  }

  static async create({ api, as, policy, poll = '500ms' }: StageOptions): Promise<Stage> {
    const cluster = await RealCluster.create({ more: { policies: { canarySoak: 0 } } });
    const github = await FakeGithub.start();
    const repository = await github.createRepository('ops', 'clusters', {
      files: {
        'cluster.yaml': cluster.specText(),
        ...(policy === undefined ? {} : { 'redisforge.policy.yaml': policy }),
      },
    });
    for (const login of ['ada', 'bob', PERSON]) repository.setRole(login, 'write');
    const identity = as === 'app' ? appOf(github) : personOf(github);
    const secrets = { 'github-identity': identity.file, 'webhook-secret': WEBHOOK_SECRET };
    for (const [file, value] of Object.entries(secrets))
      await writeFile(join(cluster.directory, file), `${value}\n`, { mode: 0o600 });
    return new Stage(
      cluster,
      github,
      repository,
      {
        REDISFORGE_FORGE: 'github',
        REDISFORGE_REPOSITORY: repository.cloneUrl,
        REDISFORGE_GITHUB_API_URL: `${github.address}${api}`,
        ...identity.settings,
        REDISFORGE_SECRETS_DIR: cluster.directory,
        REDISFORGE_POLL_INTERVAL: poll,
        REDISFORGE_WEBHOOK_SECRET_FILE: 'webhook-secret',
        REDISFORGE_DRIFT_INTERVAL: '1s',
        REDISFORGE_LOG_FORMAT: 'json',
        REDISFORGE_PORT: '0',
      },
      identity,
    );
  }

  /** Starts `redisforge run`. @param state name of its state folder; processes that share one share their leases. */
  async reconciler(state = 'run'): Promise<Service> {
    const folder = join(this.cluster.directory, state);
    await mkdir(folder, { recursive: true });
    const service = new Service({ ...this.#environment, REDISFORGE_STATE_DIR: folder });
    this.#services.push(service);
    return service;
  }

  /** Opens a pull request with the cluster's spec as it was edited. @returns its number */
  open(branch: string, title: string, options: { author?: string; fork?: boolean } = {}): Promise<number> {
    return this.repository.open({
      branch,
      title,
      author: options.author ?? 'ada',
      files: { 'cluster.yaml': this.cluster.specText() },
      ...(options.fork === true ? { fork: true } : {}),
    });
  }

  /** The spec as it was edited, one more commit on the branch of a pull request. @returns the commit */
  push(number: number): Promise<string> {
    return this.repository.pushTo(number, { 'cluster.yaml': this.cluster.specText() });
  }

  head(number: number): string {
    return this.repository.pull(number).pull.headCommit;
  }

  /** Our comments under a pull request. */
  ours(number: number): readonly { id: number; body: string }[] {
    return this.repository.commentsOn(number).filter(({ author }) => author?.login === this.self);
  }

  /** The one comment in which the cluster's plan stands; '' while there is none. */
  comment(number: number): string {
    return this.ours(number).find(({ body }) => body.includes('"plan/'))?.body ?? '';
  }

  /** Everything that we have said under a pull request. */
  said(number: number): string {
    return this.ours(number)
      .map(({ body }) => body)
      .join('\n');
  }

  /** The check run of the cluster's plan, where RedisForge is an App. */
  check(commit: string): Check | undefined {
    return this.repository.checksOf(commit).find(({ name }) => name.includes(this.cluster.name));
  }

  /** Titles of issues that are open. */
  openIssues(): readonly string[] {
    return this.repository.issues().flatMap(({ state, title }) => (state === 'open' ? [title] : []));
  }

  status(commit: string, context: string): string {
    const found = this.repository.statusesOf(commit).find((each) => each.context === context);
    return found === undefined ? 'none' : `${found.state}: ${found.description}`;
  }

  /**
   * Calls the webhook of every reconciler as GitHub does. @param payload what it is about, which nobody has to believe.
   * @returns the answers' status codes
   */
  async ring(payload: object = { zen: 'anything' }): Promise<number[]> {
    const body = JSON.stringify(payload);
    const signature = `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(body).digest('hex')}`;
    const headers = { 'x-github-event': 'push', 'x-hub-signature-256': signature };
    return await Promise.all(
      this.#ports().map(async (port) => {
        const answer = await fetch(`http://127.0.0.1:${port}/webhook`, { method: 'POST', headers, body });
        return answer.status;
      }),
    );
  }

  /** Of the reconcilers that run. */
  pids(): number[] {
    return this.#services.flatMap(({ isOver, pid }) => (isOver || pid === undefined ? [] : [pid]));
  }

  #ports(): number[] {
    return this.#services.flatMap(({ isOver, port }) => (isOver || port === undefined ? [] : [port]));
  }

  /** What the reconcilers that run serve to anybody. */
  async served(): Promise<string> {
    const paths = ['/healthz', '/readyz', '/metrics', `/plans?cluster=${this.cluster.name}`];
    const addresses = this.#ports().flatMap((port) => paths.map((path) => `http://127.0.0.1:${port}${path}`));
    const pages = await Promise.all(addresses.map(async (address) => (await fetch(address)).text()));
    return pages.join('\n');
  }

  /** Every byte that left the reconcilers: their logs, and what they sent to the forge, names and texts alike. */
  emitted(): string {
    const calls = this.github.calls.map(({ path, body }) => `${path} ${JSON.stringify(body)}`);
    return [...this.#services.flatMap(({ log }) => log), ...calls].join('\n');
  }

  /** Waits until the cluster that the first head describes has been formed. */
  async serves(deadlineMs: number): Promise<void> {
    const serving = async () => (await this.cluster.observe()).live.serving === 'yes';
    await eventually('the cluster serves', serving, deadlineMs);
  }

  async commentSays(number: number, words: RegExp, deadlineMs = 90_000): Promise<void> {
    await this.#eventually(
      () => words.test(this.comment(number)),
      deadlineMs,
      () => `the comment of #${number} says ${words}; it says:\n${this.comment(number).slice(0, 3000)}`,
    );
  }

  async statusIs(commit: string, context: string, words: RegExp, deadlineMs = 90_000): Promise<void> {
    await this.#eventually(
      () => words.test(this.status(commit, context)),
      deadlineMs,
      () => `${context} of ${commit} is ${words}; it is ${this.status(commit, context)}`,
    );
  }

  async #eventually(holds: () => boolean, deadlineMs: number, what: () => string): Promise<void> {
    try {
      await eventually('', holds, deadlineMs);
    } catch {
      const said = this.#services.map((service) => service.log.slice(-15).join('\n')).join('\n--\n');
      throw new Error(`did not come: ${what()}\n\n${said}`);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.kill()));
    await this.github?.close();
    await this.cluster?.remove();
  }
}
