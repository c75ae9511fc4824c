/** A Git repository in memory: commits, branches, refs of pull requests, and the mirror that RedisForge reads it from. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import {
  type AnnouncedRef,
  type Commit,
  type MergeResult,
  PortError,
  type SpecFile,
  type SpecRepository,
} from '../../../reconciler/ports.ts';
import { mergeLines } from './merge-lines.ts';

type Files = ReadonlyMap<string, string>;

interface StoredCommit extends Commit {
  readonly parents: readonly string[];
  readonly files: Files;
}

/** A file's new text, or undefined to remove it. */
export type FileChanges = Readonly<Record<string, string | undefined>>;

export interface CommitDetails {
  readonly subject?: string;
  readonly author?: string;
  /** Commits that it merges, beside the head of its branch. */
  readonly merges?: readonly string[];
}

export class SimulatedRepository implements SpecRepository {
  /** While set, whatever would go over the network fails with it. */
  failure: PortError | undefined;
  /** Fetches that went over the network. */
  fetches = 0;
  readonly #branch: string;
  readonly #now: () => number;
  readonly #commits = new Map<string, StoredCommit>();
  readonly #refs = new Map<string, string>();
  readonly #mirrored = new Set<string>();
  readonly #trees = new Map<string, Files>();

  constructor(now: () => number, branch = 'main') {
    this.#now = now;
    this.#branch = branch;
  }

  /** Somebody commits on a branch and pushes it. A branch that does not exist yet starts as an empty one. */
  commit(branch: string, changes: FileChanges, details: CommitDetails = {}): string {
    const parent = this.#refs.get(`refs/heads/${branch}`);
    const files = new Map(parent === undefined ? [] : this.#stored(parent).files);
    for (const [path, text] of Object.entries(changes)) {
      if (text === undefined) files.delete(path);
      else files.set(path, text);
    }
    const parents = [...(parent === undefined ? [] : [parent]), ...(details.merges ?? [])];
    const { subject = 'change', author = 'ada' } = details;
    const id = idOf(JSON.stringify([parents, [...files].sort(), subject, author, this.#commits.size]));
    this.#commits.set(id, { id, author, subject, at: this.#now(), parents, files });
    this.point(`refs/heads/${branch}`, id);
    return id;
  }

  /** Somebody merges a commit into a branch, as a merge commit or as one commit of its own. */
  merge(branch: string, head: string, subject = 'merge', how: 'merge' | 'squash' = 'merge'): string {
    const base = this.head(branch);
    const merged = this.#merged(base, head);
    if (isConflict(merged)) throw new Error(`${merged.join(', ')}: in conflict`);
    const gone = [...this.#stored(base).files.keys()].filter((path) => !merged.has(path));
    const changes = { ...Object.fromEntries(merged), ...Object.fromEntries(gone.map((p) => [p, undefined])) };
    return this.commit(branch, changes, { subject, merges: how === 'merge' ? [head] : [] });
  }

  /** Makes a ref point at a commit, whatever it pointed at: a new branch, a force push, a pull request's head. */
  point(ref: string, commit: string): void {
    this.#stored(commit);
    this.#refs.set(ref, commit);
  }

  remove(ref: string): void {
    this.#refs.delete(ref);
  }

  head(branch: string): string {
    const commit = this.#refs.get(`refs/heads/${branch}`);
    if (commit === undefined) throw new Error(`there is no branch ${branch}`);
    return commit;
  }

  async fetchHead(signal: AbortSignal): Promise<Commit> {
    this.#overNetwork(signal);
    const head = this.#refs.get(`refs/heads/${this.#branch}`);
    if (head === undefined) throw new PortError('not-found', `there is no branch ${this.#branch}`);
    this.#mirror(head);
    const { id, author, subject, at } = this.#stored(head);
    return { id, author, subject, at };
  }

  async fetchRefs(refs: readonly AnnouncedRef[], signal: AbortSignal): Promise<void> {
    const missing = refs.filter(({ commit }) => !this.#mirrored.has(commit));
    if (missing.length === 0) return;
    this.#overNetwork(signal);
    const gone: string[] = [];
    const moved: string[] = [];
    for (const { ref, commit } of missing) {
      const now = this.#refs.get(ref);
      if (now === undefined) gone.push(`${ref} is gone`);
      else if (now !== commit) moved.push(`${ref} has moved on from ${commit}, as was announced`);
      else this.#mirror(commit);
    }
    if (gone.length + moved.length === 0) return;
    const code = gone.length > 0 ? 'not-found' : 'conflict';
    throw new PortError(code, `fetch: ${[...gone, ...moved].join('; ')}`, { retry: 'soon' });
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    this.#read(descendant);
    return this.#commits.has(ancestor) && this.#ancestors(descendant).has(ancestor);
  }

  async mergeResult(base: string, head: string): Promise<MergeResult> {
    for (const commit of [base, head]) this.#read(commit);
    const merged = this.#merged(base, head);
    if (isConflict(merged)) return { conflicts: merged };
    const tree = idOf(JSON.stringify(['tree', ...[...merged].sort()]));
    this.#trees.set(tree, merged);
    return { tree };
  }

  async lastChange(head: string, path: string): Promise<string | undefined> {
    const text = this.#read(head).get(path);
    let commit = this.#stored(head);
    if (text === undefined) return undefined;
    for (;;) {
      const [first] = commit.parents;
      const parent = first === undefined ? undefined : this.#stored(first);
      if (parent?.files.get(path) !== commit.files.get(path) || parent === undefined) return commit.id;
      commit = parent;
    }
  }

  async listSpecs(commitOrTree: string): Promise<readonly SpecFile[]> {
    const specs = [...this.#read(commitOrTree)].filter(([path]) => basename(path) === 'cluster.yaml');
    return specs
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, text]) => ({
        path,
        kind: 'file',
        sizeBytes: Buffer.byteLength(text),
        content: idOf(text),
      }));
  }

  async readFile(commitOrTree: string, path: string): Promise<Uint8Array> {
    const text = this.#read(commitOrTree).get(path);
    if (text === undefined) throw new PortError('not-found', `read ${path}: there is no such file`);
    return Buffer.from(text);
  }

  #overNetwork(signal: AbortSignal): void {
    if (signal.aborted) throw new PortError('aborted', 'given up');
    if (this.failure !== undefined) throw this.failure;
    this.fetches += 1;
  }

  #stored(commit: string): StoredCommit {
    const stored = this.#commits.get(commit);
    if (stored === undefined) throw new Error(`there is no commit ${commit}`);
    return stored;
  }

  /** What the mirror holds: nothing else can be read. */
  #read(commitOrTree: string): Files {
    if (!/^[0-9a-f]{40}$/.test(commitOrTree)) throw new PortError('refused', `${commitOrTree} is no id`);
    const tree = this.#trees.get(commitOrTree);
    if (tree !== undefined) return tree;
    if (!this.#mirrored.has(commitOrTree)) throw new PortError('not-found', `${commitOrTree} is not here`);
    return this.#stored(commitOrTree).files;
  }

  #mirror(commit: string): void {
    for (const each of this.#ancestors(commit)) this.#mirrored.add(each);
  }

  /** The commit itself and everything behind it, nearest first. */
  #ancestors(commit: string): Set<string> {
    const found = new Set([commit]);
    for (const each of found) for (const parent of this.#stored(each).parents) found.add(parent);
    return found;
  }

  #merged(base: string, head: string): Files | readonly string[] {
    const behind = this.#ancestors(base);
    const common = [...this.#ancestors(head)].find((commit) => behind.has(commit));
    if (common === undefined) throw new PortError('refused', `${base} and ${head} have nothing in common`);
    const [before, ours, theirs] = [common, base, head].map((each) => this.#stored(each).files) as [
      Files,
      Files,
      Files,
    ];
    const merged = new Map<string, string>();
    const conflicts: string[] = [];
    for (const path of [...new Set([...ours.keys(), ...theirs.keys()])].sort()) {
      const [was, our, their] = [before.get(path), ours.get(path), theirs.get(path)];
      const text = mergeFile(was, our, their);
      if (text === 'conflict') conflicts.push(path);
      else if (text !== undefined) merged.set(path, text.text);
    }
    return conflicts.length > 0 ? conflicts : merged;
  }
}

function isConflict(merged: Files | readonly string[]): merged is readonly string[] {
  return Array.isArray(merged);
}

function mergeFile(
  was: string | undefined,
  our: string | undefined,
  their: string | undefined,
): { readonly text: string } | 'conflict' | undefined {
  const kept = their === was || our === their ? our : our === was ? their : null;
  if (kept === undefined) return undefined;
  if (kept !== null) return { text: kept };
  if (was === undefined || our === undefined || their === undefined) return 'conflict';
  const text = mergeLines(was, our, their);
  return text === undefined ? 'conflict' : { text };
}

function idOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
