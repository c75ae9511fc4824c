/** A value as YAML text: without quotes where they are not needed, otherwise in those that the file uses there. */
import { parse } from 'yaml';
import type { ScalarSource } from './yaml-source.ts';

export type Scalar = string | number | boolean;

export type ScalarStyle = ScalarSource['style'];

/** Words that stand for themselves anywhere, in block and in flow style. */
const SAFE_ANYWHERE =
  /^[A-Za-z0-9_./+~%@$^(][\w./+~%@$^()*&=;:<>!?'-]*(?: [\w./+~%@$^()*&=;<>!?'+-][\w./+~%@$^()*&=;:<>!?'-]*)*$/;

/**
 * @param style of the value that it replaces; text keeps its quotes.
 */
export function scalarText(value: Scalar, style: ScalarStyle = 'plain'): string {
  if (typeof value !== 'string') return String(value);
  if (style === 'double' || /[\p{Cc}\u2028\u2029]/u.test(value)) return JSON.stringify(value);
  if (style === 'single') return quoted(value);
  return isPlain(value) ? value : quoted(value);
}

/** The value of a text from the command line, as it would be read from a file: `5000` is a number, `12gb` a text. */
export function scalarFrom(text: string): Scalar {
  try {
    const value: unknown = parse(text, { schema: 'core', version: '1.2', logLevel: 'silent' });
    if (typeof value === 'boolean') return value;
    // What would lose digits, or come back in another form (`010`, `1e3`, `0x10`), is text.
    if (typeof value === 'number' && String(value) === text) return value;
  } catch {
    // Anything that is no YAML is text.
  }
  return text;
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function isPlain(value: string): boolean {
  if (!SAFE_ANYWHERE.test(value) || /: |:$/.test(value)) return false;
  try {
    return parse(value, { schema: 'core', version: '1.2', logLevel: 'silent' }) === value;
  } catch {
    return false;
  }
}
