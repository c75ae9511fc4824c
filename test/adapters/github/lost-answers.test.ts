/** Whatever becomes of an answer: what was to be made is made, and once. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { patient } from '../../support/contract/forge-lab.ts';
import type { FaultKind } from '../../support/github/faults.ts';
import { GithubLab } from '../../support/github/github-lab.ts';
import { failure } from './failure.ts';

let lab: GithubLab;
let id: string;
let number: number;

beforeEach(async () => {
  lab = await GithubLab.create({ access: 'app', base: '' });
  id = await lab.propose({ branch: 'more', title: 'More', author: 'ada', files: { 'a.yaml': 'a: 1\n' } });
  number = Number(id);
  await lab.forge.account(patient);
});
afterEach(async () => {
  expect(lab.github.contractErrors).toEqual([]);
  await lab.dispose();
});

/** The first two were carried out, though nobody was told so; the last two were not. */
const LOST: readonly FaultKind[] = [
  'answer-lost',
  'bad-gateway-after',
  'truncated',
  'other-json',
  'html',
  'bad-gateway',
  'reset',
];

describe.each(LOST)('a making that meets %s', (kind) => {
  it('makes a comment once', async () => {
    lab.github.faults.add({ kind, operation: 'issues/create-comment', times: 1 });
    await lab.forge.ensureComment(id, 'plan/orders', 'the plan', patient);
    expect(await lab.comments(id)).toEqual(['the plan']);
  });

  it('opens an issue once', async () => {
    lab.github.faults.add({ kind, operation: 'issues/create', times: 1 });
    const issue = { key: 'drift/orders', title: 'drift', body: 'much', state: 'open' } as const;
    await lab.forge.ensureIssue(issue, patient);
    expect(await lab.issues()).toEqual([{ title: 'drift', body: 'much', state: 'open' }]);
  });

  it('makes a check run once', async () => {
    lab.github.faults.add({ kind, operation: 'checks/create', times: 1 });
    const commit = lab.repository.pull(number).pull.headCommit;
    const rest = { conclusion: 'success', title: 'Yes', summary: 'fine', text: '', annotations: [] } as const;
    await lab.forge.ensureCheck({ commit, name: 'redisforge/plan', ...rest }, patient);
    expect([...lab.repository.data.checks.values()].map(({ summary }) => summary)).toEqual(['fine']);
  });

  it('sets a status once, when it is told to set it again', async () => {
    lab.github.faults.add({ kind, operation: 'repos/create-commit-status', times: 1 });
    const commit = lab.repository.pull(number).pull.headCommit;
    const status = { commit, context: 'redisforge/plan', state: 'success', description: 'fine' } as const;
    const set = () => lab.forge.setStatus(status, patient);
    const error = await failure(set());
    expect(error.retry).toBe('soon');
    await set();
    expect(lab.repository.data.statuses.map(({ description }) => description)).toEqual(['fine']);
  });

  it('edits a comment in the end', async () => {
    await lab.forge.ensureComment(id, 'plan/orders', 'first', patient);
    lab.github.faults.add({ kind, operation: 'issues/update-comment', times: 1 });
    const edit = () => lab.forge.ensureComment(id, 'plan/orders', 'second', patient);
    await edit().catch(edit);
    expect(await lab.comments(id)).toEqual(['second']);
  });
});

describe('a comment', () => {
  it('is not made twice when GitHub goes away in the middle, and we are started anew', async () => {
    const creating = lab.github.faults.add({ kind: 'answer-lost', operation: 'issues/create-comment' });
    lab.github.faults.add({ kind: 'bad-gateway', operation: 'issues/list-comments' });
    const error = await failure(lab.forge.ensureComment(id, 'plan/orders', 'the plan', patient));
    expect([error.code, error.retry]).toEqual(['unreachable', 'soon']);
    creating();
    lab.github.faults.clear();
    await (await lab.restarted('kept')).ensureComment(id, 'plan/orders', 'the plan', patient);
    expect(await lab.comments(id)).toEqual(['the plan']);
  });

  it('is not made twice when the answer does not come in time', async () => {
    lab.github.faults.add({ kind: 'hang-after', operation: 'issues/create-comment', times: 1 });
    const forge = lab.newForge({ attemptTimeoutMs: 3000 });
    await forge.ensureComment(id, 'plan/orders', 'the plan', patient);
    expect(await lab.comments(id)).toEqual(['the plan']);
  });

  it('that was made twice because GitHub listed it too late is taken away again', async () => {
    lab.github.faults.add({ kind: 'answer-lost', operation: 'issues/create-comment', times: 1 });
    // The first list is before the making, the second after the answer was lost.
    lab.github.faults.add({ kind: 'not-yet', operation: 'issues/list-comments', times: 2 });
    await lab.forge.ensureComment(id, 'plan/orders', 'the plan', patient);
    expect(await lab.comments(id)).toEqual(['the plan', 'the plan']);
    await lab.forge.remarks(0, patient);
    await lab.forge.ensureComment(id, 'plan/orders', 'the plan, again', patient);
    expect(await lab.comments(id)).toEqual(['the plan, again']);
  });

  it('that somebody deleted is made again, and one that somebody changed is put right', async () => {
    await lab.forge.ensureComment(id, 'plan/orders', 'first', patient);
    lab.repository.deleteComment(lab.repository.commentsOn(number)[0]?.id ?? 0);
    await lab.forge.ensureComment(id, 'plan/orders', 'second', patient);
    expect(await lab.comments(id)).toEqual(['second']);
    await lab.forge.remarks(0, patient);
    const { id: comment = 0, body = '' } = lab.repository.commentsOn(number)[0] ?? {};
    lab.repository.editComment(comment, body.replace('second', 'nonsense'));
    await lab.forge.remarks(0, patient);
    await lab.forge.ensureComment(id, 'plan/orders', 'second', patient);
    expect(await lab.comments(id)).toEqual(['second']);
  });

  it('is found behind hundreds of others', async () => {
    for (let index = 0; index < 120; index += 1) lab.repository.comment(number, 'ada', `${index}`);
    await lab.forge.ensureComment(id, 'plan/orders', 'first', patient);
    await (await lab.restarted('lost')).ensureComment(id, 'plan/orders', 'second', patient);
    expect(await lab.comments(id)).toEqual(['second']);
  });
});
