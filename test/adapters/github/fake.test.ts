/** The fake GitHub itself: it is strict about what it is asked, and what it answers is as GitHub describes it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeGithub } from '../../support/github/fake-github.ts';
import type { FakeRepository } from '../../support/github/repository.ts';

const run = promisify(execFile);
let github: FakeGithub;
let repository: FakeRepository;
let token: string;

beforeEach(async () => {
  github = await FakeGithub.start();
  repository = await github.createRepository('acme', 'specs');
  repository.setRole('forge-bot', 'write');
  token = github.personalToken('forge-bot');
});
afterEach(async () => {
  await github.close();
});

interface Said {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: The test looks at what it likes of an answer.
  readonly body: any;
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<Said> {
  const response = await fetch(`${github.address}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      authorization: `token ${token}`,
      accept: 'application/vnd.github.v3+json',
      'user-agent': 'test',
      ...more,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

const PULLS = '/repos/acme/specs/pulls?state=all&sort=updated&direction=desc';
const OPENING = { branch: 'more', title: 'More', author: 'ada', files: { 'a.yaml': 'a: 1\n' } };

describe.each(['', '/api/v3'])('the API at "%s"', (base) => {
  it('answers as GitHub describes it, whatever state things are in', async () => {
    const open = await repository.open(OPENING);
    const forked = await repository.open({ ...OPENING, author: 'mallory', fork: true, draft: true });
    const merged = await repository.open({ ...OPENING, branch: 'other', files: { 'b.yaml': 'b: 1\n' } });
    await repository.merge(merged, 'bob', 'squash');
    repository.deleteFork(forked);
    repository.review(open, 'bob', 'APPROVED');
    repository.comment(open, 'bob', 'fine');
    const list = await ask('GET', `${base}${PULLS}`);
    expect(list.body.map((each: { number: number }) => each.number).sort()).toEqual([open, forked, merged]);
    const deleted = list.body.find((each: { number: number }) => each.number === forked);
    expect(deleted.head.repo).toBeNull();
    const first = await ask('GET', `${base}/repos/acme/specs/pulls/${open}`);
    const second = await ask('GET', `${base}/repos/acme/specs/pulls/${open}`);
    expect([first.body.mergeable, second.body.mergeable]).toEqual([null, true]);
    const { sha } = first.body.head;
    for (const path of [
      '/user',
      '/repos/acme/specs',
      `/repos/acme/specs/pulls/${open}/reviews`,
      `/repos/acme/specs/issues/${open}`,
      '/repos/acme/specs/issues?state=all',
      '/repos/acme/specs/issues/comments?since=2020-01-01T00%3A00%3A00Z',
      `/repos/acme/specs/commits/${sha}/pulls`,
      `/repos/acme/specs/commits/${sha}/status`,
      `/repos/acme/specs/commits/${sha}/statuses`,
      '/repos/acme/specs/collaborators/bob/permission',
    ]) {
      expect((await ask('GET', `${base}${path}`)).status, path).toBe(200);
    }
    expect(github.contractErrors).toEqual([]);
  });

  it('answers 304 to whoever has it already, and leads from page to page', async () => {
    for (let index = 0; index < 3; index += 1) await repository.open({ ...OPENING, branch: `b${index}` });
    const first = await ask('GET', `${base}${PULLS}&per_page=2`);
    const again = await ask('GET', `${base}${PULLS}&per_page=2`, undefined, {
      'if-none-match': first.headers.get('etag') ?? '',
    });
    expect([first.status, again.status]).toEqual([200, 304]);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    expect(next).toContain(`${base}/repos/acme/specs/pulls?`);
    expect((await ask('GET', next.slice(github.address.length))).body).toHaveLength(1);
    expect(github.contractErrors).toEqual([]);
  });
});

describe('the fake GitHub', () => {
  it('keeps what it is asked wrongly', async () => {
    await ask('GET', '/repos/acme/specs/nonsense');
    await ask('POST', '/repos/acme/specs/issues', { text: 'no title' });
    await ask('GET', '/repos/acme/specs/pulls?status=open');
    expect(github.contractErrors).toEqual([
      'GET /repos/acme/specs/nonsense is not described',
      'POST /repos/acme/specs/issues: request: body text is not described',
      expect.stringContaining("must have required property 'title'"),
      'GET /repos/acme/specs/pulls: request: query status is not described',
    ]);
  });

  it('knows the limits that the description does not have', async () => {
    const number = await repository.open(OPENING);
    const { headCommit } = repository.pull(number).pull;
    const status = `/repos/acme/specs/statuses/${headCommit}`;
    const long = await ask('POST', `/repos/acme/specs/issues/${number}/comments`, {
      body: 'x'.repeat(65_537),
    });
    expect([long.status, long.body.errors[0].field]).toEqual([422, 'data']);
    expect((await ask('POST', status, { state: 'pending', description: 'x'.repeat(141) })).status).toBe(422);
    expect((await ask('POST', status, { state: 'pending', context: 'x'.repeat(256) })).status).toBe(422);
    const check = { name: 'plan', head_sha: headCommit, status: 'in_progress' };
    expect((await ask('POST', '/repos/acme/specs/check-runs', check)).status).toBe(403);
    repository.rename('redis-specs');
    const moved = await ask('POST', status, { state: 'pending' });
    expect([moved.status, moved.headers.get('location')]).toEqual([
      307,
      `${github.address}/repositories/${repository.data.id}/statuses/${headCommit}`,
    ]);
    expect(github.contractErrors).toEqual([]);
  });

  it('stops whoever makes content too fast', async () => {
    const number = await repository.open(OPENING);
    const answers: Said[] = [];
    for (let index = 0; index < 81; index += 1) {
      answers.push(await ask('POST', `/repos/acme/specs/issues/${number}/comments`, { body: `${index}` }));
    }
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(80);
    expect(answers.at(-1)?.headers.get('retry-after')).toBe('60');
  });

  it('serves Git: clones, pushes and pull requests', async () => {
    const number = await repository.open(OPENING);
    const folder = await mkdtemp(join(tmpdir(), 'rf-fake-git-'));
    const url = repository.cloneUrl.replace('://', `://x-access-token:${token}@`);
    const git = (...args: string[]) =>
      run('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args]);
    try {
      await git('clone', '--quiet', url, folder);
      await git('-C', folder, 'fetch', '--quiet', 'origin', `refs/pull/${number}/head`);
      await git('-C', folder, 'checkout', '--quiet', '-b', 'more', 'FETCH_HEAD');
      await git('-C', folder, 'commit', '--quiet', '--allow-empty', '--message', 'by hand');
      await git('-C', folder, 'push', '--quiet', 'origin', 'more');
      const { stdout } = await git('-C', folder, 'rev-parse', 'HEAD');
      expect(repository.pull(number).pull.headCommit).toBe(stdout.trim());
      await expect(git('ls-remote', repository.cloneUrl.replace('://', '://x:wrong@'))).rejects.toThrow();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('merges in the three ways', async () => {
    for (const method of ['merge', 'squash', 'rebase'] as const) {
      const files = { [`${method}.yaml`]: 'a: 1\n' };
      const number = await repository.open({ ...OPENING, branch: method, files });
      await repository.pushTo(number, { [`${method}-2.yaml`]: 'b: 2\n' });
      const before = await repository.git.commitOf('refs/heads/main');
      const commit = await repository.merge(number, 'bob', method);
      const parents = (await repository.git.run('log', '-1', '--format=%P', commit)).split(' ');
      expect(await repository.git.commitOf('refs/heads/main')).toBe(commit);
      expect(parents).toHaveLength(method === 'merge' ? 2 : 1);
      expect(parents.includes(before ?? ''), method).toBe(method !== 'rebase');
      const listed = await repository.git.run('ls-tree', '--name-only', commit);
      expect(listed).toContain(`${method}-2.yaml`);
      const pulls = await ask('GET', `/repos/acme/specs/commits/${commit}/pulls`);
      expect(pulls.body.map((each: { number: number }) => each.number)).toEqual([number]);
    }
    expect(github.contractErrors).toEqual([]);
  });
});
