/** What a merge would give, made in the object database: nothing is checked out, and no program of the repository runs. */
import { type MergeResult, PortError } from '../../ports.ts';
import type { GitCommands } from './git-command.ts';
import { GitExit, gitError } from './git-errors.ts';
import { objectId } from './names.ts';

const MERGE_MS = 15_000;

/** @throws PortError */
export async function mergeTree(git: GitCommands, base: string, head: string): Promise<MergeResult> {
  const what = `merge ${head} into ${base}`;
  const options = ['--write-tree', '-z', '--name-only', '--no-messages'];
  try {
    const commits = [objectId(base), objectId(head)];
    const output = await git.text({ what, deadlineMs: MERGE_MS }, 'merge-tree', ...options, ...commits);
    return { tree: output.split('\0')[0] ?? '' };
  } catch (error) {
    if (!(error instanceof GitExit)) throw gitError(what, error);
    // 1 with a tree: there are conflicts, and it says where; 129: it does not know what is asked of it.
    if (error.exitCode === 1 && error.output !== '') return { conflicts: conflictingPaths(error.output) };
    if (error.exitCode === 129) throw new PortError('refused', `${what}: this needs Git 2.38 or later`);
    throw gitError(what, error);
  }
}

/** `<tree>\0<path>\0<path>…`, a path once for each of its versions. */
function conflictingPaths(output: string): string[] {
  return [...new Set(output.split('\0').slice(1))].filter((path) => path !== '');
}
