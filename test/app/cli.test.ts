/** The real command as a child process, as far as it needs no engine. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redisforge-cli-'));
  await cp(join(root, 'example-spec'), join(folder, 'specs/orders'), { recursive: true });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function redisforge(args: readonly string[], environment: Record<string, string> = {}): Promise<Run> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    REDISFORGE_STATE_DIR: join(folder, 'state'),
    ...environment,
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, 'reconciler/app/main.ts'), ...args],
      { cwd: folder, env },
      (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 128, out, err });
      },
    );
  });
}

async function specWith(name: string, change: (text: string) => string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, change(await readFile(join(root, 'example-spec/cluster.yaml'), 'utf8')));
  return path;
}

describe('help', () => {
  test('is there for every command, with examples', async () => {
    const { out, code } = await redisforge(['--help']);
    expect(code).toBe(0);
    const commands = [...out.matchAll(/^ {2}([a-z]+)[ \w[\]<>.-]* {2,}\S/gm)].map(
      (match) => match[1] as string,
    );
    expect(commands).toEqual(
      expect.arrayContaining(['validate', 'plan', 'apply', 'status', 'explain', 'secrets', 'schema', 'run']),
    );
    const helps = await Promise.all(
      commands.filter((name) => name !== 'help').map((name) => redisforge([name, '--help'])),
    );
    for (const help of helps) {
      expect(help.code).toBe(0);
      expect(help.out).toContain('Examples:');
    }
  });

  test.each([
    [['plann'], 'Did you mean plan?'],
    [['plan', '--specc', 'x'], 'Did you mean --spec?'],
    [['plan'], "'--spec <path>' is missing"],
    [['plan', '--spec', 'specs', '--format', 'yaml'], 'Allowed choices are human, json, markdown'],
  ])('%j is an error that says what was meant', async (args, words) => {
    const { code, err, out } = await redisforge(args);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(words);
    expect(err).not.toContain('    at ');
  });
});

describe('validate', () => {
  test('checks the policy beside the specs, or alone', async () => {
    const specs = join(folder, 'specs/orders');
    expect(await redisforge(['validate', specs])).toMatchObject({
      code: 0,
      out: expect.stringContaining('redisforge.policy.yaml: valid'),
    });
    const path = join(folder, 'redisforge.policy.yaml');
    const text = await readFile(join(specs, 'redisforge.policy.yaml'), 'utf8');
    await writeFile(path, text.replace('confirm:', 'confrm:'));
    const alone = await redisforge(['validate', path]);
    expect(alone).toMatchObject({ code: 1, out: expect.stringContaining('did you mean `confirm`') });
    expect(alone.out).not.toContain('cluster.yaml');
    await rm(path);
  });

  test('accepts the example', async () => {
    const { code, out } = await redisforge(['validate', 'specs']);
    expect(code).toBe(0);
    expect(out).toContain('specs/orders/cluster.yaml: valid, 6 nodes on 3 hosts (1 warning)');
  });

  test('shows each problem with its place, the line and a caret', async () => {
    const path = await specWith('broken.yaml', (text) => text.replace('maxmemory: 96mb', 'maxmemroy: 96mb'));
    const { code, out } = await redisforge(['validate', path]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /broken\.yaml:20:5: error\[unknown-directive\][^\n]*\n {2}20 \| {5}maxmemroy: 96mb\n {5}\| {5}\^{9}\n/,
    );
  });

  test('tells a machine the same', async () => {
    const path = await specWith('broken.yaml', (text) => text.replace('maxmemory: 96mb', 'maxmemroy: 96mb'));
    const { code, out } = await redisforge(['validate', path, 'specs', '--format', 'json']);
    expect(code).toBe(1);
    const { valid, files } = JSON.parse(out);
    expect(valid).toBe(false);
    expect(files.map((file: { valid: boolean }) => file.valid)).toEqual([false, true]);
    expect(files[0].problems[0]).toMatchObject({ code: 'unknown-directive', where: { line: 20, column: 5 } });
  });

  test('tells of folders without a spec, missing files, links and twins', async () => {
    await cp(join(folder, 'specs/orders'), join(folder, 'twins/a'), { recursive: true });
    await cp(join(folder, 'specs/orders'), join(folder, 'twins/b'), { recursive: true });
    await cp(join(folder, 'specs/orders'), join(folder, 'twins/c'), { recursive: true });
    await rm(join(folder, 'twins/c/cluster.yaml'));
    await symlink('/etc/passwd', join(folder, 'twins/c/cluster.yaml'));
    const { code, out } = await redisforge(['validate', 'twins', 'nowhere', join(root, 'test/app')]);
    expect(code).toBe(1);
    for (const words of ['error[duplicate-cluster]', 'it is a link', 'error[no-spec]', 'it does not exist'])
      expect(out).toContain(words);
    expect(out).not.toContain('root:');
  });

  test('uses no colours in a pipe unless forced to', async () => {
    expect((await redisforge(['validate', 'specs'])).out).not.toContain('\u001b');
    expect((await redisforge(['validate', 'specs'], { FORCE_COLOR: '1' })).out).toContain('\u001b[');
  });
});

test('schema prints a JSON Schema', async () => {
  const { code, out } = await redisforge(['schema']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ title: 'RedisForge cluster.yaml', type: 'object' });
});

describe('secrets', () => {
  test('are created once, and never printed', async () => {
    const state = { REDISFORGE_STATE_DIR: join(folder, 'fresh') };
    const first = await redisforge(['secrets', '--spec', 'specs'], state);
    expect(first.code).toBe(0);
    const files = await readdir(join(folder, 'fresh/secrets'));
    expect(files.sort()).toEqual([
      'app-password',
      'operator-password',
      'readonly-password',
      'replication-password',
    ]);
    const values = await Promise.all(
      files.map((file) => readFile(join(folder, 'fresh/secrets', file), 'utf8')),
    );
    for (const value of values) expect(first.out + first.err).not.toContain(value.trim());
    const modes = await Promise.all(
      files.map(async (file) => (await stat(join(folder, 'fresh/secrets', file))).mode & 0o777),
    );
    expect(new Set(modes)).toEqual(new Set([0o600]));
    const again = await redisforge(['secrets', '--spec', 'specs'], state);
    expect([again.code, again.out]).toEqual([
      0,
      expect.stringContaining('operator-password exists and stays as it is'),
    ]);
  });

  test('from the environment are asked for', async () => {
    const path = await specWith('env.yaml', (text) =>
      text.replace('{ file: app-password }', '{ env: APP_PASSWORD }'),
    );
    const missing = await redisforge(['secrets', '--spec', path]);
    expect([missing.code, missing.err]).toEqual([
      2,
      expect.stringContaining('set the environment variable APP_PASSWORD yourself'),
    ]);
    const there = await redisforge(['secrets', '--spec', path], { APP_PASSWORD: 'hunter2' });
    expect(there.code).toBe(0);
    expect(there.out + there.err).not.toContain('hunter2');
  });
});

describe('plan and status', () => {
  test.each(['plan', 'status', 'apply', 'explain x'])(
    '%s without secrets is an error that says how to get them',
    async (command) => {
      const state = { REDISFORGE_STATE_DIR: join(folder, 'empty') };
      const { code, err } = await redisforge([...command.split(' '), '--spec', 'specs'], state);
      expect(code).toBe(1);
      expect(err).toContain('operator-password does not exist');
      expect(err).toContain('`redisforge secrets --spec …` creates');
    },
  );

  test('of a spec that is not valid is an error with its problems', async () => {
    const path = await specWith('broken.yaml', (text) => text.replace('kind: RedisCluster', 'kind: Redis'));
    const human = await redisforge(['plan', '--spec', path]);
    expect([human.code, human.out]).toEqual([1, '']);
    expect(human.err).toContain('broken.yaml:8:7: error[');
    const json = await redisforge(['plan', '--spec', path, '--format', 'json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      clusters: [],
      problems: [{ severity: 'error', code: 'invalid-value' }, { severity: 'warning' }],
    });
  });

  test('of an engine that does not answer are blocked, with the reason', async () => {
    const path = await specWith('away.yaml', (text) =>
      text.replaceAll('unix:///var/run/docker.sock', `unix://${folder}/none.sock`),
    );
    const state = { REDISFORGE_STATE_DIR: join(folder, 'away') };
    await redisforge(['secrets', '--spec', path], state);
    const plan = await redisforge(['plan', '--spec', path], state);
    expect(plan.code).toBe(3);
    expect(plan.out).toContain('the Docker Engine of a1 does not answer');
    const status = await redisforge(['status', '--spec', path, '--format', 'json'], state);
    expect(status.code).toBe(3);
    expect(JSON.parse(status.out).clusters[0]).toMatchObject({ cluster: 'orders', status: 'blocked' });
    const apply = await redisforge(['apply', '--spec', path], state);
    expect(apply.code).toBe(3);
  });
});

describe('run', () => {
  test('without a repository says what to set', async () => {
    const { code, err } = await redisforge(['run']);
    expect(code).toBe(1);
    expect(err).toBe(
      'error: --repository / REDISFORGE_REPOSITORY is not set: it names the Git repository with the specs\n',
    );
  });

  test('--once with a repository that is not there ends with the reason', async () => {
    const { code, out } = await redisforge(['run', '--once', '--repository', join(folder, 'nowhere')]);
    expect(code).toBe(1);
    expect(out).toContain('the repository cannot be read');
  });
});
