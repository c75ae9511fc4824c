/**
 * The Git repository with the specs, read from a bare mirror: no checkout, so no hooks, filters, LFS or links.
 */
import { basename } from 'node:path';
import {
  type AnnouncedRef,
  type Commit,
  type MergeResult,
  PortError,
  type Secrets,
  type SpecFile,
  type SpecRepository,
} from '../../ports.ts';
import { type GitCall, GitCommands } from './git-command.ts';
import { GitExit, gitError } from './git-errors.ts';
import { mergeTree } from './merge-tree.ts';
import { objectId } from './names.ts';
import { PulledRefs } from './pulled-refs.ts';
import { GitRemote, type GitSource } from './remote.ts';

/** Far above any cluster.yaml; what is larger was committed by mistake. */
const FILE_LIMIT_BYTES = 1024 * 1024;
const LOCAL_MS = 15_000;
const SPEC_NAME = 'cluster.yaml';
const HEAD = 'refs/redisforge/head';

interface TreeEntry {
  readonly mode: string;
  readonly type: string;
  readonly object: string;
  readonly sizeBytes: number;
  readonly path: string;
}

export class GitSpecRepository implements SpecRepository {
  readonly #branch: string;
  readonly #git: GitCommands;
  readonly #remote: GitRemote;
  readonly #pulled: PulledRefs;
  /** Two fetches at once would quarrel about the locks of references. */
  #fetching: Promise<unknown> = Promise.resolve();

  constructor(source: GitSource, secrets: Secrets) {
    this.#branch = source.branch;
    this.#git = new GitCommands(source.directory, source.environment);
    this.#remote = new GitRemote(source, secrets, this.#git);
    this.#pulled = new PulledRefs(this.#git, this.#remote);
  }

  fetchHead(signal: AbortSignal): Promise<Commit> {
    return this.#inTurn(() => this.#fetchHead(signal));
  }

  async isAncestor(ancestor: string, descendant: string): Promise<boolean> {
    const local = this.#local(`compare ${ancestor} and ${descendant}`);
    await this.#requireCommit(descendant);
    try {
      await this.#git.text(local, 'merge-base', '--is-ancestor', objectId(ancestor), descendant);
      return true;
    } catch (error) {
      // 1: it is not; 128: it is not even here, as after a force push into a new mirror.
      if (error instanceof GitExit && (error.exitCode === 1 || error.exitCode === 128)) return false;
      throw gitError(local.what, error);
    }
  }

  fetchRefs(refs: readonly AnnouncedRef[], signal: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#pulled.fetch(refs, signal));
  }

  mergeResult(base: string, head: string): Promise<MergeResult> {
    return mergeTree(this.#git, base, head);
  }

  async lastChange(head: string, path: string): Promise<string | undefined> {
    const what = `look for the last change of ${path} before ${head}`;
    const options = ['-1', '--first-parent', '--format=%H', objectId(head), '--', `:(literal)${path}`];
    const found = (await this.#reported(what, this.#git.text(this.#local(what), 'log', ...options))).trim();
    return found === '' ? undefined : found;
  }

  async listSpecs(commitOrTree: string): Promise<readonly SpecFile[]> {
    const entries = await this.#tree(`list the files of ${commitOrTree}`, '-r', objectId(commitOrTree));
    return entries
      .filter(({ path }) => basename(path) === SPEC_NAME)
      .map((entry) => ({
        path: entry.path,
        kind: kindOf(entry),
        sizeBytes: entry.sizeBytes,
        content: entry.object,
      }));
  }

  async readFile(commitOrTree: string, path: string): Promise<Uint8Array> {
    const what = `read ${path} of ${commitOrTree}`;
    const entries = await this.#tree(what, objectId(commitOrTree), '--', path);
    const entry = entries.find((each) => each.path === path);
    if (entry === undefined) throw new PortError('not-found', `${what}: there is no such file`);
    if (entry.type !== 'blob' || kindOf(entry) !== 'file') {
      throw new PortError('refused', `${what}: it is a ${entry.type === 'tree' ? 'folder' : kindOf(entry)}`);
    }
    if (entry.sizeBytes > FILE_LIMIT_BYTES) {
      const size = `${entry.sizeBytes} bytes, more than ${FILE_LIMIT_BYTES}`;
      throw new PortError('refused', `${what}: it has ${size}`);
    }
    return this.#reported(what, this.#git.bytes(this.#local(what), 'blob', entry.object));
  }

  async #fetchHead(signal: AbortSignal): Promise<Commit> {
    const branch = this.#branch;
    await this.#remote.fetch(branch, [`+refs/heads/${branch}:${HEAD}`], signal);
    const format = '--format=%H%x00%an%x00%ct%x00%s';
    const local = this.#local(`look at ${branch}`);
    const line = await this.#reported(local.what, this.#git.text(local, 'log', '-1', format, HEAD));
    const [id = '', author = '', seconds = '', subject = ''] = line.trimEnd().split('\0');
    return { id, author, subject, at: Number(seconds) * 1000 };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#fetching.then(work);
    this.#fetching = run.catch(() => undefined);
    return run;
  }

  async #requireCommit(commit: string): Promise<void> {
    const what = `look for ${commit}`;
    await this.#reported(
      what,
      this.#git.text(this.#local(what), 'cat-file', '-e', `${objectId(commit)}^{commit}`),
    );
  }

  async #tree(what: string, ...args: string[]): Promise<TreeEntry[]> {
    const listing = this.#git.text(this.#local(what), 'ls-tree', '--full-tree', '-z', '--long', ...args);
    return (await this.#reported(what, listing)).split('\0').flatMap(treeEntry);
  }

  #local(what: string): GitCall {
    return { what, deadlineMs: LOCAL_MS };
  }

  async #reported<T>(what: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw gitError(what, error);
    }
  }
}

/** `<mode> <type> <object> <size>\t<path>`; the size of what is no blob is `-`. */
function treeEntry(line: string): TreeEntry[] {
  const match = /^(\d+) (\w+) ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(line);
  if (match === null) return [];
  const [, mode = '', type = '', object = '', size = '', path = ''] = match;
  return [{ mode, type, object, sizeBytes: size === '-' ? 0 : Number(size), path }];
}

function kindOf({ mode }: TreeEntry): SpecFile['kind'] {
  if (mode === '120000') return 'symlink';
  return mode === '160000' ? 'submodule' : 'file';
}
