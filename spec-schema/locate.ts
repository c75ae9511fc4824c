/** From a path in the spec to the place in the file that a person has to look at, and the text that stands there. */
import type { SourceLocation } from './problem.ts';
import { withoutSecrets } from './redact.ts';
import { positionsIn, printable } from './source-text.ts';
import type { MapEntry, MapTree, SpecTree } from './spec-tree.ts';

/** Keys and indexes from the root: `['nodes', 2, 'shard']`. */
export type SpecPath = readonly (string | number)[];

/** A place and what stands there. */
export interface Located {
  readonly where: SourceLocation;
  /** One line, shortened, without secrets. */
  readonly evidence: string;
}

/** Finds places; see {@link locator}. */
export type Locate = (path: SpecPath, target?: 'key' | 'value') => Located;

/**
 * A function that finds a path's value, or its key. When the path leads out of the file (a field that is missing),
 * it is the innermost part of it that exists.
 */
export function locator(text: string, file: string, root: MapTree): Locate {
  const position = positionsIn(text);
  const place = (start: number, end: number): Located => ({
    where: { file, ...position(start) },
    evidence: printable(withoutSecrets(firstLine(text.slice(start, Math.max(start, end))))),
  });
  return (path, target = 'value') => {
    let tree: SpecTree = root;
    let entry: MapEntry | undefined;
    for (const [depth, part] of path.entries()) {
      const found = step(tree, part);
      if (found === undefined) return place(tree.start, tree.end);
      entry = found.entry;
      tree = found.tree;
      if (entry !== undefined && depth === path.length - 1 && target === 'key')
        return place(entry.key.start, entry.key.end);
    }
    // `users:` without a value: there is nothing to see but the key.
    if (entry !== undefined && tree.kind === 'scalar' && tree.start === tree.end)
      return place(entry.key.start, entry.key.end);
    return place(tree.start, tree.end);
  };
}

/** The tree at a path, undefined when there is none. */
export function treeAt(root: SpecTree, path: SpecPath): SpecTree | undefined {
  let tree: SpecTree | undefined = root;
  for (const part of path) {
    if (tree === undefined) return undefined;
    tree = step(tree, part)?.tree;
  }
  return tree;
}

/** `nodes[2].shard`, as problems name their subject. */
export function pathText(path: SpecPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `["${printable(part)}"]`;
  }
  return text;
}

function step(tree: SpecTree, part: string | number): { tree: SpecTree; entry?: MapEntry } | undefined {
  if (tree.kind === 'list') {
    const item = tree.items[Number(part)];
    return item === undefined ? undefined : { tree: item };
  }
  const entry = tree.kind === 'map' ? tree.entries.get(String(part)) : undefined;
  return entry === undefined ? undefined : { tree: entry.value, entry };
}

function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end === -1 ? text.slice(0, 400) : text.slice(0, Math.min(end, 400));
}
