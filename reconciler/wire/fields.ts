/** Lines of `name:value`, as INFO and CLUSTER INFO print them. */
import { WireError, type WireErrorCode } from './wire-error.ts';

/** The named fields of one reply, and how to read them. Every reader throws WireError when the value is no such. */
export interface Fields {
  /** The value as it stands. @throws WireError when the field is missing. */
  text(name: string): string;
  /** The value, or undefined when the field is missing. */
  optional(name: string): string | undefined;
  /** A whole number that JavaScript holds exactly. */
  integer(name: string): number;
  /** `1` or `0`. */
  flag(name: string): boolean;
  /** One of these words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word;
  /** Names and values that match, in the order of the reply. */
  entries(pattern: RegExp): (readonly [name: string, value: string])[];
}

/**
 * Reads `name:value` lines; headings and lines without a colon are passed over.
 *
 * Of two lines with the same name the first counts: later sections of INFO carry words that clients chose.
 */
export function parseFields(text: string, code: WireErrorCode): Fields {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(':');
    const name = line.slice(0, at);
    if (at > 0 && !values.has(name)) values.set(name, line.slice(at + 1).replace(/\r$/, ''));
  }
  const must = (name: string): string => {
    const value = values.get(name);
    if (value === undefined) throw new WireError(code, `no field ${name}`, text);
    return value;
  };
  const fields: Fields = {
    text: must,
    optional: (name) => values.get(name),
    integer: (name) => {
      const value = must(name);
      const number = Number(value);
      if (!/^-?\d+$/.test(value) || !Number.isSafeInteger(number)) {
        throw new WireError(code, `${name} is no whole number`, value);
      }
      return number;
    },
    flag: (name) => fields.word(name, ['0', '1']) === '1',
    word: (name, words) => {
      const value = must(name);
      const word = words.find((candidate) => candidate === value);
      if (word === undefined) throw new WireError(code, `${name} is none of ${words.join(', ')}`, value);
      return word;
    },
    entries: (pattern) => [...values].filter(([name]) => pattern.test(name)),
  };
  return fields;
}
