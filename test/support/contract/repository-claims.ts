/** Claims about reading a spec repository with pull requests, for the one in memory and for real Git. */
import assert from 'node:assert/strict';
import { PortError, type SpecRepository } from '../../../reconciler/ports.ts';
import type { FileChanges } from '../simulation/spec-repository.ts';

export interface RepositoryLab {
  /** What RedisForge reads, following `main`. */
  readonly repository: SpecRepository;
  /** Somebody commits on a branch and pushes it; a new branch starts at `main`. */
  commit(branch: string, changes: FileChanges): Promise<string>;
  /** Somebody merges a commit into `main`, as a merge commit. */
  merge(head: string): Promise<string>;
  point(ref: string, commit: string): Promise<void>;
  remove(ref: string): Promise<void>;
}

export interface RepositoryClaim {
  readonly says: string;
  prove(lab: RepositoryLab): Promise<void>;
}

const never = new AbortController().signal;
const LINES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', ''];
const TEXT = LINES.join('\n');
const START: FileChanges = { 'orders/cluster.yaml': TEXT, 'cart/cluster.yaml': 'cart\n' };

function replaced(line: string, by: string): string {
  return LINES.map((each) => (each === line ? by : each)).join('\n');
}

async function rejected(attempt: Promise<unknown>, code: string): Promise<PortError> {
  const error = await attempt.then(
    () => assert.fail('was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PortError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

async function textOf(repository: SpecRepository, tree: string, path: string): Promise<string> {
  return Buffer.from(await repository.readFile(tree, path)).toString();
}

async function treeOf(repository: SpecRepository, base: string, head: string): Promise<string> {
  const result = await repository.mergeResult(base, head);
  assert.ok('tree' in result, JSON.stringify(result));
  return result.tree;
}

export const REPOSITORY_CLAIMS: readonly RepositoryClaim[] = [
  {
    says: 'a head is not here before it was fetched, and all announced ones are afterwards',
    async prove({ repository, commit, point }) {
      await commit('main', START);
      const heads = [];
      for (const [index, word] of ['a', 'b', 'c'].entries()) {
        const head = await commit(`topic-${word}`, { 'cart/cluster.yaml': `${word}\n` });
        await point(`refs/pull/${index}/head`, head);
        heads.push({ ref: `refs/pull/${index}/head`, commit: head });
      }
      const base = await repository.fetchHead(never);
      await rejected(repository.mergeResult(base.id, heads[0]?.commit ?? ''), 'not-found');
      await repository.fetchRefs(heads, never);
      for (const { commit: head } of heads) {
        assert.equal((await repository.listSpecs(head)).length, 2);
        assert.ok(await repository.isAncestor(base.id, head));
      }
      await repository.fetchRefs(heads, never);
    },
  },
  {
    says: 'two refs at one commit are fetched as one',
    async prove({ repository, commit, point }) {
      await commit('main', START);
      const head = await commit('topic', { 'cart/cluster.yaml': 'new\n' });
      await point('refs/heads/twin', head);
      await repository.fetchHead(never);
      const twins = ['topic', 'twin'].map((name) => ({ ref: `refs/heads/${name}`, commit: head }));
      await repository.fetchRefs(twins, never);
      assert.equal(await textOf(repository, head, 'cart/cluster.yaml'), 'new\n');
    },
  },
  {
    says: 'a ref that has moved on or is gone is told by name, and the others are here nevertheless',
    async prove({ repository, commit, remove }) {
      await commit('main', START);
      const announced = await commit('moved', { 'cart/cluster.yaml': '1\n' });
      const gone = await commit('gone', { 'cart/cluster.yaml': '2\n' });
      const good = await commit('good', { 'cart/cluster.yaml': '3\n' });
      const now = await commit('moved', { 'cart/cluster.yaml': '4\n' });
      await remove('refs/heads/gone');
      await repository.fetchHead(never);
      const refs = { moved: announced, gone, good };
      const asked = Object.entries(refs).map(([name, id]) => ({ ref: `refs/heads/${name}`, commit: id }));
      const error = await rejected(repository.fetchRefs(asked, never), 'not-found');
      assert.match(error.message, /refs\/heads\/gone is gone/);
      assert.match(error.message, new RegExp(`refs/heads/moved has moved on from ${announced}`));
      assert.equal(error.retry, 'soon');
      assert.equal(await textOf(repository, good, 'cart/cluster.yaml'), '3\n');
      const moved = asked.filter(({ ref }) => ref.endsWith('moved'));
      await rejected(repository.fetchRefs(moved, never), 'conflict');
      await repository.fetchRefs([{ ref: 'refs/heads/moved', commit: now }], never);
      assert.equal(await textOf(repository, now, 'cart/cluster.yaml'), '4\n');
    },
  },
  {
    says: 'a merge result has what both sides changed, in other files and in one file',
    async prove({ repository, commit }) {
      await commit('main', START);
      const head = await commit('topic', { 'orders/cluster.yaml': replaced('two', 'TWO') });
      const base = await commit('main', {
        'orders/cluster.yaml': replaced('eight', 'EIGHT'),
        'cart/cluster.yaml': 'moved on\n',
        'new/cluster.yaml': 'new\n',
      });
      await repository.fetchHead(never);
      await repository.fetchRefs([{ ref: 'refs/heads/topic', commit: head }], never);
      const tree = await treeOf(repository, base, head);
      const specs = await repository.listSpecs(tree);
      const paths = ['cart', 'new', 'orders'].map((name) => `${name}/cluster.yaml`);
      assert.deepEqual(
        specs.map(({ path, kind }) => `${path} ${kind}`),
        paths.map((path) => `${path} file`),
      );
      assert.equal(
        await textOf(repository, tree, 'orders/cluster.yaml'),
        replaced('two', 'TWO').replace('eight', 'EIGHT'),
      );
      assert.equal(await textOf(repository, tree, 'cart/cluster.yaml'), 'moved on\n');
      await rejected(repository.readFile(tree, 'cart/nothing'), 'not-found');
    },
  },
  {
    says: 'equal content has an equal id, in a commit as in a tree, and other content another one',
    async prove({ repository, commit }) {
      const base = await commit('main', START);
      const head = await commit('topic', { 'orders/cluster.yaml': replaced('two', 'TWO') });
      await repository.fetchHead(never);
      await repository.fetchRefs([{ ref: 'refs/heads/topic', commit: head }], never);
      const tree = await treeOf(repository, base, head);
      const [cart, orders] = await repository.listSpecs(base);
      const [sameCart, otherOrders] = await repository.listSpecs(tree);
      assert.equal(sameCart?.content, cart?.content);
      assert.notEqual(otherOrders?.content, orders?.content);
    },
  },
  {
    says: 'a file that one side takes away is gone from the merge result',
    async prove({ repository, commit }) {
      const base = await commit('main', START);
      const head = await commit('topic', { 'cart/cluster.yaml': undefined });
      await repository.fetchHead(never);
      await repository.fetchRefs([{ ref: 'refs/heads/topic', commit: head }], never);
      const specs = await repository.listSpecs(await treeOf(repository, base, head));
      assert.deepEqual(
        specs.map(({ path }) => path),
        ['orders/cluster.yaml'],
      );
    },
  },
  {
    says: 'a head that is contained in the base changes nothing; one that is ahead of it is the result',
    async prove({ repository, commit }) {
      const first = await commit('main', START);
      const second = await commit('main', { 'cart/cluster.yaml': 'second\n' });
      await repository.fetchHead(never);
      for (const [base, head] of [
        [second, first],
        [first, second],
        [second, second],
      ] as const) {
        const tree = await treeOf(repository, base, head);
        assert.equal(await textOf(repository, tree, 'cart/cluster.yaml'), 'second\n');
      }
    },
  },
  {
    says: 'contradictions are told by path, whether a file was changed twice, or changed here and removed there',
    async prove({ repository, commit }) {
      await commit('main', START);
      const head = await commit('topic', {
        'orders/cluster.yaml': replaced('two', 'theirs'),
        'cart/cluster.yaml': undefined,
        'free/cluster.yaml': 'free\n',
      });
      const base = await commit('main', {
        'orders/cluster.yaml': replaced('two', 'ours'),
        'cart/cluster.yaml': 'changed\n',
      });
      await repository.fetchHead(never);
      await repository.fetchRefs([{ ref: 'refs/heads/topic', commit: head }], never);
      const result = await repository.mergeResult(base, head);
      assert.ok('conflicts' in result);
      assert.deepEqual([...result.conflicts].sort(), ['cart/cluster.yaml', 'orders/cluster.yaml']);
    },
  },
  {
    says: 'the last change of a file is the commit on the branch that brought it, the merge and not what was merged',
    async prove({ repository, commit, merge }) {
      const first = await commit('main', START);
      const topic = await commit('topic', { 'orders/cluster.yaml': replaced('two', 'TWO') });
      const direct = await commit('main', { 'cart/cluster.yaml': 'direct\n' });
      const merged = await merge(topic);
      const head = await commit('main', { 'new/cluster.yaml': 'new\n' });
      await repository.fetchHead(never);
      assert.equal(await repository.lastChange(head, 'orders/cluster.yaml'), merged);
      assert.equal(await repository.lastChange(head, 'cart/cluster.yaml'), direct);
      assert.equal(await repository.lastChange(head, 'new/cluster.yaml'), head);
      assert.equal(await repository.lastChange(direct, 'orders/cluster.yaml'), first);
      assert.equal(await repository.lastChange(first, 'new/cluster.yaml'), undefined);
    },
  },
  {
    says: 'nothing but full ids is merged',
    async prove({ repository, commit }) {
      const base = await commit('main', START);
      await repository.fetchHead(never);
      await rejected(repository.mergeResult(base, 'main'), 'refused');
      await rejected(repository.mergeResult('--help', base), 'refused');
      await rejected(repository.mergeResult(base, 'f'.repeat(40)), 'not-found');
    },
  },
];
