/** The specs to compare with: those of another folder, or of a commit of the Git repository that a folder belongs to. */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import { MAX_SPEC_BYTES } from '../../spec-schema/source-text.ts';
import { parseSpec } from '../engine/parse-spec.ts';
import { Refusal } from './exit-codes.ts';
import { readSpecFiles } from './spec-files.ts';

const execute = promisify(execFile);

export interface SpecsAt {
  /** By name of the cluster. */
  readonly specs: ReadonlyMap<string, ClusterSpec>;
  /** Files that are not valid there, as they are named there. */
  readonly invalid: readonly string[];
}

/**
 * @param against a folder, or what Git calls a commit: a branch, a tag, an id, `HEAD^1`.
 * @param path the spec file or the folder that is compared.
 * @throws Refusal when it is neither.
 */
export async function specsAt(against: string, path: string): Promise<SpecsAt> {
  const isFolder = await stat(against).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  return isFolder ? ofFolder(against) : ofCommit(against, path);
}

async function ofFolder(folder: string): Promise<SpecsAt> {
  const documents = await readSpecFiles([folder]);
  // A folder without any spec is a fine thing to compare with: everything is new.
  const found = documents.filter(({ problems }) => !problems.some(({ code }) => code === 'no-spec'));
  return collected(found);
}

async function ofCommit(commit: string, path: string): Promise<SpecsAt> {
  const entry = await stat(path).catch(() => undefined);
  const [folder, only] = entry?.isFile() ? [dirname(path), basename(path)] : [path, undefined];
  const id = await git(folder, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${commit}^{commit}`,
  ]).catch(() => {
    throw new Refusal(
      `--against ${commit}: this is neither a folder nor a commit of the repository of ${folder}. In a shallow clone fetch it first (git fetch origin ${commit})`,
    );
  });
  const listing = await git(folder, ['ls-tree', '-r', '-z', '--long', id.trim()]);
  const found: { path: string; spec: ClusterSpec | undefined }[] = [];
  for (const line of listing.split('\0')) {
    const [, object, size, name] = /^100\d{3} blob ([0-9a-f]+) +(\d+)\t(.*)$/s.exec(line) ?? [];
    if (object === undefined || name === undefined) continue;
    if (only === undefined ? basename(name) !== 'cluster.yaml' : name !== only) continue;
    const text = Number(size) > MAX_SPEC_BYTES ? '' : await git(folder, ['cat-file', 'blob', object]);
    found.push({ path: name, spec: parseSpec(text, name).spec });
  }
  return collected(found);
}

function collected(
  found: readonly { readonly path: string; readonly spec: ClusterSpec | undefined }[],
): SpecsAt {
  const valid = found.flatMap(({ spec }) =>
    spec === undefined ? [] : [[spec.metadata.name, spec] as const],
  );
  const invalid = found.filter(({ spec }) => spec === undefined).map(({ path }) => path);
  return { specs: new Map(valid), invalid };
}

/** In CI the files often belong to somebody else than who runs us; nothing of the repository is executed. */
async function git(folder: string, command: readonly string[]): Promise<string> {
  try {
    const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await execute('git', ['-c', 'safe.directory=*', ...command], options);
    return stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Refusal('git is not installed: compare with a folder instead (--against FOLDER)');
    throw error;
  }
}
