/** The long-running reconciler on a real repository: commits, bad commits, force pushes, and a second one. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitSpecRepository } from '../../reconciler/adapters/git/spec-repository.ts';
import { FileLeases } from '../../reconciler/adapters/state/file-leases.ts';
import { Reconciler } from '../../reconciler/engine/reconciler.ts';
import type { ReconcilerEvent } from '../../reconciler/engine/reconciler-events.ts';
import { portsIn, RealCluster } from '../support/real-cluster.ts';

const run = promisify(execFile);
/** So long that only an engine's event can be the reason for a quick repair. */
const DRIFT_MS = 60_000;

describe('a reconciler that follows a branch', () => {
  let cluster: RealCluster;
  let folder: string;
  let repository: string;
  const stop = new AbortController();
  const events: ReconcilerEvent[] = [];
  let reconciler: Reconciler;
  let done: Promise<void>;

  const git = (...args: string[]) =>
    run('git', ['-C', repository, '-c', 'user.name=Test', '-c', 'user.email=test@localhost', ...args]);
  async function commit(text: string, message: string): Promise<string> {
    await writeFile(join(repository, 'cluster.yaml'), text);
    await git('commit', '--quiet', '--all', '--message', message);
    return (await git('rev-parse', 'HEAD')).stdout.trim();
  }
  const status = () => reconciler.status().clusters[cluster.name];
  const settled = (id: string) =>
    expect
      .poll(() => [status()?.status, status()?.commit], { timeout: 60_000, interval: 100 })
      .toEqual(['converged', id]);

  beforeAll(async () => {
    cluster = await RealCluster.create();
    folder = await mkdtemp(join(tmpdir(), 'redisforge-reconciler-'));
    repository = join(folder, 'repository');
    await run('git', ['init', '--quiet', '--initial-branch=main', repository]);
    await writeFile(join(repository, 'cluster.yaml'), cluster.specText());
    await git('add', 'cluster.yaml');
    await git('commit', '--quiet', '--message', 'A cluster');
    reconciler = follow('first', (event) => events.push(event));
    done = reconciler.run(stop.signal);
  });
  afterAll(async () => {
    stop.abort();
    await done;
    await cluster?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  function follow(holder: string, report: (event: ReconcilerEvent) => void): Reconciler {
    const ports = portsIn(cluster.directory);
    const source = {
      url: repository,
      branch: 'main',
      directory: join(folder, `mirror-${holder}`),
      environment: process.env,
    };
    const specs = new GitSpecRepository(source, ports.secrets);
    const leases = new FileLeases(join(folder, 'leases'), ports.clock);
    return new Reconciler(ports, specs, leases, { pollMs: 200, driftMs: DRIFT_MS, holder }, report);
  }

  it('converges what the head says', async () => {
    await settled((await git('rev-parse', 'HEAD')).stdout.trim());
  });

  it('carries a new commit out', async () => {
    cluster.edit((document) => {
      document.redis.config['maxmemory-policy'] = 'allkeys-lru';
    });
    await settled(await commit(cluster.specText(), 'Evict the least recently used'));
    expect(await cluster.asAdmin('2a', 'CONFIG', 'GET', 'maxmemory-policy')).toEqual([
      'maxmemory-policy',
      'allkeys-lru',
    ]);
    const steps = events.filter(
      (event) =>
        event.kind === 'progress' && event.cause.kind === 'change' && event.event.kind === 'step-ended',
    );
    expect(steps.length).toBeGreaterThan(0);
  });

  it('keeps the last good spec in force when a commit is invalid, and says so', async () => {
    const good = status()?.commit;
    await commit(cluster.specText().replace('allkeys-lru', 'evict-everything'), 'A mistake');
    await expect
      .poll(() => events.find(({ kind }) => kind === 'spec-invalid'), { timeout: 15_000 })
      .toMatchObject({ keeping: good });
    expect(status()?.status).toBe('converged');
    // Drift is repaired to the good one meanwhile.
    await cluster.container('1b').kill();
    await expect
      .poll(async () => (await cluster.container('1b').inspect()).State.Running, { timeout: 15_000 })
      .toBe(true);
    await settled(good as string);
  });

  it('is woken by the engine long before its interval', async () => {
    await commit(cluster.specText(), 'Mended');
    await expect.poll(() => reconciler.status().invalid, { timeout: 15_000 }).toEqual({});
    await settled((await git('rev-parse', 'HEAD')).stdout.trim());
    const began = performance.now();
    await cluster.container('3b').kill();
    await expect
      .poll(async () => (await cluster.container('3b').inspect()).State.Running, {
        timeout: 20_000,
        interval: 50,
      })
      .toBe(true);
    expect(performance.now() - began).toBeLessThan(DRIFT_MS / 3);
    await settled((await git('rev-parse', 'HEAD')).stdout.trim());
    const drift = events.filter(
      (event) =>
        event.kind === 'progress' && event.cause.kind === 'drift' && event.event.kind === 'step-ended',
    );
    expect(drift.length).toBeGreaterThan(0);
  });

  it('reports a branch that was force-pushed', async () => {
    await git('commit', '--quiet', '--amend', '--message', 'History, rewritten');
    await expect
      .poll(() => events.some((event) => event.kind === 'commit' && event.forced), { timeout: 15_000 })
      .toBe(true);
  });

  it('lets a second one stand by, which says why', async () => {
    const second = follow('second', () => {});
    const end = new AbortController();
    const ended = second.run(end.signal);
    await expect
      .poll(() => second.status().clusters[cluster.name]?.status, { timeout: 20_000 })
      .toBe('standby');
    expect(second.status().clusters[cluster.name]?.failures[0]?.reason).toContain('first');
    end.abort();
    await ended;
    expect(status()?.status).toBe('converged');
  });
});
