/**
 * Text from people and servers, safe inside of Markdown: nothing in it becomes markup, a link, an image, a mention
 * or a reference, whatever it says and wherever it stands.
 */
import { shortLine } from './visible.ts';

/** Nobody reads on; a step may list thousands of slots, and a server may answer with a page. */
const LONGEST = 500;

/** Prose, in one line of at most 500 characters before they are escaped. */
export function escaped(text: string): string {
  return disarmed(shortLine(text, LONGEST))
    .replace(/[\\`*_{}[\]#|~$]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/^[-+=]/, '\\$&')
    .replace(/^(\d+)(?=[.)](?:\s|$))/, '$1\\');
}

/** Inline code: the fence is longer than any run of backticks inside. */
export function code(text: string): string {
  const line = shortLine(text, LONGEST);
  if (line === '') return '';
  // A pipe ends the cell of a table even in code, and parsers do not agree on what a backslash before it means.
  if (line.includes('|')) return htmlCode(line);
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** The same in HTML: every mark by its number, so that no parser sees anything in it. */
function htmlCode(line: string): string {
  return `<code>${disarmed(line).replace(/[!-+.:-@[-`{-~]/g, (mark) => `&#${mark.charCodeAt(0)};`)}</code>`;
}

/**
 * Zero-width spaces keep `@name`, `#12`, `GH-12`, `:+1:` and addresses from notifying people, from linking and from
 * turning into pictures: forges look for those in the text, after all marks of Markdown were understood.
 */
function disarmed(line: string): string {
  return line
    .replace(/@/g, '@\u200b')
    .replace(/#(?=\w)/g, '#\u200b')
    .replace(/(GH)-(?=\d)/gi, '$1-\u200b')
    .replace(/:(?=[+-]?\w*[a-z_]\w*:)/gi, ':\u200b')
    .replace(/(https?|ftp|www)(?=[:.])/gi, '$1\u200b');
}
