/** What a forge tells: pull requests, remarks, approvals, permissions. */
import assert from 'node:assert/strict';
import { type ForgeClaim, failsWith, patient, theOnly } from './forge-lab.ts';

const FILES = { 'orders/cluster.yaml': 'orders: 1\n' };
const PROPOSAL = { branch: 'more-shards', title: 'A fourth shard', author: 'ada', files: FILES };

export const FORGE_READING_CLAIMS: readonly ForgeClaim[] = [
  {
    says: 'an open pull request is listed with its head, its base and its author',
    needs: [],
    async prove(lab) {
      const base = await lab.pushDirectly({ 'README.md': 'specs\n' });
      const id = await lab.propose(PROPOSAL);
      const pull = await theOnly(lab.forge.pullRequests(patient));
      assert.equal(pull.id, id);
      assert.equal(pull.state, 'open');
      assert.equal(pull.fork, false);
      assert.equal(pull.draft, false);
      assert.equal(pull.mergeCommit, undefined);
      assert.equal(pull.head.branch, 'more-shards');
      assert.match(pull.head.commit, /^[0-9a-f]{40}$/);
      assert.deepEqual(pull.base, { branch: lab.branch, commit: base });
      assert.equal(pull.author, 'ada');
      assert.ok(pull.updatedAt > 0);
    },
  },
  {
    says: 'a push moves the head of a pull request',
    needs: [],
    async prove(lab) {
      const id = await lab.propose(PROPOSAL);
      const before = await theOnly(lab.forge.pullRequests(patient));
      const commit = await lab.push(id, { 'orders/cluster.yaml': 'orders: 2\n' });
      const after = await theOnly(lab.forge.pullRequests(patient));
      assert.notEqual(before.head.commit, commit);
      assert.equal(after.head.commit, commit);
      assert.equal(after.id, id);
    },
  },
  {
    says: 'a merged pull request names the commit that its merge made, and is found by it; a direct push is no pull request',
    needs: [],
    async prove(lab) {
      const id = await lab.propose(PROPOSAL);
      await lab.forge.pullRequests(patient);
      const merge = await lab.merge(id);
      const pull = (await lab.forge.pullRequests(patient)).find((each) => each.id === id);
      assert.equal(pull?.state, 'merged');
      assert.equal(pull?.mergeCommit, merge);
      const found = await lab.forge.pullRequestOf(merge, patient);
      assert.equal(found?.id, id);
      assert.equal(found?.mergeCommit, merge);
      const direct = await lab.pushDirectly({ 'orders/cluster.yaml': 'orders: 3\n' });
      assert.equal(await lab.forge.pullRequestOf(direct, patient), undefined);
    },
  },
  {
    says: 'a merged pull request is found by its commit by a forge that has just been started',
    needs: [],
    async prove(lab) {
      const id = await lab.propose(PROPOSAL);
      const merge = await lab.merge(id);
      const forge = await lab.restarted('lost');
      assert.equal((await forge.pullRequestOf(merge, patient))?.id, id);
    },
  },
  {
    says: 'a pull request that was closed without a merge is closed, not merged',
    needs: ['closing'],
    async prove(lab) {
      const id = await lab.propose(PROPOSAL);
      await lab.closeUnmerged(id);
      const pull = (await lab.forge.pullRequests(patient)).find((each) => each.id === id);
      assert.equal(pull?.state, 'closed');
      assert.equal(pull?.mergeCommit, undefined);
    },
  },
  {
    says: 'a draft is a draft, and a pull request from a fork is from a fork',
    needs: ['drafts', 'forks'],
    async prove(lab) {
      await lab.propose({ ...PROPOSAL, draft: true });
      await lab.propose({ ...PROPOSAL, branch: 'patch-1', author: 'mallory', fork: true });
      const pulls = await lab.forge.pullRequests(patient);
      assert.deepEqual(pulls.map(({ author, draft, fork }) => ({ author, draft, fork })).sort(byAuthor), [
        { author: 'ada', draft: true, fork: false },
        { author: 'mallory', draft: false, fork: true },
      ]);
    },
  },
  {
    says: 'remarks are told oldest first, from the moment that was asked for, and none of our own comments is one',
    needs: ['remarks'],
    async prove(lab) {
      const id = await lab.propose(PROPOSAL);
      const first = await lab.remark(id, 'ada', '/redisforge plan');
      await lab.forge.ensureComment(id, 'plan/orders', 'the plan', patient);
      const second = await lab.remark(id, 'bob', 'looks good');
      const all = await lab.forge.remarks(0, patient);
      assert.deepEqual(
        all.map((each) => [each.id, each.pullRequest, each.author, each.body, each.edited]),
        [
          [first, id, 'ada', '/redisforge plan', false],
          [second, id, 'bob', 'looks good', false],
        ],
      );
      const since = all[1]?.at ?? assert.fail('two remarks');
      const late = await lab.forge.remarks(since, patient);
      assert.ok(
        late.some((each) => each.id === second),
        'the moment itself is included',
      );
      assert.deepEqual(await lab.forge.remarks(since + 60_000, patient), []);
    },
  },
  {
    says: 'a remark that was edited says so',
    needs: ['remarks'],
    async prove(lab) {
      const id = await lab.propose(PROPOSAL);
      const remark = await lab.remark(id, 'ada', 'nothing');
      await lab.forge.remarks(0, patient);
      await lab.editRemark(remark, '/redisforge approve p_0123456789ab');
      const { edited, body } = await theOnly(lab.forge.remarks(0, patient));
      assert.deepEqual([edited, body], [true, '/redisforge approve p_0123456789ab']);
    },
  },
  {
    says: 'an approval is bound to the commit that was looked at, and a later refusal takes it back',
    needs: ['reviews'],
    async prove(lab) {
      const id = await lab.propose(PROPOSAL);
      const { head } = await theOnly(lab.forge.pullRequests(patient));
      await lab.review(id, 'bob', 'approved');
      const approval = await theOnly(lab.forge.approvals(id, patient));
      assert.deepEqual([approval.author, approval.commit], ['bob', head.commit]);
      await lab.push(id, { 'orders/cluster.yaml': 'orders: 2\n' });
      assert.equal((await theOnly(lab.forge.approvals(id, patient))).commit, head.commit);
      await lab.review(id, 'bob', 'changes-requested');
      assert.deepEqual(await lab.forge.approvals(id, patient), []);
    },
  },
  {
    says: 'a permission is asked anew each time',
    needs: ['permissions'],
    async prove(lab) {
      await lab.setPermission('bob', 'write');
      assert.equal(await lab.forge.permissionOf('bob', patient), 'write');
      await lab.setPermission('bob', 'none');
      assert.equal(await lab.forge.permissionOf('bob', patient), 'none');
    },
  },
  {
    says: 'members of a team are members, others and unknown teams are not',
    needs: ['teams'],
    async prove(lab) {
      await lab.addToTeam('acme/redis', 'bob');
      assert.equal(await lab.forge.isMember('acme/redis', 'bob', patient), true);
      assert.equal(await lab.forge.isMember('acme/redis', 'ada', patient), false);
      assert.equal(await lab.forge.isMember('acme/nobody', 'bob', patient), false);
    },
  },
  {
    says: 'whoever gives up is told that it was he',
    needs: [],
    async prove(lab) {
      await failsWith('aborted', lab.forge.pullRequests(AbortSignal.abort()));
    },
  },
];

function byAuthor(a: { readonly author: string }, b: { readonly author: string }): number {
  return a.author < b.author ? -1 : 1;
}
