/** Spec files to specs, with every check that can be made without looking at the cluster. */
import type { ClusterSpec } from '../../spec-schema/cluster-spec.ts';
import type { Problem } from '../../spec-schema/problem.ts';
import { readSpec } from '../../spec-schema/read-spec.ts';
import { canonicalRules } from '../wire/acl.ts';

/** Reads one spec file, wherever it comes from, with every check that can be made without looking at the cluster. */
export function parseSpec(
  source: Uint8Array | string,
  path: string,
): { readonly spec: ClusterSpec | undefined; readonly problems: readonly Problem[] } {
  return readSpec(source, path, { checkRules: canonicalRules });
}
