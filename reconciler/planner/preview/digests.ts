/** Identities of what a plan is bound to, and of the plan itself. */
import { createHash } from 'node:crypto';
import type { ClusterSpec } from '../../../spec-schema/cluster-spec.ts';
import type { ApprovalPolicy } from '../../../spec-schema/policy/policy.ts';
import type { ClusterState } from '../../model/cluster-state.ts';
import { canonicalJson } from '../canonical-json.ts';
import { fingerprint } from '../fingerprint.ts';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Of a spec or a policy as it was understood: layout, comments and defaults that are written out make no difference. */
export function understoodDigest(document: ClusterSpec | ApprovalPolicy): string {
  return sha256(canonicalJson(document));
}

/** Of everything that was seen of a cluster. */
export function liveDigest(live: ClusterState): string {
  return sha256(fingerprint(live));
}

/**
 * The name by which people speak of a plan: `p_` and twelve hexadecimal digits. Equal for equal steps planned for the
 * same head; an approval of it is void as soon as either is another one.
 */
export function planId(cluster: string, head: string, steps: string): string {
  return `p_${sha256(canonicalJson({ cluster, head, steps })).slice(0, 12)}`;
}
