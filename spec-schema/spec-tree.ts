/** A spec as a tree of values, each of which remembers where in the file it stands. */

/** A value with the range of offsets that it takes up in the text. */
export type SpecTree = MapTree | ListTree | ScalarTree;

export interface MapTree {
  readonly kind: 'map';
  readonly start: number;
  readonly end: number;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  readonly key: { readonly start: number; readonly end: number };
  readonly value: SpecTree;
}

export interface ListTree {
  readonly kind: 'list';
  readonly start: number;
  readonly end: number;
  readonly items: readonly SpecTree[];
}

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly start: number;
  readonly end: number;
  readonly value: string | number | boolean | null;
}

/** The plain value of a tree. Keys that could reach a prototype never get into one. */
export function plainValue(tree: SpecTree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plainValue);
  return Object.fromEntries(Array.from(tree.entries, ([key, entry]) => [key, plainValue(entry.value)]));
}
