/** Comments that stood above what has been taken out, and now above nothing: they stay, and a person is told. */
import { printable } from '../source-text.ts';
import { isBlankLine, lineEnd, lineStart, type Splice } from './splices.ts';
import type { YamlSource } from './yaml-source.ts';

export function orphanNotes({ text }: YamlSource, removed: readonly Splice[]): string[] {
  return removed.flatMap(({ start, end, text: instead }) => {
    const isWhole = instead === '' && start > 0 && lineStart(text, start) === start;
    const follows = end >= text.length || isBlankLine(text, end) || !/^\s*(?:-|\{)/.test(text.slice(end));
    if (!isWhole || !follows) return [];
    const above = lineStart(text, start - 1);
    const comment = /^[ \t]*(#.*)$/.exec(text.slice(above, lineEnd(text, above)))?.[1];
    return comment === undefined
      ? []
      : [`the comment \`${printable(comment)}\` stays: take it out if it was about what has left`];
  });
}
