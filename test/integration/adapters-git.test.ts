/** The spec repository against real git: local, over HTTP with a token, and with servers that misbehave. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GitAccess } from '../../reconciler/adapters/git/remote.ts';
import { GitSpecRepository } from '../../reconciler/adapters/git/spec-repository.ts';
import { type PortError, Secret, type Secrets } from '../../reconciler/ports.ts';
import { REPOSITORY_CLAIMS } from '../support/contract/repository-claims.ts';

const run = promisify(execFile);
const never = new AbortController().signal;
const TOKEN = 'token-51af20';
const secrets: Secrets = { read: async () => new Secret(TOKEN) };

let folder: string;
let work: string;
const servers: Server[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rf-git-'));
  work = join(folder, 'source');
  await git('init', '--quiet', '--initial-branch=main', work);
  await commit('first', { 'clusters/orders/cluster.yaml': 'orders: 1\n', 'README.md': 'read me\n' });
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(folder, { recursive: true, force: true });
});

async function git(...args: string[]): Promise<string> {
  const identity = [
    '-c',
    'user.name=Ada',
    '-c',
    'user.email=ada@example.com',
    '-c',
    'protocol.file.allow=always',
  ];
  const { stdout } = await run('git', [...identity, ...args], { cwd: folder, maxBuffer: 1e9 });
  return stdout.trim();
}

async function commit(subject: string, files: Record<string, string | Buffer>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(work, path, '..'), { recursive: true });
    await writeFile(join(work, path), content);
  }
  await git('-C', work, 'add', '--all');
  await git('-C', work, 'commit', '--quiet', '--message', subject);
  return git('-C', work, 'rev-parse', 'HEAD');
}

function repository(
  url = work,
  more: { access?: GitAccess; fetchTimeoutMs?: number } = {},
): GitSpecRepository {
  const directory = join(folder, 'mirror');
  return new GitSpecRepository(
    { url, branch: 'main', directory, environment: process.env, ...more },
    secrets,
  );
}

async function failure(attempt: Promise<unknown>): Promise<PortError> {
  return attempt.then(
    () => expect.fail('was accepted'),
    (error: PortError) => error,
  );
}

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

describe('a repository', () => {
  it.each([
    ['a path', (path: string) => path],
    ['file://', (path: string) => `file://${path}`],
  ])('is read by %s: head, specs and contents', async (_, urlOf) => {
    const specs = repository(urlOf(work));
    const id = await commit('second', {
      'clusters/cart/cluster.yaml': 'cart: ü\n',
      'clusters/cart/other-cluster.yaml': 'no spec\n',
      'blank name/cluster.yaml': 'x',
    });
    const head = await specs.fetchHead(never);
    expect(head).toMatchObject({ id, author: 'Ada', subject: 'second' });
    expect(Math.abs(head.at - Date.now())).toBeLessThan(60_000);
    expect(await specs.listSpecs(id)).toMatchObject([
      { path: 'blank name/cluster.yaml', kind: 'file', sizeBytes: 1 },
      { path: 'clusters/cart/cluster.yaml', kind: 'file', sizeBytes: 9 },
      { path: 'clusters/orders/cluster.yaml', kind: 'file', sizeBytes: 10 },
    ]);
    expect(Buffer.from(await specs.readFile(id, 'clusters/cart/cluster.yaml')).toString()).toBe('cart: ü\n');
    expect(await readdir(join(folder, 'mirror', 'mirror.git'))).not.toContain('clusters');
  });

  it('gives contents byte by byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const id = await commit('bytes', { 'cluster.yaml': bytes });
    const specs = repository();
    await specs.fetchHead(never);
    expect(Buffer.from(await specs.readFile(id, 'cluster.yaml')).equals(bytes)).toBe(true);
  });

  it('shows the progress of its branch, and remembers earlier commits', async () => {
    const specs = repository();
    const first = await specs.fetchHead(never);
    const second = await commit('second', { 'clusters/orders/cluster.yaml': 'orders: 2\n' });
    expect(await specs.fetchHead(never)).toMatchObject({ id: second });
    expect(await specs.isAncestor(first.id, second)).toBe(true);
    expect(await specs.isAncestor(second, first.id)).toBe(false);
    expect(Buffer.from(await specs.readFile(first.id, 'clusters/orders/cluster.yaml')).toString()).toBe(
      'orders: 1\n',
    );
  });

  it('tells a force push: the former head is no ancestor, in the old mirror and in a new one', async () => {
    const specs = repository();
    await specs.fetchHead(never);
    const former = await commit('to be dropped', { a: '1' });
    await specs.fetchHead(never);
    await git('-C', work, 'reset', '--quiet', '--hard', 'HEAD~1');
    const forced = await commit('instead', { b: '2' });
    expect(await specs.fetchHead(never)).toMatchObject({ id: forced });
    expect(await specs.isAncestor(former, forced)).toBe(false);
    await rm(join(folder, 'mirror'), { recursive: true });
    const fresh = repository();
    await fresh.fetchHead(never);
    expect(await fresh.isAncestor(former, forced)).toBe(false);
  });

  it('is read whoever it belongs to', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can give files away');
    for (const path of [work, join(work, '.git')]) await chown(path, 12345, 12345);
    expect(await repository().fetchHead(never)).toMatchObject({ subject: 'first' });
  });

  it('can be fetched by many at once', async () => {
    const specs = repository();
    const heads = await Promise.all(Array.from({ length: 5 }, () => specs.fetchHead(never)));
    expect(new Set(heads.map(({ id }) => id)).size).toBe(1);
  });
});

describe('what is no plain file', () => {
  it('is listed as what it is, and refused', async () => {
    await mkdir(join(work, 'link'));
    await symlink('/etc/passwd', join(work, 'link', 'cluster.yaml'));
    await git('-C', work, 'submodule', '--quiet', 'add', work, 'sub/cluster.yaml');
    const id = await commit('links', {});
    const specs = repository();
    await specs.fetchHead(never);
    const found = (await specs.listSpecs(id)).map(({ path, kind }) => `${path} ${kind}`);
    expect(found).toContain('link/cluster.yaml symlink');
    expect(found).toContain('sub/cluster.yaml submodule');
    for (const path of ['link/cluster.yaml', 'sub/cluster.yaml', 'clusters']) {
      expect(await failure(specs.readFile(id, path)), path).toMatchObject({ code: 'refused' });
    }
    expect(await failure(specs.readFile(id, 'nothing'))).toMatchObject({ code: 'not-found' });
  });

  it('a file of 50 MB is refused without being read', async () => {
    const id = await commit('huge', { 'huge/cluster.yaml': Buffer.alloc(50_000_000, 'x') });
    const specs = repository();
    await specs.fetchHead(never);
    const before = process.memoryUsage().rss;
    const started = performance.now();
    expect(await failure(specs.readFile(id, 'huge/cluster.yaml'))).toMatchObject({ code: 'refused' });
    expect(performance.now() - started).toBeLessThan(1000);
    expect(process.memoryUsage().rss - before).toBeLessThan(40_000_000);
    const listed = (await specs.listSpecs(id)).find(({ path }) => path === 'huge/cluster.yaml');
    expect(listed).toMatchObject({ kind: 'file', sizeBytes: 50_000_000 });
  });

  it('names that are no commit ids are refused', async () => {
    const specs = repository();
    await specs.fetchHead(never);
    for (const name of ['main', '--upload-pack=touch /tmp/x', 'HEAD']) {
      expect(await failure(specs.listSpecs(name)), name).toMatchObject({ code: 'refused' });
    }
  });
});

describe('pull requests', () => {
  it.each(REPOSITORY_CLAIMS)('$says', async ({ prove }) => {
    await prove({
      repository: repository(),
      async commit(branch, changes) {
        const exists = await git('-C', work, 'branch', '--list', branch);
        await git(
          '-C',
          work,
          'switch',
          '--quiet',
          ...(exists === '' ? ['--create', branch, 'main'] : [branch]),
        );
        const gone = Object.keys(changes).filter((path) => changes[path] === undefined);
        for (const path of gone) await rm(join(work, path));
        // The first commit of this file is not part of the claims.
        for (const path of ['clusters', 'README.md'])
          await rm(join(work, path), { recursive: true, force: true });
        const written = Object.entries(changes).filter(
          (entry): entry is [string, string] => entry[1] !== undefined,
        );
        return commit('change', Object.fromEntries(written));
      },
      async merge(head) {
        await git('-C', work, 'switch', '--quiet', 'main');
        await git('-C', work, 'merge', '--quiet', '--no-ff', '--message', 'merge', head);
        return git('-C', work, 'rev-parse', 'HEAD');
      },
      point: async (ref, id) => void (await git('-C', work, 'update-ref', ref, id)),
      remove: async (ref) => void (await git('-C', work, 'update-ref', '-d', ref)),
    });
  });

  it('are fetched all at once, and not again', async () => {
    const specs = repository();
    await specs.fetchHead(never);
    const refs = [];
    for (let index = 0; index < 60; index += 1) {
      const ref = `refs/pull/${index}/head`;
      await git(
        '-C',
        work,
        'update-ref',
        ref,
        await commit(`change ${index}`, { 'cluster.yaml': `${index}` }),
      );
      refs.push({ ref, commit: await git('-C', work, 'rev-parse', ref) });
    }
    await git('-C', work, 'reset', '--quiet', '--hard', 'HEAD~60');
    await specs.fetchRefs(refs, never);
    const present = await Promise.all(refs.map(({ commit: id }) => specs.listSpecs(id)));
    expect(present.every((files) => files.length === 2)).toBe(true);
    await rm(work, { recursive: true });
    // The repository is gone: whoever asked it again would be told so.
    await specs.fetchRefs(refs, never);
  });

  it('are read without any hook, filter or merge driver of theirs', async () => {
    const specs = repository();
    const marker = join(folder, 'ran');
    await specs.fetchHead(never);
    await git('-C', work, 'switch', '--quiet', '--create', 'topic');
    const attributes = '* merge=evil filter=evil\n';
    const head = await commit('evil', {
      '.gitattributes': attributes,
      '.gitconfig': `[merge "evil"]\n\tdriver = touch ${marker}\n`,
      'clusters/orders/cluster.yaml': 'orders: 2\n',
    });
    await git('-C', work, 'switch', '--quiet', 'main');
    const base = await commit('ours', {
      'clusters/orders/cluster.yaml': 'orders: 3\n',
      '.gitattributes': attributes,
    });
    await specs.fetchHead(never);
    await specs.fetchRefs([{ ref: 'refs/heads/topic', commit: head }], never);
    expect(await specs.mergeResult(base, head)).toEqual({ conflicts: ['clusters/orders/cluster.yaml'] });
    expect(existsSync(marker)).toBe(false);
  });

  it('names that are no refs are refused', async () => {
    const specs = repository();
    const { id } = await specs.fetchHead(never);
    const commit = id.replaceAll(/./g, '0');
    for (const ref of [
      'main',
      '--upload-pack=touch /tmp/x',
      'refs/heads/*',
      'refs/heads/a:refs/redisforge/head',
      '+refs/heads/a',
      'refs/../x',
    ]) {
      expect(await failure(specs.fetchRefs([{ ref, commit }], never)), ref).toMatchObject({
        code: 'refused',
      });
    }
    expect(await failure(specs.fetchRefs([{ ref: 'refs/heads/main', commit: 'main' }], never))).toMatchObject(
      { code: 'refused' },
    );
  });
});

describe('over HTTP', () => {
  it('a token opens it, and stands in no command line', async () => {
    let commandLines = '';
    const expected = `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`;
    const port = await listen(
      createHttpServer(async (request, response) => {
        commandLines += (await run('ps', ['axww', '-o', 'args'])).stdout;
        if (request.headers.authorization === expected) return backend(request, response);
        response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      }),
    );
    const url = `http://127.0.0.1:${port}/source/.git`;
    const access: GitAccess = { kind: 'token', token: { env: 'TOKEN' } };
    expect(await repository(url, { access }).fetchHead(never)).toMatchObject({ subject: 'first' });
    expect(commandLines).toContain('git fetch');
    expect(commandLines).not.toContain(TOKEN);
    expect(commandLines).not.toContain(expected);
    expect(await failure(repository(url).fetchHead(never))).toMatchObject({ code: 'auth', retry: 'never' });
  });

  it('a server that never answers is a timeout, or given up when we are told to', async () => {
    const port = await listen(createServer());
    const url = `http://user:hidden-password@127.0.0.1:${port}/x.git`;
    const started = performance.now();
    const error = await failure(repository(url, { fetchTimeoutMs: 700 }).fetchHead(never));
    expect(error).toMatchObject({ code: 'timeout', retry: 'soon' });
    expect(error.message).not.toContain('hidden-password');
    expect(performance.now() - started).toBeLessThan(5000);
    const aborting = AbortSignal.timeout(300);
    expect(await failure(repository(url).fetchHead(aborting))).toMatchObject({ code: 'aborted' });
    const processes = (await run('ps', ['axww', '-o', 'args'])).stdout;
    expect(
      processes.split('\n').filter((line) => line.startsWith('git fetch') && line.includes(`:${port}/`)),
    ).toEqual([]);
  });
});

describe('what cannot be fetched', () => {
  it.each([
    ['a path where nothing is', '/nonexistent/repository', 'not-found'],
    ['a port where nobody listens', 'http://127.0.0.1:1/x.git', 'unreachable'],
    ['a transport that runs commands', 'ext::sh -c "touch /tmp/owned"', 'refused'],
    ['a URL that looks like an option', '--upload-pack=touch /tmp/owned', 'refused'],
  ])('%s', async (_, url, code) => {
    expect(await failure(repository(url).fetchHead(never))).toMatchObject({ code });
  });

  it('a branch that does not exist', async () => {
    const source = {
      url: work,
      branch: 'nothing',
      directory: join(folder, 'mirror'),
      environment: process.env,
    };
    const error = await failure(new GitSpecRepository(source, secrets).fetchHead(never));
    expect(error).toMatchObject({ code: 'not-found' });
    expect(error.message).toContain('nothing');
  });
});

/** Git's own server side, as a web server runs it. */
function backend(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '', 'http://host');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf('\r\n\r\n');
    const headers = output
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': ') as [string, string]);
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
    response
      .writeHead(Number.parseInt(status, 10), Object.fromEntries(headers))
      .end(output.subarray(end + 4));
  });
}
