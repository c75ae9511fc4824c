/** The Git side of a repository on the fake GitHub: commits, merges and references of a bare repository on disk. */
import { execFile } from 'node:child_process';
import { appendFile } from 'node:fs/promises';

/** `undefined` removes the file. */
export type Files = Readonly<Record<string, string | undefined>>;

export interface Authored {
  readonly message: string;
  readonly author: string;
}

export class GitFolder {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  static async create(folder: string, branch: string): Promise<GitFolder> {
    await git(folder, {}, 'init', '--quiet', '--bare', `--initial-branch=${branch}`, folder);
    const made = new GitFolder(folder);
    // GitHub hands out any commit that it has, whether or not a reference still leads to it.
    await appendFile(
      `${folder}/config`,
      '[uploadpack]\n\tallowAnySHA1InWant = true\n[http]\n\treceivepack = true\n',
    );
    return made;
  }

  run(...args: string[]): Promise<string> {
    return git(this.folder, {}, ...args);
  }

  async commitOf(reference: string): Promise<string | undefined> {
    return this.run('rev-parse', '--verify', '--quiet', `${reference}^{commit}`).catch(() => undefined);
  }

  /** One more commit on a branch, which begins at `from` when it is not there yet. Nothing is checked out. */
  async commit(branch: string, files: Files, words: Authored, from?: string): Promise<string> {
    const reference = `refs/heads/${branch}`;
    const parent = (await this.commitOf(reference)) ?? from;
    const identity = `${words.author} <${words.author}@example.com> ${Math.floor(Date.now() / 1000)} +0000`;
    const changes = Object.entries(files).map(([path, content]) =>
      content === undefined ? `D ${path}\n` : `M 100644 inline ${path}\n${counted(content)}`,
    );
    const stream = [
      `commit ${reference}\n`,
      `author ${identity}\ncommitter ${identity}\n${counted(words.message)}`,
      parent === undefined ? '' : `from ${parent}\n`,
      ...changes,
    ];
    await git(this.folder, { input: stream.join('') }, 'fast-import', '--quiet', '--force');
    const commit = await this.commitOf(reference);
    if (commit === undefined) throw new Error(`there is no ${reference} after a commit`);
    return commit;
  }

  commitTree(tree: string, parents: readonly string[], { message, author }: Authored): Promise<string> {
    const identity = {
      GIT_AUTHOR_NAME: author,
      GIT_AUTHOR_EMAIL: `${author}@example.com`,
      GIT_COMMITTER_NAME: author,
      GIT_COMMITTER_EMAIL: `${author}@example.com`,
    };
    const options = parents.flatMap((parent) => ['-p', parent]);
    return git(this.folder, identity, 'commit-tree', ...options, '-m', message, tree);
  }

  /** The tree of both together; undefined when they conflict. */
  async mergedTree(base: string, head: string): Promise<string | undefined> {
    const output = await this.run('merge-tree', '--write-tree', base, head).catch(() => undefined);
    return output?.split('\n')[0];
  }

  /** The commits of `head` that `base` does not have, made again on top of it. @returns the last one */
  async rebased(base: string, head: string, author: string): Promise<string | undefined> {
    const commits = (await this.run('rev-list', '--reverse', `${base}..${head}`)).split('\n').filter(Boolean);
    let tip = base;
    for (const commit of commits) {
      // Brought together with what is there, and made a child of that alone: right as long as nothing conflicts.
      const tree = await this.mergedTree(tip, commit);
      if (tree === undefined) return undefined;
      const message = await this.run('log', '-1', '--format=%B', commit);
      tip = await this.commitTree(tree, [tip], { message, author });
    }
    return tip;
  }
}

/** Text as `git fast-import` reads it: with its size in bytes. */
function counted(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

/** @param environment besides what git needs; `input` in it is what it reads. */
function git(
  folder: string,
  { input, ...environment }: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      args[0] === 'init' ? args : ['--git-dir', folder, ...args],
      { env: { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...environment } },
      (error, stdout, stderr) =>
        error === null ? resolve(stdout.trim()) : reject(new Error(`git ${args[0]}: ${stderr}`)),
    );
    child.stdin?.end(input);
  });
}
