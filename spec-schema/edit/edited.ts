/** What an edit comes to: a new text that means exactly what was asked for, or the problems why there is none. */
import type { ClusterSpec } from '../cluster-spec.ts';
import { hasErrors, type Problem } from '../problem.ts';
import { readSpec } from '../read-spec.ts';
import type { CheckRules } from '../rules/rule.ts';
import { plainValue } from '../spec-tree.ts';
import { yamlTree } from '../yaml-tree.ts';
import { type YamlSource, yamlSource } from './yaml-source.ts';

export interface Edited {
  readonly ok: true;
  readonly text: string;
  /** What it means, in sentences for people. */
  readonly notes: readonly string[];
  /** Warnings that the file did not have before. */
  readonly warnings: readonly Problem[];
}

export interface NotEdited {
  readonly ok: false;
  readonly problems: readonly Problem[];
  /** The text that the problems are about, when it is not the file's own. */
  readonly text?: string;
}

export type EditResult = Edited | NotEdited;

/** A file that is to be edited. */
export interface Original {
  /** As it is on disk, apart from a byte order mark. */
  readonly text: string;
  readonly file: string;
  readonly checkRules?: CheckRules;
}

/** A valid file, in the three forms that edits look at. */
export interface OpenSpec {
  readonly original: Original;
  readonly source: YamlSource;
  readonly spec: ClusterSpec;
  readonly plain: PlainSpec;
}

/** The file as plain data, before defaults. */
export interface PlainSpec {
  [section: string]: unknown;
  hosts: Record<string, unknown>[];
  nodes: Record<string, unknown>[];
}

/** Opens a file whose nodes are to be edited; it must be valid, or nobody could say what an edit means. */
export function openSpec(original: Original): OpenSpec | NotEdited {
  const { spec, problems } = read(original, original.text);
  const source = yamlSource(original.text);
  if (spec === undefined || source === undefined)
    return { ok: false, problems: problems.filter(({ severity }) => severity === 'error') };
  return { original, source, spec, plain: plainOf(original.text, original.file) as PlainSpec };
}

/**
 * Judges an edit by its result alone: however it was made, it counts only when the new text says what was wanted,
 * everything else is as it was, and no rule is broken.
 */
export function judged(
  original: Original,
  text: string,
  wanted: unknown,
  notes: readonly string[],
): EditResult {
  if (canonical(plainOf(text, original.file)) !== canonical(wanted)) {
    return refused(
      original.file,
      'edit-not-possible',
      'the file is written in a way in which this cannot be changed without changing something else: what is to be changed is shared with other places',
      'write out what stands behind aliases (`*name`) there, or make the change by hand',
    );
  }
  const { problems } = read(original, text);
  if (hasErrors(problems))
    return { ok: false, problems: problems.filter(({ severity }) => severity === 'error'), text };
  const before = new Set(read(original, original.text).problems.map(identity));
  return { ok: true, text, notes, warnings: problems.filter((problem) => !before.has(identity(problem))) };
}

export function refused(subject: string, code: string, summary: string, hint: string): NotEdited {
  return { ok: false, problems: [{ severity: 'error', code, subject, summary, hint }] };
}

/** The plain value of a file; undefined when it cannot be read. */
export function plainOf(text: string, file: string): unknown {
  const { tree } = yamlTree(text, file);
  return tree === undefined ? undefined : plainValue(tree);
}

function read({ file, checkRules }: Original, text: string) {
  return readSpec(text, file, checkRules === undefined ? {} : { checkRules });
}

/** The same problem may stand in another line. */
function identity({ code, summary }: Problem): string {
  return `${code} ${summary}`;
}

/** The same text for equal data, whatever the order of keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
