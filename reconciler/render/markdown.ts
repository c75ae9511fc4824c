/**
 * Text from people and servers, safe inside of Markdown: nothing in it becomes markup, a link, an image, a mention
 * or a reference, whatever it says.
 */
import { visibleLine } from './visible.ts';

/**
 * Prose, not at the beginning of a line: there `-` and `1.` would begin a list. The zero-width space keeps `@name` and
 * `#12` from notifying people and from linking to issues.
 */
export function escaped(text: string): string {
  return visibleLine(text)
    .replace(/[\\`*_{}[\]<>#|~$]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/\\</g, '&lt;')
    .replace(/\\>/g, '&gt;')
    .replace(/@/g, '@\u200b')
    .replace(/\\#(?=\w)/g, '\\#\u200b')
    .replace(/\b(https?|ftp|www)(?=[:.])/gi, '$1\u200b');
}

/** Inline code: the fence is longer than any run of backticks inside. */
export function code(text: string): string {
  const line = visibleLine(text);
  if (line === '') return '';
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line.replaceAll('|', '\\|')}${pad}${fence}`;
}
