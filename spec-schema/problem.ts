/** What is wrong, as a value for people: many may be reported at once, and nothing is ever thrown for them. */

/** A place in a file: 1-based line and column of the offending text. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * One thing that a person must know.
 *
 * `code` is stable and kebab-case, for machines and for searching the documentation; `summary` is one
 * sentence without a trailing line break; `evidence` is the offending text or the reading that proves it;
 * `hint` is the smallest change that would make the problem go away (law 11 of the design).
 */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  /** What the problem is about: a path in the spec (`nodes[2].shard`), a node, a host. */
  readonly subject: string;
  readonly summary: string;
  readonly evidence?: string;
  readonly where?: SourceLocation;
  readonly hint?: string;
}

/** True when at least one problem forbids going on. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}
