import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSettings, type Settings } from '../../reconciler/app/settings.ts';
import { PLAIN } from '../../reconciler/render/style.ts';
import { guide } from '../../scripts/demo/guide.ts';
import { obstacles } from '../../scripts/demo/obstacles.ts';
import { clustersOfDemo, prepareWorkspace, removeWorkspace } from '../../scripts/demo/workspace.ts';
import { healthy } from '../render/situations.ts';
import { emptyState, testIntent } from '../support/specs.ts';

const git = promisify(execFile);
const example = join(import.meta.dirname, '../../example-spec');
const DOCKER = 'unix:///var/run/docker.sock';

let folder = '';
let settings: Settings;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redisforge-demo-'));
  settings = readSettings({ flags: { stateDir: join(folder, 'state') }, environment: {}, cwd: folder });
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('the demo makes a repository with one commit, and the secrets that its spec refers to', async () => {
  const { repository, spec } = await prepareWorkspace(settings, example, DOCKER);
  expect(spec?.metadata.name).toBe('orders');
  const { stdout } = await git('git', ['log', '--format=%s'], { cwd: repository });
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect((await readdir(settings.secretsDir)).sort()).toEqual([
    'app-password',
    'operator-password',
    'readonly-password',
    'replication-password',
  ]);
  expect(await clustersOfDemo(settings)).toEqual(['orders']);
});

test('a second start leaves edits and secrets as they are', async () => {
  const { repository } = await prepareWorkspace(settings, example, DOCKER);
  const secret = await readFile(join(settings.secretsDir, 'app-password'), 'utf8');
  await writeFile(
    join(repository, 'cluster.yaml'),
    `# mine\n${await readFile(join(repository, 'cluster.yaml'), 'utf8')}`,
  );
  await prepareWorkspace(settings, example, DOCKER);
  expect(await readFile(join(repository, 'cluster.yaml'), 'utf8')).toMatch(/^# mine\n/);
  expect(await readFile(join(settings.secretsDir, 'app-password'), 'utf8')).toBe(secret);
});

test('an engine elsewhere on the machine is put into the spec', async () => {
  const { spec } = await prepareWorkspace(settings, example, 'unix:///run/user/1000/docker.sock');
  expect(new Set(spec?.hosts.map(({ docker }) => docker))).toEqual(
    new Set(['unix:///run/user/1000/docker.sock']),
  );
});

test('everything that was made is removed, and nothing else', async () => {
  await mkdir(settings.secretsDir, { recursive: true });
  await writeFile(join(settings.secretsDir, 'app-password'), 'mine');
  await mkdir(join(settings.stateDir, 'clusters/other'), { recursive: true });
  await mkdir(join(settings.stateDir, 'git'));
  await prepareWorkspace(settings, example, DOCKER);
  await mkdir(join(settings.stateDir, 'clusters/orders'));
  await removeWorkspace(settings);
  expect(await readdir(settings.secretsDir)).toEqual(['app-password']);
  expect((await readdir(settings.stateDir)).sort()).toEqual(['clusters', 'git', 'secrets']);
  expect(await readdir(join(settings.stateDir, 'clusters'))).toEqual(['other']);
  expect(await removeWorkspace(settings)).toEqual([]);
});

test('when nothing else is there the state folder goes too', async () => {
  await prepareWorkspace(settings, example, DOCKER);
  await removeWorkspace(settings);
  expect(existsSync(settings.stateDir)).toBe(false);
});

test('how to connect is told by where the password is, never by the password', async () => {
  const { spec } = await prepareWorkspace(settings, example, DOCKER);
  if (spec === undefined) throw new Error('the example is valid');
  const { live } = healthy();
  const text = guide({ spec, live, settings, cwd: folder, path: '' }, PLAIN);
  expect(text).toContain(
    '"$(cat state/secrets/app-password)" redis:8.6.3 redis-cli -c -h 127.0.0.1 -p 7001 --user app',
  );
  for (const file of await readdir(settings.secretsDir))
    expect(text).not.toContain((await readFile(join(settings.secretsDir, file), 'utf8')).trim());
});

test('a taken port and an overlapping network are told before anything is done', async () => {
  const { spec } = await prepareWorkspace(settings, example, DOCKER);
  if (spec === undefined || spec.network.mode !== 'bridge')
    throw new Error('the example has a network of its own');
  const socket = join(folder, 'docker.sock');
  const engine = createServer((_, response) => {
    response.end(
      JSON.stringify([{ Name: 'office', Labels: {}, IPAM: { Config: [{ Subnet: '10.213.0.0/16' }] } }]),
    );
  });
  await new Promise<void>((resolve) => engine.listen(socket, resolve));
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const nodes = spec.nodes.slice(0, 1).map((node) => ({ ...node, port }));
  const found = await obstacles({ ...spec, nodes }, emptyState(testIntent()), `unix://${socket}`);
  expect(found).toEqual([
    `port ${port} on 127.0.0.1, which orders-1 needs, is taken by another program`,
    'the subnet 10.213.47.0/24 of the example overlaps with the Docker network office (10.213.0.0/16)',
  ]);
  await Promise.all([engine, taken].map((server) => new Promise((resolve) => server.close(resolve))));
});
