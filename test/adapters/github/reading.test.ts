/** What is read from GitHub: at what price, and through which traps. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { patient } from '../../support/contract/forge-lab.ts';
import { GithubLab } from '../../support/github/github-lab.ts';
import { failure } from './failure.ts';

let lab: GithubLab;
const OPENING = { branch: 'more', title: 'More', author: 'ada', files: { 'a.yaml': 'a: 1\n' } };

beforeEach(async () => {
  lab = await GithubLab.create({ access: 'token', base: '' });
  await lab.forge.account(patient);
});
afterEach(async () => {
  expect(lab.github.contractErrors).toEqual([]);
  await lab.dispose();
});

/** How many of the requests that `work` makes GitHub counts. */
async function counted(work: () => Promise<unknown>): Promise<number> {
  const before = lab.github.counted();
  await work();
  return lab.github.counted() - before;
}

async function poll(forge = lab.forge, since = 0): Promise<void> {
  await forge.pullRequests(patient);
  await forge.remarks(since, patient);
}

describe('a poll', () => {
  it('of what has not changed costs nothing, whatever moment remarks are asked since', async () => {
    const id = await lab.propose(OPENING);
    await lab.remark(id, 'ada', 'one');
    await poll();
    const now = Date.now();
    for (const since of [0, now - 60_000, now - 30_000, now, 0])
      expect(await counted(() => poll(lab.forge, since))).toBe(0);
  });

  it('costs one request for pull requests and one for comments when there is news', async () => {
    const id = await lab.propose(OPENING);
    await poll();
    await lab.push(id, { 'a.yaml': 'a: 2\n' });
    await lab.remark(id, 'bob', 'hm');
    expect(await counted(() => poll())).toBe(2);
  });

  it('costs little after a restart, and somebody else gets nothing of what was kept', async () => {
    await lab.propose(OPENING);
    await poll();
    const forge = await lab.restarted('kept');
    await forge.account(patient);
    // All open pull requests are listed once; both conditional requests are answered with 304.
    expect(await counted(() => poll(forge))).toBe(1);
    lab.repository.setRole('other-user', 'write');
    lab.secrets.values.set('TOKEN', lab.github.personalToken('other-user'));
    const other = await lab.restarted('kept');
    await other.account(patient);
    expect(await counted(() => poll(other))).toBe(3);
  });

  it('sees every open pull request, however many there are', async () => {
    await lab.repository.openMany(45, OPENING);
    const all = await lab.forge.pullRequests(patient);
    expect(all).toHaveLength(45);
    expect(await (await lab.restarted('lost')).pullRequests(patient)).toHaveLength(45);
  });

  it('turns as many pages as have changed since the last one', async () => {
    const numbers = await lab.repository.openMany(35, OPENING);
    await poll();
    for (const number of numbers) lab.repository.closeUnmerged(number);
    const states = (await lab.forge.pullRequests(patient)).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['closed']));
  });

  it('takes the pull request of a deleted fork for one from a fork', async () => {
    const id = await lab.propose({ ...OPENING, author: 'mallory', fork: true });
    lab.repository.deleteFork(Number(id));
    expect((await lab.forge.pullRequests(patient)).map(({ fork }) => fork)).toEqual([true]);
  });

  it('sees only pull requests towards the followed branch', async () => {
    await lab.repository.push('other', { 'b.yaml': 'b: 1\n' });
    await lab.repository.open({ ...OPENING, base: 'other' });
    expect(await lab.forge.pullRequests(patient)).toEqual([]);
  });
});

describe('remarks', () => {
  it('are by people, under pull requests; a person may share our account', async () => {
    const id = await lab.propose(OPENING);
    await lab.forge.ensureComment(id, 'plan/orders', 'the plan', patient);
    await lab.remark(id, lab.self, '/redisforge help');
    lab.github.world.person('renovate[bot]', 'Bot');
    await lab.remark(id, 'renovate[bot]', '/redisforge approve');
    await lab.forge.ensureIssue({ key: 'drift/orders', title: 'd', body: 'd', state: 'open' }, patient);
    const issue = lab.repository.issues()[0]?.number ?? 0;
    lab.repository.comment(issue, 'ada', '/redisforge stop');
    const remarks = await lab.forge.remarks(0, patient);
    expect(remarks.map(({ body }) => body)).toEqual(['/redisforge help']);
  });

  it('are all told when there are hundreds', async () => {
    const id = await lab.propose(OPENING);
    for (let index = 0; index < 230; index += 1) await lab.remark(id, 'ada', `${index}`);
    const bodies = (await lab.forge.remarks(0, patient)).map(({ body }) => body);
    expect(bodies).toEqual(Array.from({ length: 230 }, (_, index) => `${index}`));
  });
});

describe('the pull request of a commit', () => {
  it.each(['merge', 'squash', 'rebase'] as const)('is found after a %s', async (method) => {
    const number = await lab.repository.open(OPENING);
    const commit = await lab.repository.merge(number, 'bob', method);
    expect((await lab.forge.pullRequestOf(commit, patient))?.id).toBe(String(number));
  });

  it('is found although GitHub does not know it at first', async () => {
    const number = await lab.repository.open(OPENING);
    const commit = await lab.repository.merge(number);
    const operation = 'repos/list-pull-requests-associated-with-commit';
    lab.github.faults.add({ kind: 'not-yet', operation, times: 2 });
    expect((await lab.forge.pullRequestOf(commit, patient))?.id).toBe(String(number));
    expect(lab.clock.waits).toEqual([1000, 2000]);
  });

  it('is none that is still open, though the commit stands in it', async () => {
    const number = await lab.repository.open(OPENING);
    const { headCommit } = lab.repository.pull(number).pull;
    expect(await lab.forge.pullRequestOf(headCommit, patient)).toBeUndefined();
  });
});

describe('reading', () => {
  it.each(['bad-gateway', 'reset', 'html', 'truncated', 'answer-lost'] as const)(
    'is tried again after %s',
    async (kind) => {
      await lab.propose(OPENING);
      lab.github.faults.add({ kind, operation: 'pulls/list', times: 2 });
      expect(await lab.forge.pullRequests(patient)).toHaveLength(1);
    },
  );

  it.each([
    ['bad-gateway', 'unreachable', 'soon'],
    ['reset', 'unreachable', 'soon'],
    ['html', 'protocol', 'soon'],
    ['truncated', 'protocol', 'soon'],
    ['other-json', 'protocol', 'soon'],
    ['hang', 'timeout', 'soon'],
    ['unauthorized', 'auth', 'later'],
  ] as const)('that meets %s again and again fails as %s, to be tried %s', async (kind, code, retry) => {
    lab.github.faults.add({ kind, operation: 'pulls/list' });
    const error = await failure(
      lab.newForge(kind === 'hang' ? { attemptTimeoutMs: 300 } : {}).pullRequests(patient),
    );
    expect([error.code, error.retry]).toEqual([code, retry]);
    expect(error.message).toMatch(/^acme\/specs: list the open pull requests: /);
    lab.github.faults.clear();
    expect(await lab.forge.pullRequests(patient)).toEqual([]);
  });

  it('ends at once when we give up, however long GitHub thinks', async () => {
    lab.github.faults.add({ kind: 'hang', operation: 'pulls/list' });
    const giveUp = new AbortController();
    const attempt = failure(lab.forge.pullRequests(giveUp.signal));
    await expect.poll(() => lab.github.calls.some(({ operation }) => operation === 'pulls/list')).toBe(true);
    giveUp.abort();
    expect((await attempt).code).toBe('aborted');
  });

  it('follows a repository that was renamed, and writes there', async () => {
    const id = await lab.propose(OPENING);
    await poll();
    lab.repository.rename('redis-specs');
    await lab.forge.ensureComment(id, 'plan/orders', 'the plan', patient);
    expect(await lab.comments(id)).toEqual(['the plan']);
    await poll();
    const redirected = () => lab.github.calls.filter(({ status }) => status === 301 || status === 307).length;
    const before = redirected();
    await poll();
    await lab.forge.ensureComment(id, 'plan/orders', 'the plan, again', patient);
    expect(await lab.comments(id)).toEqual(['the plan, again']);
    expect(redirected()).toBe(before);
    expect(await (await lab.restarted('lost')).pullRequests(patient)).toHaveLength(1);
  });
});
