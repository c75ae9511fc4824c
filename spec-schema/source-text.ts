/** From the bytes of a file to its text: what is too large, in another encoding or unprintable is refused here. */
import type { Problem, SourceLocation } from './problem.ts';

/** A thousand nodes with a line each are about 100 kB; what is larger than this was not written as a spec. */
export const MAX_SPEC_BYTES = 1024 * 1024;

const BYTE_ORDER_MARK = '\uFEFF';

/** Control characters, and those that turn the direction of text: what a reviewer reads would not be what is parsed. */
const UNPRINTABLE = /(?![\t\n\r])\p{Cc}|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** The text of a source, or why there is none. */
export type SourceText =
  | { readonly text: string; readonly problems: readonly Problem[] }
  | { readonly text?: undefined; readonly problems: readonly Problem[] };

/** Decodes a source strictly as UTF-8. A byte order mark is taken off, with a warning. */
export function sourceText(source: Uint8Array | string, file: string): SourceText {
  const size = typeof source === 'string' ? source.length : source.byteLength;
  if (size > MAX_SPEC_BYTES) {
    return refusal(
      file,
      'file-too-large',
      { line: 1, column: 1 },
      {
        summary: `the file is too large to be a spec: ${size} bytes, where ${MAX_SPEC_BYTES} are allowed`,
        evidence: `${size} bytes`,
        hint: 'a spec of 1,000 nodes has about 100 kB: check that this is the right file, or split it into several clusters',
      },
    );
  }
  const decoded = typeof source === 'string' ? { text: source } : decode(source, file);
  if (typeof decoded.text !== 'string') return decoded;
  let text = decoded.text;
  const problems: Problem[] = [];
  if (text.startsWith(BYTE_ORDER_MARK)) {
    text = text.slice(1);
    problems.push({
      severity: 'warning',
      code: 'byte-order-mark',
      subject: file,
      summary:
        'the file begins with a byte order mark, which UTF-8 does not need and many tools stumble over',
      evidence: 'EF BB BF',
      where: { file, line: 1, column: 1 },
      hint: 'save it as "UTF-8" instead of "UTF-8 with BOM"',
    });
  }
  const unprintable = UNPRINTABLE.exec(text);
  if (unprintable !== null) {
    const codePoint = `U+${unprintable[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    return refusal(file, 'unprintable-character', positionsIn(text)(unprintable.index), {
      summary: `the file contains ${codePoint}, a character that cannot be seen`,
      evidence: codePoint,
      hint: 'remove the character; if the file is UTF-16 or binary, save it as UTF-8 text',
    });
  }
  return { text, problems };
}

/** Line and column, both from 1; columns count UTF-16 units, as editors do. */
export type Position = Pick<SourceLocation, 'line' | 'column'>;

/** A function that tells the position of any offset in the text. */
export function positionsIn(text: string): (offset: number) => Position {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] as number) + 1 };
  };
}

/** Text for people: one line, at most 80 characters, nothing that a terminal would act on. */
export function printable(text: string): string {
  const line = escapeUnprintable(text.slice(0, 400).replace(/\s+/g, ' ').trim());
  return line.length > 80 || text.length > 400 ? `${line.slice(0, 79)}…` : line;
}

/** Shows what cannot be seen as `\u001b`. */
export function escapeUnprintable(text: string): string {
  return text.replace(
    new RegExp(UNPRINTABLE, 'gu'),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function decode(bytes: Uint8Array, file: string): { text: string } | SourceText {
  const utf16 = wide(bytes);
  if (utf16 !== undefined) {
    return refusal(
      file,
      'wrong-encoding',
      { line: 1, column: 1 },
      {
        summary: `the file is encoded in ${utf16}, where UTF-8 is needed`,
        evidence: hexadecimal(bytes.subarray(0, 4)),
        hint: 'save it as UTF-8',
      },
    );
  }
  try {
    // `ignoreBOM` keeps the mark in the text: whether there was one is told to the user.
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    const at = firstInvalidByte(bytes);
    const before = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, at));
    return refusal(file, 'wrong-encoding', positionsIn(before)(before.length), {
      summary: `byte ${at + 1} is not UTF-8`,
      evidence: hexadecimal(bytes.subarray(at, at + 4)),
      hint: 'save the file as UTF-8; it looks like Latin-1, Windows-1252 or binary data',
    });
  }
}

/** UTF-16 and UTF-32 by their marks, or by every other byte of the beginning being 0. */
function wide(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? 'UTF-32' : 'UTF-16 (little endian)';
  if (a === 0xfe && b === 0xff) return 'UTF-16 (big endian)';
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return 'UTF-32';
  if (bytes.length < 4) return undefined;
  if (a !== 0 && b === 0 && c !== 0 && d === 0) return 'UTF-16 (little endian)';
  if (a === 0 && b !== 0 && c === 0 && d !== 0) return 'UTF-16 (big endian)';
  return undefined;
}

/** Where the longest prefix ends that decodes: found by bisection, since decoders do not tell. */
function firstInvalidByte(bytes: Uint8Array): number {
  let valid = 0;
  let invalid = bytes.length;
  while (valid < invalid) {
    const middle = Math.ceil((valid + invalid) / 2);
    if (decodes(bytes.subarray(0, middle), true)) valid = middle;
    else invalid = middle - 1;
  }
  // What such a prefix ends with may be the beginning of a character that does not go on: that is the culprit.
  while (valid > 0 && !decodes(bytes.subarray(0, valid), false)) valid -= 1;
  return Math.min(valid, bytes.length - 1);
}

function decodes(bytes: Uint8Array, unfinished: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: unfinished });
    return true;
  } catch {
    return false;
  }
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
}

function refusal(
  file: string,
  code: string,
  position: Position,
  words: Pick<Problem, 'summary' | 'evidence' | 'hint'>,
): SourceText {
  const problem: Problem = { severity: 'error', code, subject: file, ...words, where: { file, ...position } };
  return { problems: [problem] };
}
