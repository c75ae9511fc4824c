/** Spec files of a working copy: found below folders, read with every check, each problem with its source at hand. */
import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import { MAX_SPEC_BYTES } from '../../spec-schema/source-text.ts';
import { parseSpec } from '../engine/parse-spec.ts';

export interface SpecDocument {
  readonly path: string;
  /** Text of the file for excerpts, undefined when it could not be read. */
  readonly source: string | undefined;
  /** Undefined when any of the problems is an error. */
  readonly spec: ClusterSpec | undefined;
  readonly problems: readonly Problem[];
}

const SPEC_NAME = 'cluster.yaml';
const SKIPPED: ReadonlySet<string> = new Set(['.git', 'node_modules', '.redisforge']);

/**
 * Every spec that the paths lead to: a file as it is, a folder with all `cluster.yaml` below it.
 * Two specs of one cluster name are a problem of the later one.
 */
export async function readSpecFiles(paths: readonly string[]): Promise<SpecDocument[]> {
  const found = await Promise.all(paths.map(findSpecs));
  const unique = new Map(found.flat().map((item) => [item.path, item]));
  const documents = await Promise.all(
    [...unique.values()].map((item) =>
      item.problem === undefined ? readOne(item.path) : unread(item.path, item.problem),
    ),
  );
  return withoutTwins(documents);
}

interface Found {
  readonly path: string;
  readonly problem?: Problem;
}

async function findSpecs(path: string): Promise<Found[]> {
  let kind: Stats;
  try {
    kind = await stat(path);
  } catch (error) {
    return [{ path, problem: unreadable(path, reasonOf(error)) }];
  }
  if (kind.isFile()) return [{ path }];
  if (!kind.isDirectory()) return [{ path, problem: unreadable(path, 'it is neither a file nor a folder') }];
  const below = await walk(path);
  if (below.length > 0) return below;
  const problem: Problem = {
    severity: 'error',
    code: 'no-spec',
    subject: path,
    summary: `there is no ${SPEC_NAME} in this folder or below it`,
    hint: `name a folder that holds a ${SPEC_NAME}, or the file itself`,
  };
  return [{ path, problem }];
}

/** In the order of names. Links are not followed: what they lead to is not part of the folder. */
async function walk(folder: string): Promise<Found[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    return [{ path: folder, problem: unreadable(folder, reasonOf(error)) }];
  }
  const found: Found[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name)) found.push(...(await walk(path)));
    } else if (entry.name === SPEC_NAME) {
      found.push(
        (await lstat(path)).isFile()
          ? { path }
          : {
              path,
              problem: unreadable(
                path,
                'it is a link or a special file; in a spec repository only plain files are read',
              ),
            },
      );
    }
  }
  return found;
}

async function readOne(path: string): Promise<SpecDocument> {
  try {
    const { size } = await stat(path);
    // The reader refuses it too, but a file of gigabytes must not even be loaded.
    if (size > MAX_SPEC_BYTES)
      return unread(path, {
        severity: 'error',
        code: 'file-too-large',
        subject: path,
        summary: `the file is too large to be a spec: ${size} bytes, where ${MAX_SPEC_BYTES} are allowed`,
        where: { file: path, line: 1, column: 1 },
        hint: 'check that this is the right file, or split it into several clusters',
      });
    const bytes = await readFile(path);
    return { path, source: new TextDecoder().decode(bytes), ...parseSpec(bytes, path) };
  } catch (error) {
    return unread(path, unreadable(path, reasonOf(error)));
  }
}

function unread(path: string, problem: Problem): SpecDocument {
  return { path, source: undefined, spec: undefined, problems: [problem] };
}

function unreadable(path: string, reason: string): Problem {
  return {
    severity: 'error',
    code: 'spec-unreadable',
    subject: path,
    summary: `cannot be read: ${reason}`,
    hint: 'check the path and its permissions',
  };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'it does not exist';
  return code === 'EACCES' || code === 'EPERM' ? 'permission denied' : message;
}

function withoutTwins(documents: readonly SpecDocument[]): SpecDocument[] {
  const first = new Map<string, string>();
  return documents.map((document) => {
    const name = document.spec?.metadata.name;
    if (name === undefined) return document;
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, document.path);
      return document;
    }
    const problem: Problem = {
      severity: 'error',
      code: 'duplicate-cluster',
      subject: document.path,
      summary: `the name ${name} is already used by ${earlier}`,
      hint: 'give each cluster a name of its own (metadata.name)',
    };
    return { ...document, spec: undefined, problems: [...document.problems, problem] };
  });
}
