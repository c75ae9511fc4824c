/** What a rule finds: a problem that still speaks of a path in the spec instead of a place in a file. */

import { type Locate, pathText, type SpecPath } from './locate.ts';
import type { Problem } from './problem.ts';
import { withoutUrlPasswords } from './redact.ts';
import { escapeUnprintable } from './source-text.ts';

export interface Finding {
  readonly severity: Problem['severity'];
  readonly code: string;
  readonly path: SpecPath;
  /** Which text offends: the value, unless said otherwise. */
  readonly target?: 'key' | 'value';
  readonly summary: string;
  readonly hint: string;
  /** Instead of the text that stands at the path: what is missing, or must not be repeated. */
  readonly evidence?: string;
}

/** The problem of a finding, with its position and the offending text. */
export function problemOf(finding: Finding, locate: Locate): Problem {
  const { severity, code, path, target, summary, hint } = finding;
  const located = locate(path, target);
  const evidence = visible(finding.evidence ?? located.evidence);
  return {
    severity,
    code,
    subject: path.length === 0 ? located.where.file : pathText(path),
    summary: visible(summary),
    ...(evidence === '' ? {} : { evidence }),
    where: located.where,
    hint: visible(hint),
  };
}

/** Longer sentences come from values that were never meant to be read. */
const MAX_LENGTH = 600;

/** Values from the file may hold what no terminal or comment should be given, by way of escapes in quotes. */
function visible(text: string): string {
  const line = text.slice(0, MAX_LENGTH).replace(/\s+/g, ' ');
  return `${escapeUnprintable(withoutUrlPasswords(line))}${text.length > MAX_LENGTH ? '…' : ''}`;
}
