/** Changes of a text at given places, and questions about its lines. */

/** What stands from `start` to `end` becomes `text`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies splices that do not overlap; several at one place in the order in which they are given. */
export function spliced(text: string, splices: readonly Splice[]): string {
  let result = '';
  let at = 0;
  for (const splice of splices.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(at, Math.max(at, splice.start)) + splice.text;
    at = Math.max(at, splice.end);
  }
  return result + text.slice(at);
}

/** Offset of the first character of the line. */
export function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** Offset of what ends the line: its line break, `\r\n` included, or the end of the text. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  if (end === -1) return text.length;
  return end > at && text[end - 1] === '\r' ? end - 1 : end;
}

/** Offset of the first character of the next line, or the end of the text. */
export function nextLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end + 1;
}

/** How the text ends its lines. */
export function lineBreak(text: string): string {
  return /\r\n/.test(text) ? '\r\n' : '\n';
}

/** How many characters stand before `at` in its line. */
export function columnOf(text: string, at: number): number {
  return at - lineStart(text, at);
}

/** Whether the line that begins at `start` is empty or blank. */
export function isBlankLine(text: string, start: number): boolean {
  return /^[ \t]*$/.test(text.slice(start, lineEnd(text, start)));
}

/** Whether a blank line separates the line of `at`, with the comments right above it, from what stands higher. */
export function standsApart(text: string, at: number): boolean {
  let line = lineStart(text, at);
  while (line > 0) {
    const above = lineStart(text, line - 1);
    if (isBlankLine(text, above)) return true;
    if (!/^[ \t]*#/.test(text.slice(above, line))) return false;
    line = above;
  }
  return false;
}
