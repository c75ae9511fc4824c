/** GitHub's limits: what is too long is cut or refused, what is too much is said later, and a wish to be left alone is kept. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContentBudget } from '../../../reconciler/adapters/github/budget.ts';
import type { CommitStatus } from '../../../reconciler/ports/forge.ts';
import { patient } from '../../support/contract/forge-lab.ts';
import { GithubLab, HurriedClock } from '../../support/github/github-lab.ts';
import { failure } from './failure.ts';

let lab: GithubLab;
let id: string;
let commit: string;

beforeEach(async () => {
  lab = await GithubLab.create({ access: 'app', base: '' });
  id = await lab.propose({ branch: 'more', title: 'More', author: 'ada', files: { 'a.yaml': 'a: 1\n' } });
  commit = lab.repository.pull(Number(id)).pull.headCommit;
  await lab.forge.account(patient);
});
afterEach(async () => {
  expect(lab.github.contractErrors).toEqual([]);
  await lab.dispose();
});

const MINUTE_MS = 60_000;

describe('when GitHub asks to be left alone', () => {
  it.each([
    ['secondary-limit', MINUTE_MS],
    ['bare-429', MINUTE_MS],
    ['rate-limited', 60 * MINUTE_MS],
  ] as const)('by %s, it is, and heard again after that', async (kind, waitMs) => {
    lab.github.faults.add({ kind, operation: 'issues/create-comment', times: 1 });
    const say = () => lab.forge.ensureComment(id, 'plan/orders', 'the plan', patient);
    const error = await failure(say());
    expect([error.code, error.retry]).toEqual(['unreachable', 'later']);
    const calls = lab.github.calls.length;
    expect((await failure(say())).message).toContain('asks to wait for');
    expect((await failure(lab.forge.pullRequests(patient))).code).toBe('unreachable');
    expect(lab.github.calls).toHaveLength(calls);
    lab.clock.ahead += waitMs + 5000;
    await say();
    expect(await lab.comments(id)).toEqual(['the plan']);
  });

  it('Octokit does not wait for it in our place', async () => {
    const forge = lab.newForge({ spacing: true });
    lab.github.faults.add({ kind: 'rate-limited', operation: 'pulls/list' });
    expect((await failure(forge.pullRequests(patient))).retry).toBe('later');
  });
});

describe('what is too long', () => {
  it('is refused as a comment, without asking GitHub', async () => {
    const writes = await lab.writes();
    const error = await failure(lab.forge.ensureComment(id, 'plan/orders', 'x'.repeat(65_530), patient));
    expect([error.code, error.retry]).toEqual(['refused', 'never']);
    expect(error.message).toMatch(/has 65\d{3} characters, and GitHub takes 65536$/);
    expect(await lab.writes()).toBe(writes);
    await lab.forge.ensureComment(id, 'plan/orders', 'x'.repeat(65_000), patient);
  });

  it('is cut in a status, between characters, and another status that begins the same is another one', async () => {
    const status: CommitStatus = {
      commit,
      context: `redisforge/plan: ${'c'.repeat(300)}1`,
      state: 'success',
      description: `${'d'.repeat(138)}💥 and more`,
      url: 'https://example.com/plan',
    };
    await lab.forge.setStatus(status, patient);
    await lab.forge.setStatus({ ...status, context: status.context.replace(/1$/, '2') }, patient);
    const said = await lab.statuses(commit);
    expect(said.map(({ description }) => description)).toEqual(Array(2).fill(`${'d'.repeat(138)}…`));
    expect(said.map(({ context }) => context.length)).toEqual([255, 255]);
    expect(said[0]?.context).not.toBe(said[1]?.context);
    const writes = await lab.writes();
    await (await lab.restarted('lost')).setStatus(status, patient);
    expect(await lab.writes()).toBe(writes);
  });

  it('is cut in a check run, and an open fence is closed', async () => {
    const text = `intro\n\`\`\`diff\n${'+ ä line\n'.repeat(9000)}\`\`\`\n`;
    const check = {
      commit,
      name: 'redisforge/plan',
      conclusion: 'success',
      title: 'Yes',
      summary: 'fine',
    } as const;
    await lab.forge.ensureCheck({ ...check, text, annotations: [] }, patient);
    const shown = lab.repository.checksOf(commit)[0]?.text ?? '';
    expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(65_535);
    expect(shown.length).toBeGreaterThan(50_000);
    expect(shown).toMatch(/\n\+ ä line\n```\n\nThe rest has no room here\.\n$/);
  });
});

describe('what GitHub does not take', () => {
  it('is denied in a locked conversation', async () => {
    lab.repository.lock(Number(id));
    const error = await failure(lab.forge.ensureComment(id, 'plan/orders', 'the plan', patient));
    expect([error.code, error.retry]).toEqual(['denied', 'later']);
    expect(error.message).toContain('locked');
  });

  it('is refused for ever when a commit has a thousand statuses of one context', async () => {
    const creator = lab.github.world.person('redisforge[bot]');
    const plan = { commit, context: 'redisforge/plan', state: 'pending', url: null, creator, at: 0 };
    for (let index = 0; index < 1000; index += 1)
      lab.repository.data.statuses.push({ ...plan, id: index, description: `${index}` });
    const status = { commit, context: 'redisforge/plan', state: 'success', description: 'fine' } as const;
    const error = await failure(lab.forge.setStatus(status, patient));
    expect([error.code, error.retry]).toEqual(['refused', 'never']);
  });

  it('is tried again soon when GitHub does not have a commit yet', async () => {
    const missing = {
      commit: 'a'.repeat(40),
      context: 'redisforge/plan',
      state: 'success',
      description: '',
    } as const;
    const error = await failure(lab.forge.setStatus(missing, patient));
    expect([error.code, error.retry]).toEqual(['not-found', 'soon']);
  });
});

describe('the budget of writes', () => {
  it('has the last of it for results', async () => {
    const clock = new HurriedClock();
    const budget = new ContentBudget({ perMinute: 10, perHour: 100 }, clock);
    for (let index = 0; index < 5; index += 1) await budget.take('progress', patient);
    const error = await failure(budget.take('progress', patient));
    expect([error.code, error.retry]).toEqual(['refused', 'soon']);
    expect(error.message).toContain('nothing left for progress: wait for');
    for (let index = 0; index < 3; index += 1) await budget.take('plan', patient);
    expect((await failure(budget.take('plan', patient))).message).toContain('nothing left for a plan');
    for (let index = 0; index < 2; index += 1) await budget.take('result', patient);
    expect((await failure(budget.take('result', patient))).retry).toBe('soon');
    expect(budget.left()).toEqual({ minute: 0, hour: 90 });
    clock.ahead += MINUTE_MS;
    await budget.take('progress', patient);
    expect(budget.left()).toEqual({ minute: 9, hour: 89 });
  });

  it('has an hour of its own, and waits for a moment by itself', async () => {
    const clock = new HurriedClock();
    const budget = new ContentBudget({ perMinute: 10, perHour: 20 }, clock);
    for (let round = 0; round < 2; round += 1) {
      for (let index = 0; index < 10; index += 1) await budget.take('result', patient);
      clock.ahead += MINUTE_MS;
    }
    expect((await failure(budget.take('result', patient))).retry).toBe('later');
    clock.ahead += 58 * MINUTE_MS - 1000;
    await budget.take('result', patient);
    expect(clock.waits).toHaveLength(1);
    expect(clock.waits[0]).toBeLessThanOrEqual(1000);
  });

  it('is what GitHub is written to by', async () => {
    const forge = lab.newForge({ writesPerMinute: 10 });
    for (let index = 0; index < 5; index += 1)
      await forge.ensureComment(id, 'plan/orders', `step ${index}`, patient, 'progress');
    const progress = failure(forge.ensureComment(id, 'plan/orders', 'step 6', patient, 'progress'));
    expect((await progress).code).toBe('refused');
    await forge.ensureComment(id, 'plan/orders', 'done', patient, 'result');
    expect(await lab.comments(id)).toEqual(['done']);
    const { contentLeft, requests, rateLimit, lastAnswerAt } = forge.numbers();
    expect(contentLeft.minute).toBe(4);
    expect(requests.get(201)).toBeGreaterThanOrEqual(1);
    expect(rateLimit?.limit).toBe(5000);
    expect(rateLimit?.remaining).toBeLessThan(5000);
    expect(lastAnswerAt).toBeGreaterThan(0);
  });
});
