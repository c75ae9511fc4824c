/** Branches and history of the repository, as the embedded forge asks about them. Everything is read from its mirror. */
import { PortError } from '../../ports.ts';
import type { GitCommands } from '../git/git-command.ts';
import { GitExit, gitError } from '../git/git-errors.ts';
import { mergeTree } from '../git/merge-tree.ts';
import { objectId } from '../git/names.ts';
import type { GitRemote } from '../git/remote.ts';

export interface BranchHead {
  readonly branch: string;
  readonly commit: string;
  readonly author: string;
  /** First line of the message. */
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A commit on the way that the followed branch itself has gone: first parents only. */
export interface ChainCommit extends Omit<BranchHead, 'branch'> {
  readonly parents: readonly string[];
  readonly tree: string;
}

const HEADS = 'refs/redisforge/heads/';
const LOCAL_MS = 15_000;
/** Commits of the followed branch that are looked through for merges at a first start, and at most at any time. */
const CHAIN_AT_START = 20;
const CHAIN_LIMIT = 500;
const COMMIT_FORMAT = '%H%x00%P%x00%T%x00%an%x00%ct%x00%s';

export class Branches {
  readonly #git: GitCommands;
  readonly #remote: GitRemote;
  /** Commits that have something in common with the followed branch; that never changes. */
  readonly #related = new Set<string>();

  constructor(git: GitCommands, remote: GitRemote) {
    this.#git = git;
    this.#remote = remote;
  }

  async fetch(signal: AbortSignal): Promise<void> {
    await this.#remote.fetch('branches', [`+refs/heads/*:${HEADS}*`], signal, 'prune');
  }

  /** @param containedIn only branches that a commit contains already. */
  async heads(containedIn?: string): Promise<ReadonlyMap<string, BranchHead>> {
    const format =
      '--format=%(refname:lstrip=3)%00%(objectname)%00%(authorname)%00%(committerdate:unix)%00%(subject)';
    const only = containedIn === undefined ? [] : [`--merged=${objectId(containedIn)}`];
    const rows = await this.#rows('list the branches', 'for-each-ref', format, ...only, HEADS);
    return new Map(
      rows.map(([branch = '', commit = '', author = '', seconds = '', subject = '']) => [
        branch,
        { branch, commit, author, subject, at: Number(seconds) * 1000 },
      ]),
    );
  }

  /** The commits that the followed branch got since `previous`, oldest first. */
  async chain(previous: string | undefined, head: string): Promise<ChainCommit[]> {
    const [since, limit] =
      previous === undefined || !(await this.isKnown(previous))
        ? [[], CHAIN_AT_START]
        : [[`^${previous}`], CHAIN_LIMIT];
    const range = [
      `--format=${COMMIT_FORMAT}`,
      '--first-parent',
      `--max-count=${limit}`,
      objectId(head),
      ...since,
    ];
    return (await this.#rows('read the history', 'log', ...range)).map(chainCommit).reverse();
  }

  async commit(id: string): Promise<ChainCommit> {
    const rows = await this.#rows(`look at ${id}`, 'log', '-1', `--format=${COMMIT_FORMAT}`, objectId(id));
    return chainCommit(rows[0] ?? []);
  }

  /** The first commit on the followed branch's own way that contains another one. */
  async arrival(commit: string, head: string): Promise<string> {
    const way = await this.#rows(
      'read the history',
      'rev-list',
      '--first-parent',
      '--ancestry-path',
      `${objectId(commit)}..${objectId(head)}`,
    );
    const last = way.at(-1)?.[0];
    if (last === undefined) return commit;
    // What lies on the way itself has arrived with itself.
    return (await this.commit(last)).parents[0] === commit ? commit : last;
  }

  async isKnown(commit: string): Promise<boolean> {
    return this.#yes('look for a commit', 'cat-file', '-e', `${objectId(commit)}^{commit}`);
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    return this.#yes(
      'compare commits',
      'merge-base',
      '--is-ancestor',
      objectId(ancestor),
      objectId(descendant),
    );
  }

  /** Whether two commits have anything in common: pages and archives are kept in branches that have not. */
  async isRelated(main: string, commit: string): Promise<boolean> {
    if (this.#related.has(commit)) return true;
    const related = await this.#yes('compare commits', 'merge-base', objectId(main), objectId(commit));
    if (related) this.#related.add(commit);
    return related;
  }

  /** Whether a commit is what merging a head into its parent would have given: a merge that was squashed. */
  async isSquashOf(head: string, base: string, tree: string): Promise<boolean> {
    const result = await mergeTree(this.#git, base, head);
    return 'tree' in result && result.tree === tree;
  }

  async #yes(what: string, ...command: string[]): Promise<boolean> {
    try {
      await this.#git.text({ what, deadlineMs: LOCAL_MS }, ...command);
      return true;
    } catch (error) {
      if (error instanceof GitExit && (error.exitCode === 1 || error.exitCode === 128)) return false;
      throw gitError(what, error);
    }
  }

  /** Lines of fields that are separated by NUL. */
  async #rows(what: string, ...command: string[]): Promise<string[][]> {
    try {
      const text = await this.#git.text({ what, deadlineMs: LOCAL_MS }, ...command);
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('\0'));
    } catch (error) {
      throw gitError(what, error);
    }
  }
}

function chainCommit(row: readonly string[]): ChainCommit {
  const [commit, parents, tree, author, seconds, subject] = row;
  if (commit === undefined || parents === undefined || tree === undefined)
    throw new PortError('protocol', 'git answered with something else than a commit');
  return {
    commit,
    parents: parents.split(' ').filter((id) => id !== ''),
    tree,
    author: author ?? '',
    subject: subject ?? '',
    at: Number(seconds) * 1000,
  };
}
