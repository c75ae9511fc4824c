/** A short text that is equal for equal documents; parts that two documents share are only looked at once. */
import { createHash } from 'node:crypto';
import type { ClusterState } from '../model/cluster-state.ts';

const known = new WeakMap<object, string>();

function digest(text: string): string {
  return createHash('sha1').update(text).digest('base64');
}

function fingerprintOf(part: object): string {
  const before = known.get(part);
  if (before !== undefined) return before;
  const fresh = digest(JSON.stringify(part));
  known.set(part, fresh);
  return fresh;
}

/** Documents are never changed in place, so that a part that was seen before has the fingerprint that it had. */
export function fingerprint({ nodes, ...rest }: ClusterState): string {
  return digest(
    JSON.stringify(rest) +
      Object.entries(nodes)
        .map(([name, node]) => `${name}=${fingerprintOf(node)}`)
        .join(),
  );
}
