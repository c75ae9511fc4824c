/**
 * Text from people and servers, safe inside of Markdown: nothing in it becomes markup, a link, an image, a mention
 * or a reference, whatever it says and wherever it stands.
 */
import { visibleLine } from './visible.ts';

/**
 * Prose. Zero-width spaces keep `@name`, `#12`, `GH-12`, `:+1:` and addresses from notifying people, from linking and
 * from turning into pictures.
 */
export function escaped(text: string): string {
  return visibleLine(text)
    .replace(/[\\`*_{}[\]<>#|~$]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/\\</g, '&lt;')
    .replace(/\\>/g, '&gt;')
    .replace(/@/g, '@\u200b')
    .replace(/\\#(?=\w)/g, '\\#\u200b')
    .replace(/\b(GH)-(?=\d)/gi, '$1-\u200b')
    .replace(/:(?=[+-]?\w*[a-z_]\w*:)/gi, ':\u200b')
    .replace(/\b(https?|ftp|www)(?=[:.])/gi, '$1\u200b')
    .replace(/^[-+=]/, '\\$&')
    .replace(/^(\d+)(?=[.)](?:\s|$))/, '$1\\');
}

/** Inline code: the fence is longer than any run of backticks inside. */
export function code(text: string): string {
  const line = visibleLine(text);
  if (line === '') return '';
  // A pipe ends the cell of a table even in code, and parsers do not agree on what a backslash before it means.
  if (line.includes('|')) return htmlCode(line);
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** The same in HTML, as the summary of a fold needs it: every mark by its number, so that no parser sees anything in it. */
export function htmlCode(text: string): string {
  const marks = /[!-+.:-@[-`{-~]/g;
  return `<code>${visibleLine(text).replace(marks, (mark) => `&#${mark.charCodeAt(0)};`)}</code>`;
}
