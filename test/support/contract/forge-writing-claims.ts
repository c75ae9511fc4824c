/** What is written to a forge: found again by its key, once, and not written when it is there already. */
import assert from 'node:assert/strict';
import type { Annotation, CommitStatus } from '../../../reconciler/ports/forge.ts';
import { type ForgeClaim, type ForgeLab, failsWith, patient, theOnly } from './forge-lab.ts';

const FILES = { 'orders/cluster.yaml': 'orders: 1\n' };

async function opened(lab: ForgeLab, branch = 'more-shards'): Promise<{ id: string; commit: string }> {
  const id = await lab.propose({ branch, title: branch, author: 'ada', files: FILES });
  const pulls = await lab.forge.pullRequests(patient);
  const commit = pulls.find((each) => each.id === id)?.head.commit ?? assert.fail(`${id} is not listed`);
  return { id, commit };
}

async function writesOf(lab: ForgeLab, work: () => Promise<void>): Promise<number> {
  const before = await lab.writes();
  await work();
  return (await lab.writes()) - before;
}

export const FORGE_WRITING_CLAIMS: readonly ForgeClaim[] = [
  {
    says: 'a comment is made once, edited in place, and left alone when it says this already',
    needs: [],
    async prove(lab) {
      const { id } = await opened(lab);
      await lab.forge.ensureComment(id, 'plan/orders', 'first', patient);
      await lab.forge.ensureComment(id, 'plan/orders', 'second', patient);
      assert.deepEqual(await lab.comments(id), ['second']);
      const writes = await writesOf(lab, () => lab.forge.ensureComment(id, 'plan/orders', 'second', patient));
      assert.equal(writes, 0);
    },
  },
  {
    says: 'each key and each pull request has a comment of its own',
    needs: [],
    async prove(lab) {
      const one = await opened(lab, 'one');
      const two = await opened(lab, 'two');
      await lab.forge.ensureComment(one.id, 'plan/orders', 'one: orders', patient);
      await lab.forge.ensureComment(one.id, 'plan/carts', 'one: carts', patient);
      await lab.forge.ensureComment(two.id, 'plan/orders', 'two: orders', patient);
      await lab.forge.ensureComment(one.id, 'plan/orders', 'one: orders, again', patient);
      assert.deepEqual([...(await lab.comments(one.id))].sort(), ['one: carts', 'one: orders, again']);
      assert.deepEqual(await lab.comments(two.id), ['two: orders']);
    },
  },
  {
    says: 'a comment is found again by a forge that has just been started, also when its state was lost',
    needs: [],
    async prove(lab) {
      const { id } = await opened(lab);
      await lab.forge.ensureComment(id, 'plan/orders', 'first', patient);
      for (const state of ['kept', 'lost'] as const) {
        const forge = await lab.restarted(state);
        assert.equal(await writesOf(lab, () => forge.ensureComment(id, 'plan/orders', 'first', patient)), 0);
      }
      const forge = await lab.restarted('lost');
      await forge.ensureComment(id, 'plan/orders', 'second', patient);
      assert.deepEqual(await lab.comments(id), ['second']);
    },
  },
  {
    says: 'two calls at once for one comment make one comment',
    needs: [],
    async prove(lab) {
      const { id } = await opened(lab);
      await Promise.all([
        lab.forge.ensureComment(id, 'plan/orders', 'first', patient),
        lab.forge.ensureComment(id, 'plan/orders', 'second', patient),
      ]);
      assert.deepEqual(await lab.comments(id), ['second']);
    },
  },
  {
    says: 'an answer to a remark is given once',
    needs: ['remarks'],
    async prove(lab) {
      const { id } = await opened(lab);
      await lab.remark(id, 'ada', '/redisforge help');
      const remark = await theOnly(lab.forge.remarks(0, patient));
      await lab.forge.answer(remark, 'this is how', patient);
      await lab.forge.answer(remark, 'this is how', patient);
      await (await lab.restarted('lost')).answer(remark, 'this is how', patient);
      assert.deepEqual(await lab.comments(id), ['this is how']);
      await lab.forge.react(remark, 'seen', patient);
      await lab.forge.react(remark, 'done', patient);
      await lab.forge.react(remark, 'done', patient);
      assert.equal(
        (await lab.forge.remarks(0, patient)).length,
        1,
        'neither answer nor reaction is a remark',
      );
    },
  },
  {
    says: 'a status is written once, the last word counts, and a context does not disturb another',
    needs: [],
    async prove(lab) {
      const { commit } = await opened(lab);
      const plan: CommitStatus = {
        commit,
        context: 'redisforge/plan',
        state: 'pending',
        description: 'Planning',
      };
      const apply: CommitStatus = { ...plan, context: 'redisforge/apply', description: 'After the merge' };
      const done: CommitStatus = { ...plan, state: 'success', description: '2 nodes more' };
      for (const status of [plan, apply, done]) await lab.forge.setStatus(status, patient);
      const said = [...(await lab.statuses(commit))].sort((a, b) => (a.context < b.context ? -1 : 1));
      assert.deepEqual(said, [
        { context: 'redisforge/apply', state: 'pending', description: 'After the merge' },
        { context: 'redisforge/plan', state: 'success', description: '2 nodes more' },
      ]);
      assert.equal(await writesOf(lab, () => lab.forge.setStatus(done, patient)), 0);
      const forge = await lab.restarted('lost');
      assert.equal(await writesOf(lab, () => forge.setStatus(done, patient)), 0);
    },
  },
  {
    says: 'a check run is made where an App may, once, and denied elsewhere',
    needs: [],
    async prove(lab) {
      const { commit } = await opened(lab);
      const { checks } = await lab.forge.account(patient);
      const annotations: Annotation[] = Array.from({ length: 60 }, (_, index) => ({
        path: 'orders/cluster.yaml',
        line: index + 1,
        level: 'failure',
        title: 'unknown key',
        message: `line ${index + 1}`,
      }));
      const check = {
        commit,
        name: 'redisforge/plan: orders',
        conclusion: 'failure',
        title: 'No',
        text: 'text',
      } as const;
      const make = () => lab.forge.ensureCheck({ ...check, summary: 'one', annotations }, patient);
      if (!checks) return await failsWith('denied', make());
      await make();
      assert.equal(await writesOf(lab, make), 0);
      assert.deepEqual(await lab.checks(commit), [{ name: check.name, summary: 'one', annotations }]);
      await lab.forge.ensureCheck({ ...check, summary: 'two', annotations: [] }, patient);
      assert.deepEqual(await lab.checks(commit), [{ name: check.name, summary: 'two', annotations: [] }]);
    },
  },
  {
    says: 'an issue is opened once, updated, closed, and opened again; one that never was is not closed',
    needs: ['issues'],
    async prove(lab) {
      const drift = {
        key: 'drift/orders',
        title: 'orders has drifted',
        body: 'maxmemory',
        state: 'open',
      } as const;
      await lab.forge.ensureIssue({ ...drift, key: 'drift/carts', state: 'closed' }, patient);
      assert.deepEqual(await lab.issues(), []);
      await lab.forge.ensureIssue(drift, patient);
      assert.equal(await writesOf(lab, () => lab.forge.ensureIssue(drift, patient)), 0);
      await lab.forge.ensureIssue({ ...drift, body: 'maxmemory, again' }, patient);
      const closed = { ...drift, body: 'it is gone', state: 'closed' } as const;
      const forge = await lab.restarted('lost');
      await forge.ensureIssue(closed, patient);
      assert.deepEqual(await lab.issues(), [
        { title: 'orders has drifted', body: 'it is gone', state: 'closed' },
      ]);
      await forge.ensureIssue(drift, patient);
      assert.deepEqual(await lab.issues(), [{ title: drift.title, body: drift.body, state: 'open' }]);
    },
  },
  {
    says: 'a marker that stands in the text of a comment is text',
    needs: ['remarks'],
    async prove(lab) {
      const { id } = await opened(lab);
      const marker = '<!-- redisforge v1 {"key":"plan/orders"} -->';
      await lab.remark(id, 'mallory', `mine now\n\n${marker}`);
      await lab.forge.ensureComment(id, 'plan/orders', 'the plan', patient);
      await lab.forge.ensureComment(id, 'plan/carts', `somebody wrote:\n${marker}`, patient);
      await (await lab.restarted('lost')).ensureComment(id, 'plan/orders', 'the plan, again', patient);
      const seen = await lab.comments(id);
      assert.deepEqual([...seen].sort(), [`somebody wrote:\n${marker}`, 'the plan, again'].sort());
      assert.ok((await lab.forge.remarks(0, patient)).some((each) => each.author === 'mallory'));
    },
  },
];
