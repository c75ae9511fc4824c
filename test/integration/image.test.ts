/** The reconciler's own image: built, run with the engine's socket and a repository mounted, it converges a cluster. */
import { execFile } from 'node:child_process';
import { chmod, chown, cp, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildReconcilerImage } from '../../scripts/reconciler-image.js';
import { RealCluster } from '../support/real-cluster.ts';
import { ENGINE } from '../support/real-spec.ts';

const run = promisify(execFile);
/** The user that the image runs as. */
const IMAGE_USER = 1000;

describe('the image of the reconciler', () => {
  let cluster: RealCluster;
  let folder: string;
  let container: Docker.Container | undefined;

  beforeAll(async () => {
    await buildReconcilerImage(ENGINE, { tag: 'redisforge:test' });
    cluster = await RealCluster.create();
    folder = await mkdtemp(join(tmpdir(), 'redisforge-image-'));
    await chmod(folder, 0o755);
    // A repository as an engineer has it, and the secrets as only the image's user can read them.
    const repository = join(folder, 'repository');
    await run('git', ['init', '--quiet', '--initial-branch=main', repository]);
    await writeFile(join(repository, 'cluster.yaml'), cluster.specText());
    await run('git', ['-C', repository, 'add', 'cluster.yaml']);
    await run('git', [
      '-C',
      repository,
      '-c',
      'user.name=Test',
      '-c',
      'user.email=test@localhost',
      'commit',
      '--quiet',
      '--message',
      'A cluster',
    ]);
    for (const secret of ['operator', 'replication', 'loader']) {
      await cp(join(cluster.directory, secret), join(folder, 'secrets', secret));
      await chmod(join(folder, 'secrets', secret), 0o600);
      await chown(join(folder, 'secrets', secret), IMAGE_USER, IMAGE_USER);
    }
  });
  afterAll(async () => {
    await container?.remove({ force: true });
    await cluster?.remove();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<Docker.Container> {
    const socket = ENGINE.replace('unix://', '');
    const created = await cluster.docker.createContainer({
      Image: 'redisforge:test',
      // Its own label only: what carries a node's label is a node.
      Labels: { 'dev.redisforge.test': cluster.name },
      Env: [
        'REDISFORGE_REPOSITORY=/specs',
        'REDISFORGE_SECRETS_DIR=/secrets',
        'REDISFORGE_PORT=off',
        'REDISFORGE_POLL_INTERVAL=1s',
        'REDISFORGE_DRIFT_INTERVAL=1s',
      ],
      HostConfig: {
        NetworkMode: 'host',
        Binds: [
          `${socket}:/var/run/docker.sock`,
          `${join(folder, 'repository')}:/specs:ro`,
          `${join(folder, 'secrets')}:/secrets:ro`,
        ],
        GroupAdd: [String((await stat(socket)).gid)],
      },
    });
    await created.start();
    return created;
  }

  const logs = async (): Promise<string> =>
    String(await container?.logs({ stdout: true, stderr: true, follow: false }));

  it('runs as nobody in particular, and converges the repository that it is given', async () => {
    container = await start();
    await expect
      .poll(async () => (await cluster.observe()).live.serving, { timeout: 90_000, interval: 1_000 })
      .toBe('yes');
    await expect
      .poll(async () => (await cluster.plan()).status, { timeout: 60_000, interval: 1_000 })
      .toBe('converged');
    const { Config } = await container.inspect();
    expect(Config.User).toBe('node');
    expect(await logs()).toContain('deploy-node');
  });

  it('repairs what is broken while it runs', async () => {
    await cluster.container('1b').kill();
    await expect
      .poll(async () => (await cluster.container('1b').inspect()).State.Running, {
        timeout: 30_000,
        interval: 200,
      })
      .toBe(true);
    await expect
      .poll(async () => (await cluster.plan()).status, { timeout: 60_000, interval: 500 })
      .toBe('converged');
  });

  it('ends in order when it is told to', async () => {
    await container?.stop({ t: 20 });
    expect((await container?.inspect())?.State.ExitCode).toBe(0);
  });

  it('shows no secret, neither in its log nor in what the engine tells of it', async () => {
    const inspected = JSON.stringify(await container?.inspect());
    for (const secret of ['operator-password', 'replication-password', 'loader-password']) {
      expect(await logs()).not.toContain(secret);
      expect(inspected).not.toContain(secret);
    }
  });
});
