/** What a pull request changes in a spec as it was understood: entries of lists by their names, not by their places. */
import jsonPatch, { type Operation } from 'fast-json-patch';
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import type { SpecEdit } from './preview.ts';

/** Lists whose entries have names: an entry that is taken out must not make all that follow look changed. */
const NAMED = ['hosts', 'nodes', 'users', 'shards'] as const;

type Document = Record<string, unknown>;

/**
 * The edits that turn one spec into the other, with what stood there before. Paths name entries of lists:
 * `/nodes/orders-1/host`.
 * @param base undefined when the spec is new.
 */
export function specEdits(base: ClusterSpec | undefined, head: ClusterSpec): SpecEdit[] {
  const before = base === undefined ? {} : byName(base);
  return jsonPatch
    .compare(before, byName(head))
    .map((operation): SpecEdit => ({ operation, before: valueAt(before, operation) }));
}

function byName(spec: ClusterSpec): Document {
  const lists = NAMED.map((list): [string, Document] => [
    list,
    Object.fromEntries(spec[list].map((entry) => [entry.name, entry])),
  ]);
  return { ...spec, ...Object.fromEntries(lists) };
}

function valueAt(document: Document, { path }: Operation): unknown {
  let here: unknown = document;
  for (const part of path.split('/').slice(1)) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Document)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return here;
}
