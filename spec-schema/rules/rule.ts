/** What a rule is given and what it gives: rules say what fields mean together, each file about one topic. */
import type { ClusterSpec, HostSpec, NodeSpec, UserSpec } from '../cluster-spec.ts';
import type { Finding } from '../finding.ts';
import type { SpecPath } from '../locate.ts';

/**
 * Checks access rules as the server would; comes from outside, because that knowledge belongs to the wire. `reason`
 * goes on after the rule that is refused: "names no command".
 */
export type CheckRules = (
  rules: string,
  version: string,
) => { readonly ok: true } | { readonly ok: false; readonly token: string; readonly reason: string };

export interface RuleContext {
  /** In the right form, but with parts left out where the file was malformed. */
  readonly spec: ClusterSpec;
  /** Only entries that stand in the file without a fault of their own: rules speak of no others. */
  readonly hosts: readonly HostSpec[];
  readonly nodes: readonly NodeSpec[];
  readonly users: readonly UserSpec[];
  /** False when parts of that section are missing: what is not there must then not be held against anybody. */
  readonly isWhole: (section: keyof ClusterSpec) => boolean;
  /** Path of an entry, and further of a field of it. */
  readonly at: (entry: HostSpec | NodeSpec | UserSpec, ...rest: SpecPath) => SpecPath;
  /** Version of Redis, undefined when the spec does not tell. */
  readonly version: string | undefined;
  readonly checkRules: CheckRules | undefined;
}

/** Everything that one topic has to say; the order does not matter. */
export type Rule = (context: RuleContext) => Iterable<Finding>;
