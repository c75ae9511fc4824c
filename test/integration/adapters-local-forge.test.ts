/** The embedded forge on real Git: what is claimed of every forge, and what only branches and notes can do. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Inbox } from '../../reconciler/adapters/local-forge/inbox.ts';
import { LocalForge, type Said } from '../../reconciler/adapters/local-forge/local-forge.ts';
import { FileStateStore } from '../../reconciler/adapters/state/file-store.ts';
import type { CommitStatus, KeptIssue } from '../../reconciler/ports/forge.ts';
import { PortError, type Secrets } from '../../reconciler/ports.ts';
import { FORGE_CLAIMS } from '../support/contract/forge-claims.ts';
import type { Ability, ForgeLab } from '../support/contract/forge-lab.ts';
import { patient } from '../support/contract/forge-lab.ts';

const run = promisify(execFile);
const secrets: Secrets = {
  read: async () => {
    throw new PortError('secret', 'there are none');
  },
};
const CAN: ReadonlySet<Ability> = new Set(['remarks', 'closing', 'issues']);

let folder: string;
let work: string;
let clock = 0;
let said: Said[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rf-forge-'));
  work = join(folder, 'source');
  said = [];
  await git('init', '--quiet', '--initial-branch=main', work);
  await commit('main', 'first', { 'README.md': 'read me\n' });
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function git(...args: string[]): Promise<string> {
  const { stdout } = await run('git', args, { cwd: folder });
  return stdout.trim();
}

/** Every commit has a second of its own, so that their order is known. */
async function commit(
  branch: string,
  subject: string,
  files: Readonly<Record<string, string>>,
  author = 'ada',
): Promise<string> {
  const exists = (await git('-C', work, 'branch', '--list', branch)) !== '';
  const current = await git('-C', work, 'branch', '--show-current');
  if (current !== branch)
    await git('-C', work, 'switch', '--quiet', ...(exists ? [branch] : ['--create', branch, 'main']));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(work, path, '..'), { recursive: true });
    await writeFile(join(work, path), content);
  }
  await git('-C', work, 'add', '--all');
  await as(author, 'commit', '--quiet', '--allow-empty', '--message', subject);
  const id = await git('-C', work, 'rev-parse', 'HEAD');
  await git('-C', work, 'switch', '--quiet', 'main');
  return id;
}

async function as(author: string, ...args: string[]): Promise<void> {
  clock += 1;
  const date = `${1_800_000_000 + clock} +0000`;
  const identity = {
    GIT_AUTHOR_NAME: author,
    GIT_AUTHOR_EMAIL: `${author}@example.com`,
    GIT_COMMITTER_NAME: author,
    GIT_COMMITTER_EMAIL: `${author}@example.com`,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_DATE: date,
  };
  await run('git', ['-C', work, ...args], { env: { ...process.env, ...identity } });
}

async function merge(branch: string, ...how: string[]): Promise<string> {
  await as('ada', 'merge', '--quiet', '--no-edit', ...how, branch);
  return git('-C', work, 'rev-parse', 'main');
}

function state(): FileStateStore {
  return new FileStateStore(join(folder, 'state'));
}

function forgeAt(url = work, directory = join(folder, 'state', 'forge')): LocalForge {
  const source = { url, branch: 'main', directory, environment: process.env };
  return new LocalForge({ source, secrets, store: state(), onSaid: (each) => said.push(each) });
}

/** What a note says of a commit; undefined when there is none. */
async function data(of: string): Promise<{
  statuses: Record<string, Pick<CommitStatus, 'state' | 'description'>>;
  pullRequests: Record<string, { comments: Record<string, string>; answers: Record<string, string> }>;
}> {
  const none = JSON.stringify({ statuses: {}, pullRequests: {} });
  return JSON.parse(await git('-C', work, 'notes', '--ref=redisforge-data', 'show', of).catch(() => none));
}

function lab(): ForgeLab {
  const unsupported = async (): Promise<never> => expect.fail('a Git repository has nothing of the kind');
  const issues = new Set<string>();
  const forge = forgeAt();
  const issueTexts = async (): Promise<KeptIssue[]> => {
    const texts = await Promise.all(
      ['drift-orders', 'drift-carts'].map((name) => state().read(`forge/issues/${name}.json`)),
    );
    return texts.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as KeptIssue]));
  };
  return {
    forge,
    can: CAN,
    branch: 'main',
    self: 'redisforge',
    async restarted(kept) {
      if (kept === 'lost') {
        await rm(join(folder, 'state', 'forge', 'mirror.git'), { recursive: true, force: true });
        await rm(join(folder, 'state', 'forge', 'proposals.json'), { force: true });
      }
      return forgeAt();
    },
    pushDirectly: (files) => commit('main', 'direct', files),
    async propose({ branch, title, author, files }) {
      await commit(branch, title, files, author);
      return branch;
    },
    push: (branch, files) => commit(branch, 'more', files),
    merge: (branch) => merge(branch, '--no-ff'),
    async closeUnmerged(branch) {
      await forge.pullRequests(patient);
      await git('-C', work, 'branch', '--quiet', '-D', branch);
    },
    async remark(pullRequest, author, body) {
      clock += 1;
      const id = `r${clock}`;
      await new Inbox(state()).say({ id, pullRequest, author, body, at: clock });
      return id;
    },
    async editRemark(id, body) {
      await new Inbox(state()).say({ id, pullRequest: '', author: '', body, at: clock });
    },
    review: unsupported,
    setPermission: unsupported,
    addToTeam: unsupported,
    async comments(pullRequest) {
      const conversation = (await data(pullRequest)).pullRequests[pullRequest];
      return [...Object.values(conversation?.comments ?? {}), ...Object.values(conversation?.answers ?? {})];
    },
    async statuses(of) {
      const { statuses } = await data(of);
      return Object.entries(statuses).map(([context, status]) => ({ context, ...status }));
    },
    issues: async () => (await issueTexts()).map(({ title, body, state }) => ({ title, body, state })),
    checks: unsupported,
    async writes() {
      for (const text of await issueTexts()) issues.add(JSON.stringify(text));
      const notes = await git('-C', work, 'rev-list', '--count', 'refs/notes/redisforge').catch(() => '0');
      return Number(notes) + issues.size;
    },
  };
}

describe('what is claimed of every forge', () => {
  it.each(FORGE_CLAIMS.filter(({ needs }) => needs.every((need) => CAN.has(need))))('$says', ({ prove }) =>
    prove(lab()),
  );
});

describe('a branch', () => {
  const FILES = { 'orders/cluster.yaml': 'orders: 2\n' };

  it('that was fast-forwarded to is merged, by its own last commit, and each of its commits is known to be its', async () => {
    const forge = forgeAt();
    const first = await commit('topic', 'one', FILES);
    const last = await commit('topic', 'two', { 'orders/cluster.yaml': 'orders: 3\n' });
    await forge.pullRequests(patient);
    expect(await merge('topic', '--ff-only')).toBe(last);
    expect(await forge.pullRequests(patient)).toMatchObject([
      { id: 'topic', state: 'merged', mergeCommit: last },
    ]);
    expect(await forge.pullRequestOf(first, patient)).toMatchObject({ id: 'topic' });
    const direct = await commit('main', 'direct', { 'README.md': '2\n' });
    expect(await forge.pullRequestOf(direct, patient)).toBeUndefined();
  });

  it('that was squashed is merged, by the commit that has what merging it would have given', async () => {
    const forge = forgeAt();
    await commit('topic', 'one', FILES);
    await commit('topic', 'two', { 'orders/cluster.yaml': 'orders: 3\n' });
    await commit('other', 'other', { 'carts/cluster.yaml': 'carts: 3\n' });
    await forge.pullRequests(patient);
    await commit('main', 'meanwhile', { 'README.md': 'moved on\n' });
    await as('ada', 'merge', '--squash', '--quiet', 'topic');
    await as('ada', 'commit', '--quiet', '--message', 'squashed');
    const squash = await git('-C', work, 'rev-parse', 'main');
    const pulls = await forge.pullRequests(patient);
    expect(pulls.map(({ id, state }) => `${id} ${state}`).sort()).toEqual(['other open', 'topic merged']);
    expect(await forge.pullRequestOf(squash, patient)).toMatchObject({ id: 'topic', mergeCommit: squash });
  });

  it('is merged also when it is deleted at once, and when it was pushed to and merged between two looks', async () => {
    const forge = forgeAt();
    await commit('topic', 'one', FILES);
    await forge.pullRequests(patient);
    const last = await commit('topic', 'two', { 'orders/cluster.yaml': 'orders: 3\n' });
    const commitOfMerge = await merge('topic', '--no-ff');
    await git('-C', work, 'branch', '--quiet', '-d', 'topic');
    expect(await forge.pullRequests(patient)).toMatchObject([
      { id: 'topic', state: 'merged', mergeCommit: commitOfMerge, head: { commit: last } },
    ]);
  });

  it('that is set back to the followed one is closed, and open again with its next commit', async () => {
    const forge = forgeAt();
    await commit('topic', 'one', FILES);
    await forge.pullRequests(patient);
    await git('-C', work, 'branch', '--quiet', '--force', 'topic', 'main');
    expect(await forge.pullRequests(patient)).toMatchObject([{ id: 'topic', state: 'closed' }]);
    await commit('topic', 'again', FILES);
    expect(await forge.pullRequests(patient)).toMatchObject([{ id: 'topic', state: 'open', title: 'again' }]);
  });

  it('with nothing new, or with nothing in common with the followed one, is no proposal', async () => {
    await git('-C', work, 'branch', 'nothing-new');
    await git('-C', work, 'switch', '--quiet', '--orphan', 'pages');
    await as('ada', 'commit', '--quiet', '--allow-empty', '--message', 'pages');
    await git('-C', work, 'switch', '--quiet', 'main');
    expect(await forgeAt().pullRequests(patient)).toEqual([]);
  });

  it('that follows the followed one by merging it is still open', async () => {
    const forge = forgeAt();
    await commit('topic', 'one', FILES);
    await forge.pullRequests(patient);
    await commit('main', 'meanwhile', { 'README.md': 'moved on\n' });
    await git('-C', work, 'switch', '--quiet', 'topic');
    await as('ada', 'merge', '--quiet', '--no-edit', 'main');
    const head = await git('-C', work, 'rev-parse', 'HEAD');
    await git('-C', work, 'switch', '--quiet', 'main');
    expect(await forge.pullRequests(patient)).toMatchObject([{ state: 'open', head: { commit: head } }]);
    await merge('topic', '--ff-only');
    expect(await forge.pullRequests(patient)).toMatchObject([
      { id: 'topic', state: 'merged', mergeCommit: head },
    ]);
  });

  it('is known across a restart: what was merged meanwhile is merged', async () => {
    await commit('topic', 'one', FILES);
    await forgeAt().pullRequests(patient);
    const head = await merge('topic', '--ff-only');
    await git('-C', work, 'branch', '--quiet', '-d', 'topic');
    expect(await forgeAt().pullRequestOf(head, patient)).toMatchObject({ id: 'topic', state: 'merged' });
  });
});

describe('a plan', () => {
  it('is to be read with git notes, without markup, with its statuses', async () => {
    const forge = forgeAt();
    const head = await commit('topic', 'one', { a: '1' });
    await forge.pullRequests(patient);
    const status = {
      commit: head,
      context: 'redisforge/plan',
      state: 'success',
      description: '1 step',
    } as const;
    await forge.setStatus(status, patient);
    const body =
      '## **orders**: 1 step\n\n```mermaid\nflowchart LR\n```\n\n| step | why |\n| --- | --- |\n| `a` | b &lt;c\\> |\n';
    await forge.ensureComment('topic', 'plan/orders', body, patient);
    expect(await git('-C', work, 'notes', '--ref=redisforge', 'show', 'topic')).toBe(
      'redisforge/plan  success: 1 step\n\norders: 1 step\n\n  step  why\n  a     b <c>',
    );
    expect(said.map(({ kind }) => kind)).toEqual(['status', 'comment']);
  });

  it('of a new head has a note of its own; the one of the former head stays', async () => {
    const forge = forgeAt();
    const before = await commit('topic', 'one', { a: '1' });
    await forge.pullRequests(patient);
    await forge.ensureComment('topic', 'plan/orders', 'first', patient);
    const after = await commit('topic', 'two', { a: '2' });
    await forge.pullRequests(patient);
    await forge.ensureComment('topic', 'plan/orders', 'second', patient);
    expect((await data(before)).pullRequests['topic']?.comments).toEqual({ 'plan/orders': 'first' });
    expect((await data(after)).pullRequests['topic']?.comments).toEqual({ 'plan/orders': 'second' });
  });

  it('stays in the mirror, and that is said, where the repository takes no notes', async () => {
    const bare = join(folder, 'bare.git');
    await git('clone', '--quiet', '--bare', work, bare);
    await writeFile(join(bare, 'hooks', 'pre-receive'), '#!/bin/sh\necho "not here" >&2\nexit 1\n');
    await chmod(join(bare, 'hooks', 'pre-receive'), 0o755);
    const head = await git('-C', bare, 'rev-parse', 'main');
    const forge = forgeAt(bare);
    await forge.pullRequests(patient);
    const status = { commit: head, context: 'redisforge/apply', state: 'pending', description: 'x' } as const;
    await forge.setStatus(status, patient);
    const { lacking } = await forge.account(patient);
    expect(lacking).toHaveLength(1);
    expect(lacking[0]).toContain('the repository takes none');
    const mirror = join(folder, 'state', 'forge', 'mirror.git');
    expect(await git('-C', mirror, 'notes', '--ref=redisforge', 'show', head)).toContain('pending: x');
    expect(await git('-C', bare, 'for-each-ref', 'refs/notes')).toBe('');
  });

  it('reaches the repository later when it could not be reached at first', async () => {
    const forge = forgeAt();
    const head = await commit('topic', 'one', { a: '1' });
    await forge.pullRequests(patient);
    await run('mv', [work, `${work}.away`]);
    const write = () => forge.ensureComment('topic', 'plan/orders', 'first', patient);
    await expect(write()).rejects.toBeInstanceOf(PortError);
    await run('mv', [`${work}.away`, work]);
    await write();
    expect((await data(head)).pullRequests['topic']?.comments).toEqual({ 'plan/orders': 'first' });
  });
});

it('what is remembered is readable by nobody else, and small', async () => {
  const forge = forgeAt();
  await commit('topic', 'one', { a: '1' });
  await forge.pullRequests(patient);
  const text = await readFile(join(folder, 'state', 'forge', 'proposals.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ open: [{ id: 'topic' }], past: [] });
});
