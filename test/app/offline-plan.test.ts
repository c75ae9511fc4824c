/** What a spec repository's own CI runs, as child processes on a real Git repository. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const MAIN = join(root, 'reconciler/app/main.ts');

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redisforge-offline-'));
  await mkdir(join(folder, 'clusters'));
  await cp(join(root, 'example-spec/cluster.yaml'), join(folder, 'clusters/cluster.yaml'));
  await run('git', ['init', '--quiet', '--initial-branch=main']);
  await commit('first');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function run(
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Run> {
  const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', ...environment };
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder, env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 128, out, err });
    });
  });
}

const redisforge = (...args: string[]): Promise<Run> => run(process.execPath, [MAIN, ...args]);
const offline = (...args: string[]): Promise<Run> => redisforge('plan', '--spec', '.', '--offline', ...args);

async function commit(subject: string): Promise<void> {
  const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  await run('git', [...identity, 'add', '--all']);
  await run('git', [...identity, 'commit', '--quiet', '--message', subject]);
}

async function edit(change: (text: string) => string): Promise<void> {
  const path = join(folder, 'clusters/cluster.yaml');
  const before = await readFile(path, 'utf8');
  const after = change(before);
  expect(after, 'the edit changes something').not.toBe(before);
  await writeFile(path, after);
}

const moreMemory = (text: string): string => text.replace(/maxmemory: .*mb/, 'maxmemory: 128mb');

describe('a plan on paper', () => {
  test('is empty when the specs mean what they meant before', async () => {
    await edit((text) => `# a remark\n${text}`);
    expect(await offline('--against', 'HEAD')).toMatchObject({
      code: 0,
      out: 'Nothing to do: every spec means what it meant before.\n',
    });
  });

  test('shows the steps from one version to the other, compared with a commit or with a folder', async () => {
    await cp(join(folder, 'clusters'), `${folder}-before`, { recursive: true });
    await edit(moreMemory);
    await commit('more memory');
    for (const against of ['HEAD~1', `${folder}-before`]) {
      const { code, out } = await offline('--against', against);
      expect(code, against).toBe(2);
      expect(out).toContain(`as if the cluster were just as its spec at ${against} says`);
      expect(out).toContain('set maxmemory 134217728 (128 MiB) on orders-1 ');
    }
    await rm(`${folder}-before`, { recursive: true });
  });

  test('with nothing to compare with makes the cluster', async () => {
    const { code, out } = await offline();
    expect([code, out]).toEqual([2, expect.stringContaining('as if there were nothing of this cluster yet')]);
    expect(out).toContain('create network redisforge-orders');
  });

  test('says what stands in the way', async () => {
    await edit((text) =>
      text.replace(/\n *- \{ name: orders-3r[^\n]*/, '').replace('redis:8.6.3', 'redis:8.6.4'),
    );
    const { code, out } = await offline('--against', 'HEAD', '--format', 'markdown');
    expect(code).toBe(3);
    expect(out).toContain('only member of shard s3');
  });

  test('tells of a spec that is taken away, and of one that was not valid before', async () => {
    await mkdir(join(folder, 'carts'));
    const text = await readFile(join(folder, 'clusters/cluster.yaml'), 'utf8');
    const carts = text.replaceAll('orders', 'carts').replaceAll('10.213.47', '10.213.48');
    await writeFile(join(folder, 'carts/cluster.yaml'), carts.replaceAll(/port: 7/g, 'port: 8'));
    await commit('carts');
    await rm(join(folder, 'carts'), { recursive: true });
    const gone = await offline('--against', 'HEAD');
    expect([gone.code, gone.out]).toEqual([2, expect.stringContaining('carts: its spec is taken away')]);
    await writeFile(
      join(folder, 'clusters/cluster.yaml'),
      text.replace('kind: RedisCluster', 'kind: Nothing'),
    );
    await commit('broken');
    await writeFile(join(folder, 'clusters/cluster.yaml'), text);
    expect((await offline('--against', 'HEAD')).out).toContain('clusters/cluster.yaml is not valid at HEAD');
  });

  test('is data for machines', async () => {
    await edit(moreMemory);
    const { code, out } = await offline('--against', 'HEAD', '--format', 'json');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      offline: true,
      against: 'HEAD',
      clusters: [{ cluster: 'orders', status: 'changes' }],
      released: [],
    });
  });

  test('needs something that can be compared with', async () => {
    const { code, err } = await offline('--against', '--upload-pack=x');
    expect([code, err]).toEqual([1, expect.stringContaining('neither a folder nor a commit')]);
    const alone = await redisforge('plan', '--spec', '.', '--against', 'HEAD');
    expect([alone.code, alone.err]).toEqual([1, expect.stringContaining("needs '--offline'")]);
  });
});

describe('the script for CI', () => {
  const check = (...args: string[]): Promise<Run> =>
    run('sh', [join(root, 'ci/check-specs.sh'), ...args], { REDISFORGE: `${process.execPath} ${MAIN}` });

  test('passes a change that could be carried out, and leaves its plan and no finding', async () => {
    await edit(moreMemory);
    await commit('more memory');
    const { code, out } = await check('.', 'HEAD^1');
    expect(code).toBe(0);
    expect(out).toContain('maxmemory');
    expect(await readFile(join(folder, 'redisforge-plan.md'), 'utf8')).toContain('### `orders`');
    const sarif = JSON.parse(await readFile(join(folder, 'redisforge.sarif'), 'utf8'));
    expect(sarif.runs[0].results.filter(({ level }: { level: string }) => level === 'error')).toEqual([]);
  });

  test('fails for a spec that is not valid, with each problem on its line', async () => {
    await edit((text) => text.replace('maxmemory-policy:', 'maxmemroy-policy:'));
    const { code, out } = await check('.', 'HEAD');
    expect(code).toBe(1);
    expect(out).toContain('maxmemroy-policy');
    const { version, runs } = JSON.parse(await readFile(join(folder, 'redisforge.sarif'), 'utf8'));
    expect([version, runs[0].tool.driver.name]).toEqual(['2.1.0', 'RedisForge']);
    const [result] = runs[0].results.filter(({ level }: { level: string }) => level === 'error');
    const { artifactLocation, region } = result.locations[0].physicalLocation;
    const lines = (await readFile(join(folder, 'clusters/cluster.yaml'), 'utf8')).split('\n');
    expect(artifactLocation.uri).toBe('clusters/cluster.yaml');
    expect(lines[region.startLine - 1]).toContain('maxmemroy-policy');
    expect(runs[0].tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
  });

  test('fails with 3 when something stands in the way', async () => {
    await edit((text) =>
      text.replace(/\n *- \{ name: orders-3r[^\n]*/, '').replace('redis:8.6.3', 'redis:8.6.4'),
    );
    expect((await check('.', 'HEAD')).code).toBe(3);
  });
});

test('the workflow for GitHub calls the script that is in the image', async () => {
  const workflow = parse(await readFile(join(root, 'ci/spec-repository.yml'), 'utf8'));
  expect(Object.keys(workflow.on)).toEqual(['pull_request', 'workflow_call']);
  const runs = workflow.jobs.specs.steps.flatMap(({ run }: { run?: string }) => run ?? []).join('\n');
  expect(runs).toContain('/app/ci/check-specs.sh');
  expect(await readFile(join(root, 'Dockerfile'), 'utf8')).toContain('COPY ci/check-specs.sh ci/');
});
