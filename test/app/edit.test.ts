/** The commands that edit a spec file, as child processes on real files. No engine answers, so that every plan is blocked. */
import { execFile } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { replaceSpecFile } from '../../reconciler/app/edited-file.ts';

const root = join(import.meta.dirname, '../..');
const BLOCKED = 3;

let folder = '';
let spec = '';
let original = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redisforge-edit-'));
  const example = await readFile(join(root, 'example-spec/cluster.yaml'), 'utf8');
  original = example.replaceAll('unix:///var/run/docker.sock', `unix://${join(folder, 'no-engine')}`);
  spec = join(folder, 'orders/cluster.yaml');
  await mkdir(join(folder, 'orders'));
  await writeFile(spec, original);
  expect((await redisforge('secrets', '--spec', spec)).code).toBe(0);
});
beforeEach(() => writeFile(spec, original));
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function redisforge(...args: string[]): Promise<Run> {
  return run(process.execPath, join(root, 'reconciler/app/main.ts'), ...args);
}

function run(command: string, ...args: string[]): Promise<Run> {
  const env = { PATH: process.env['PATH'] ?? '', REDISFORGE_STATE_DIR: join(folder, 'state') };
  return new Promise((resolve) => {
    execFile(command, args, { cwd: folder, env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 128, out, err });
    });
  });
}

const content = () => readFile(spec, 'utf8');

describe('an edit', () => {
  test('shows what would change, and changes nothing, with --dry-run', async () => {
    const before = await stat(spec);
    const { code, out, err } = await redisforge('scale', '--shards', '4', '--spec', 'orders', '--dry-run');
    expect(code).toBe(2);
    const [, , hunk, ...lines] = out.trimEnd().split('\n');
    expect(hunk).toBe('@@ -84,3 +84,6 @@');
    expect(lines.filter((line) => !line.startsWith(' '))).toEqual([
      '+',
      '+  - { name: orders-4, shard: s4, host: a1, role: primary, port: 7007, address: 10.213.47.17 }',
      '+  - { name: orders-4r, shard: s4, host: b1, role: replica, port: 7008, address: 10.213.47.18 }',
    ]);
    expect(err).toContain('new shard s4: orders-4 on a1 (zone eu-a), orders-4r on b1 (zone eu-b)');
    // What the rules say about it is said: here that four shards need four zones.
    expect(err).toContain('warning[majority-in-one-zone]');
    expect(await content()).toBe(original);
    expect((await stat(spec)).mtimeMs).toBe(before.mtimeMs);
  });

  test('writes the file, keeps its permissions, and shows the plan of what it says now', async () => {
    await chmod(spec, 0o640);
    const { code, out, err } = await redisforge('scale', '--shards', '5', '--spec', spec);
    expect(err).toContain(`written: ${spec}; nothing was done to the cluster`);
    expect(out).toContain('+  - { name: orders-5, shard: s5,');
    // The plan is that of `plan`, with its exit code.
    const plan = await redisforge('plan', '--spec', spec);
    expect(plan.code).toBe(BLOCKED);
    expect(plan.out).toContain('orders-4r and 2 more');
    expect(code).toBe(BLOCKED);
    expect(out.endsWith(plan.out)).toBe(true);
    expect((await stat(spec)).mode & 0o7777).toBe(0o640);
    expect(await readdir(join(folder, 'orders'))).toEqual(['cluster.yaml']);
    expect((await redisforge('validate', spec)).code).toBe(0);
  });

  test('that was made already writes nothing', async () => {
    const before = await stat(spec);
    const { code, out, err } = await redisforge('scale', '--shards', '3', '--spec', spec);
    expect(err).toContain('says so already');
    expect(out).not.toContain('@@');
    expect(code).toBe(BLOCKED);
    expect((await stat(spec)).mtimeMs).toBe(before.mtimeMs);
    expect((await redisforge('set', 'network.publish', '127.0.0.1', '--spec', spec, '--dry-run')).code).toBe(
      0,
    );
  });

  test('is shown as a difference that git can apply', async () => {
    const args = ['replace', 'orders-2r', '--with', 'a1', '--spec', 'orders/cluster.yaml'];
    const { out } = await redisforge(...args, '--dry-run');
    await writeFile(join(folder, 'edit.diff'), out);
    expect(await run('git', 'apply', '-p0', 'edit.diff')).toMatchObject({ code: 0, err: '' });
    const applied = await content();
    await writeFile(spec, original);
    await redisforge(...args);
    expect(await content()).toBe(applied);
    expect(applied).toContain(
      '- { name: orders-2r-2, shard: s2, host: a1, role: replica, port: 7007, address: 10.213.47.17 }',
    );
  });

  test('of a link changes what it leads to', async () => {
    const link = join(folder, 'linked.yaml');
    await symlink(spec, link);
    await redisforge('set', 'redis.config.maxmemory', '64mb', '--spec', link);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await content()).toBe(original.replace('maxmemory: 96mb', 'maxmemory: 64mb'));
  });

  test('leaves a byte order mark and carriage returns where they are', async () => {
    const windows = `\uFEFF${original.replaceAll('\n', '\r\n')}`;
    await writeFile(spec, windows);
    await redisforge('move', 'orders-1r', '--to', 'c1', '--name', 'orders-1x', '--spec', spec);
    expect(await content()).toBe(
      windows.replace(
        '{ name: orders-1r, shard: s1, host: b1, role: replica, port: 7004, address: 10.213.47.14 }',
        '{ name: orders-1x, shard: s1, host: c1, role: replica, port: 7007, address: 10.213.47.17 }',
      ),
    );
  });

  test('of a file that somebody else has changed meanwhile is given up', async () => {
    await writeFile(spec, `${original}# theirs\n`);
    await expect(replaceSpecFile(spec, original, `${original}# ours\n`)).rejects.toThrow('has changed while');
    expect(await content()).toBe(`${original}# theirs\n`);
    expect(await readdir(join(folder, 'orders'))).toEqual(['cluster.yaml']);
  });
});

describe('is refused with the reason, and writes nothing', () => {
  test.each([
    [['set', 'redis.config.maxmemory', '12gb'], 'error[memory-limit-too-small]', '34 |   memory: 256mb'],
    [['set', 'redis.config.maxmemry', '12gb'], 'error[unknown-directive]', 'did you mean `maxmemory`?'],
    [['set', 'redis.confg.maxmemory', '12gb'], 'error[unknown-path]', 'did you mean `config`?'],
    [['set', 'nodes.orders-11.port', '1'], 'error[unknown-entry]', 'did you mean `orders-1`?'],
    [['set', 'nodes.orders-1.host', 'c1'], 'error[host-of-node]', 'redisforge move orders-1 --to c1'],
    [['set', 'auth.operator.password', 'hunter2'], 'error[literal-secret]', 'auth.operator.password.file'],
    [['set', 'users', 'x'], 'error[not-a-value]', 'users.NAME.FIELD'],
    [['scale', '--shards', '2'], 'error[too-few-shards]', 'add nodes of 1 more'],
    [['scale', '--replicas', '3'], 'error[too-few-zones]', 'add a host in another zone'],
    [['scale'], 'say how many there are to be', '--shards, --replicas or both'],
    [['move', 'orders-1', '--to', 'c1'], 'error[majority-in-one-zone]', 'make `orders-3r` the primary'],
    [['move', 'orders-1', '--to', 'a1'], 'error[same-host]', 'name another host'],
    [['move', 'orders-1', '--to', 'd1'], 'error[unknown-host]', 'did you mean `a1`?'],
    [['replace', 'orders-7', '--with', 'a1'], 'error[unknown-node]', 'did you mean `orders-1`?'],
    [['move', 'orders-1r', '--to', 'c1', '--port', '7003'], 'error[duplicate-published-port]', '7003'],
    [['move', 'orders-1r', '--to', 'c1', '--name', 'orders-2'], 'error[duplicate-node]', 'another name'],
  ])('%j', async (args, ...words) => {
    const { code, out, err } = await redisforge(...args, '--spec', spec);
    for (const word of words) expect(err).toContain(word);
    expect([code, out]).toEqual([1, '']);
    expect(err).not.toContain('hunter2');
    expect(await content()).toBe(original);
  });

  test('when the path leads to several specs', async () => {
    await mkdir(join(folder, 'carts'), { recursive: true });
    await writeFile(join(folder, 'carts/cluster.yaml'), original.replace('name: orders #', 'name: carts #'));
    const { code, err } = await redisforge('scale', '--shards', '4', '--spec', '.');
    expect(code).toBe(1);
    expect(err).toContain('carts/cluster.yaml');
    expect(err).toContain('orders/cluster.yaml');
  });

  test('when the file is not valid as it is, unless that is put right', async () => {
    const wrong = original.replace('policy: allkeys-lru', 'policy: allkeys-lruu');
    await writeFile(spec, wrong);
    const scaled = await redisforge('scale', '--shards', '4', '--spec', spec);
    expect([scaled.code, scaled.out]).toEqual([1, '']);
    expect(scaled.err).toContain('error[invalid-directive-value]');
    expect(await content()).toBe(wrong);
    await redisforge('set', 'redis.config.maxmemory-policy', 'allkeys-lru', '--spec', spec);
    expect(await content()).toBe(original);
  });

  test('when the file is no YAML', async () => {
    await writeFile(spec, 'nodes: [\n');
    const { code, err } = await redisforge('set', 'metadata.name', 'x', '--spec', spec);
    expect(code).toBe(1);
    expect(err).toContain('cluster.yaml:');
    expect(await content()).toBe('nodes: [\n');
  });
});
