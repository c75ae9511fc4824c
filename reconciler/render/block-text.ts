/** What stands in the way, and warnings, as indented paragraphs under a plan or a status. */
import type { Problem } from '../../spec-schema/problem.ts';
import type { Style } from './style.ts';
import { visible, visibleLine } from './visible.ts';

/** A refusal with all that law 11 asks for: what blocks, the evidence, the smallest change that would help. */
export function blockLines(block: Problem, style: Style): string[] {
  const mark = block.severity === 'error' ? style.red('✖') : style.yellow('!');
  const subject = visibleLine(block.subject);
  const summary = visibleLine(block.summary);
  // Many summaries begin with what they are about.
  const said = summary.startsWith(subject)
    ? style.bold(subject) + summary.slice(subject.length)
    : `${style.bold(subject)}: ${summary}`;
  const lines = [`  ${mark} ${said} ${style.dim(`[${block.code}]`)}`];
  for (const [label, text] of [
    ['evidence', block.evidence],
    ['hint', block.hint],
  ] as const) {
    if (text === undefined || text === '') continue;
    const [first = '', ...rest] = visible(text).split('\n');
    lines.push(`      ${style.dim(`${label}:`)} ${first}`);
    lines.push(...rest.map((line) => `      ${' '.repeat(label.length + 2)}${line}`));
  }
  return lines;
}
