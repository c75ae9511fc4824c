/** A change from a branch to live servers, on real Git, Docker and Redis: shown, merged, carried out; a push past it is held. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitSpecRepository } from '../../reconciler/adapters/git/spec-repository.ts';
import { LocalForge, type Said } from '../../reconciler/adapters/local-forge/local-forge.ts';
import { FileLeases } from '../../reconciler/adapters/state/file-leases.ts';
import { PullRequests } from '../../reconciler/engine/pull-requests/pull-requests.ts';
import { Reconciler } from '../../reconciler/engine/reconciler.ts';
import type { ReconcilerEvent } from '../../reconciler/engine/reconciler-events.ts';
import { portsIn, RealCluster } from '../support/real-cluster.ts';

const run = promisify(execFile);
const PATIENCE = { timeout: 60_000, interval: 100 };

describe('a reconciler with the embedded forge', () => {
  let cluster: RealCluster;
  let folder: string;
  let repository: string;
  let reconciler: Reconciler;
  let done: Promise<void>;
  let stop = new AbortController();
  const said: Said[] = [];
  const events: ReconcilerEvent[] = [];

  const git = async (...args: string[]): Promise<string> =>
    (
      await run('git', ['-C', repository, '-c', 'user.name=Test', '-c', 'user.email=test@localhost', ...args])
    ).stdout.trim();

  async function commit(message: string): Promise<string> {
    await writeFile(join(repository, 'cluster.yaml'), cluster.specText());
    await git('add', 'cluster.yaml');
    await git('commit', '--quiet', '--allow-empty', '--message', message);
    return git('rev-parse', 'HEAD');
  }

  function start(): void {
    const ports = portsIn(cluster.directory);
    const source = { url: repository, branch: 'main', environment: process.env };
    const specs = new GitSpecRepository({ ...source, directory: join(folder, 'mirror') }, ports.secrets);
    const forge = new LocalForge({
      source: { ...source, directory: join(folder, 'forge') },
      secrets: ports.secrets,
      store: ports.store,
      onSaid: (each) => said.push(each),
    });
    const leases = new FileLeases(join(folder, 'leases'), ports.clock);
    const report = (event: ReconcilerEvent): void => void events.push(event);
    const pullRequests = new PullRequests({
      forge,
      repository: specs,
      ports,
      leases,
      settings: { branch: 'main', version: '0.0.0', holder: 'test' },
      report,
    });
    const settings = { pollMs: 300, driftMs: 2_000, holder: 'test' };
    stop = new AbortController();
    reconciler = new Reconciler(ports, specs, leases, settings, report, pullRequests);
    done = reconciler.run(stop.signal);
  }

  const status = (commitId: string, context: string): string | undefined =>
    said
      .flatMap((each) =>
        each.kind === 'status' && each.status.commit === commitId && each.status.context === context
          ? [each.status.state]
          : [],
      )
      .at(-1);
  const policyOf = async (node: string): Promise<string | undefined> =>
    ((await cluster.asAdmin(node, 'CONFIG', 'GET', 'maxmemory-policy')) as string[])[1];

  beforeAll(async () => {
    cluster = await RealCluster.create();
    folder = await mkdtemp(join(tmpdir(), 'redisforge-pull-requests-'));
    repository = join(folder, 'repository');
    await run('git', ['init', '--quiet', '--initial-branch=main', repository]);
    await commit('A cluster');
    start();
  });
  afterAll(async () => {
    stop.abort();
    await done;
    await cluster?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('shows what a branch would do, and does it once it is merged', async () => {
    await expect.poll(() => reconciler.status().clusters[cluster.name]?.status, PATIENCE).toBe('converged');
    await git('switch', '--quiet', '--force-create', 'lru', 'main');
    cluster.edit((document) => {
      document.redis.config['maxmemory-policy'] = 'allkeys-lru';
    });
    const head = await commit('Evict the least recently used');
    await expect.poll(() => status(head, 'redisforge/plan'), PATIENCE).toBe('success');
    const plan = said.find(({ kind }) => kind === 'comment');
    expect(plan?.kind === 'comment' ? plan.body : '').toContain('maxmemory-policy');
    expect(await policyOf('1a')).toBe('noeviction');

    await git('switch', '--quiet', 'main');
    await git('merge', '--quiet', '--no-ff', '--no-edit', 'lru');
    const merge = await git('rev-parse', 'HEAD');
    await expect.poll(() => status(merge, 'redisforge/apply'), PATIENCE).toBe('success');
    for (const node of ['1a', '2b', '3a']) expect(await policyOf(node)).toBe('allkeys-lru');
  });

  it('holds a push past all branches, also after a restart, until it is taken back', async () => {
    await git('switch', '--quiet', 'main');
    cluster.edit((document) => {
      document.redis.config['maxmemory-policy'] = 'volatile-ttl';
    });
    await commit('Nobody looked at this');
    const held = (): string | undefined => reconciler.status().held[cluster.name]?.code;
    await expect.poll(held, PATIENCE).toBe('direct-push');
    stop.abort();
    await done;
    start();
    await expect.poll(held, PATIENCE).toBe('direct-push');
    expect(await policyOf('1a')).toBe('allkeys-lru');
    await git('revert', '--no-edit', 'HEAD');
    cluster.edit((document) => {
      document.redis.config['maxmemory-policy'] = 'allkeys-lru';
    });
    await expect.poll(held, PATIENCE).toBeUndefined();
    await expect.poll(() => reconciler.status().clusters[cluster.name]?.status, PATIENCE).toBe('converged');
    expect(events.filter(({ kind }) => kind === 'defect')).toEqual([]);
  });
});
