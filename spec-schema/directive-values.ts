/**
 * Values of redis.conf directives: from what a person wrote to what CONFIG GET prints once the server took it.
 *
 * Checked against a real 8.6.3 server with generated values of every kind. Where this is stricter than the server,
 * it is on purpose and said beside the rule: the server would take the text for something that nobody meant.
 */
import type { DirectiveType } from './directive-table.ts';

/** The printed text, or why the server (or this program) does not take the written one. */
export type ValueResult =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly reason: string };

const UNITS: Readonly<Record<string, bigint>> = {
  '': 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1_000_000n,
  mb: 1_048_576n,
  g: 1_000_000_000n,
  gb: 1_073_741_824n,
};
const MAX_UNSIGNED = 18_446_744_073_709_551_615n;
const MAX_SIGNED = 9_223_372_036_854_775_807n;
const MAX_INT = 2_147_483_647n;

/**
 * Bytes of a size in Redis' own units: k = 1000, kb = 1024, m, mb, g, gb; letters of either case.
 *
 * Undefined for anything else. The server is laxer in two ways that nobody means: it takes the empty text (and
 * a bare unit) for 0, and lets products beyond 64 bits wrap round.
 */
export function memoryBytes(text: string): bigint | undefined {
  const match = /^(\d{1,100})([a-z]{0,2})$/i.exec(text);
  const unit = UNITS[match?.[2]?.toLowerCase() ?? ''];
  if (match?.[1] === undefined || unit === undefined) return undefined;
  const bytes = BigInt(match[1]) * unit;
  return bytes <= MAX_UNSIGNED ? bytes : undefined;
}

/** What CONFIG GET prints after the server took `text`; see {@link ValueResult}. */
export function printedValue(type: DirectiveType, text: string): ValueResult {
  switch (type.kind) {
    case 'boolean':
      return oneWord(['yes', 'no'], text);
    case 'enum':
      return enumValue(type, text);
    case 'flags':
      return flagsValue(type, words(text));
    case 'integer':
      return integerValue(type, text);
    case 'octal':
      return octalValue(type, text);
    case 'memory':
      return memoryValue(type, text);
    case 'string':
      return stringValue(type, text);
    case 'words':
      return wordsValue(words(text));
    case 'save':
      return saveValue(words(text));
    case 'client-output-buffer-limit':
      return bufferLimitValue(words(text));
    case 'keyspace-events':
      return keyspaceEventsValue(text);
    case 'percentiles':
      return percentilesValue(words(text));
    case 'oom-score-adj-values':
      return oomScoreValue(words(text));
    case 'file-only':
      return refuse('cannot be set through `config`');
  }
}

/** Whether values of this kind are several words, which the file carries unquoted. */
export function isManyWords(type: DirectiveType): boolean {
  return !['boolean', 'enum', 'integer', 'octal', 'memory', 'string', 'keyspace-events'].includes(type.kind);
}

function ok(value: string): ValueResult {
  return { ok: true, value };
}

function refuse(reason: string): ValueResult {
  return { ok: false, reason };
}

// CONFIG SET splits at every single blank, the file at any run of blanks; the printed form suits both.
function words(text: string): string[] {
  return text.split(/[ \t\r\n]+/).filter((word) => word !== '');
}

// The server compares words as ASCII without case; JavaScript's toLowerCase would let the Kelvin sign be a k.
function sameWord(a: string, b: string): boolean {
  return /^[\x21-\x7e]*$/.test(a) && a.toLowerCase() === b.toLowerCase();
}

function list(values: readonly string[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

function oneWord(values: readonly string[], text: string): ValueResult {
  const value = values.find((candidate) => sameWord(text, candidate));
  return value === undefined ? refuse(`must be ${list(values)}`) : ok(value);
}

function enumValue(type: DirectiveType & { kind: 'enum' }, text: string): ValueResult {
  const word = oneWord(type.values, text);
  return word.ok ? ok(type.printed?.[word.value] ?? word.value) : word;
}

/** As the server prints sets of bits: the first word that means exactly these, else those contained, in table order. */
function flagsValue(type: DirectiveType & { kind: 'flags' }, said: readonly string[]): ValueResult {
  const names = Object.keys(type.values);
  let bits = 0;
  for (const word of said) {
    const name = names.find((candidate) => sameWord(word, candidate));
    if (name === undefined) return refuse(`must be one or more of ${list(names)}`);
    bits |= type.values[name] ?? 0;
  }
  if (said.length === 0) return refuse(`must be one or more of ${list(names)}`);
  const clash = (type.exclusive ?? []).filter((name) => bits & (type.values[name] ?? 0));
  if (clash.length > 1) return refuse(`cannot be ${clash.join(' and ')} at the same time`);
  const exact = names.find((name) => type.values[name] === bits);
  if (exact !== undefined) return ok(exact);
  let open = bits;
  const contained = names.filter((name) => {
    const mask = type.values[name] ?? 0;
    const has = mask !== 0 && (open & mask) === mask;
    if (has) open &= ~mask;
    return has;
  });
  return ok(contained.join(' '));
}

function integerValue(type: DirectiveType & { kind: 'integer' }, text: string): ValueResult {
  // The server takes neither a plus sign nor leading zeros nor a unit.
  if (!/^(?:0|-?[1-9]\d{0,20})$/.test(text)) return refuse('must be a whole number without a unit');
  const number = BigInt(text);
  if (number < type.min || number > type.max) return refuse(`must be between ${type.min} and ${type.max}`);
  const [low, high] = type.clamp ?? [type.min, type.max];
  return ok(String(number < low ? low : number > high ? high : number));
}

function octalValue(type: DirectiveType & { kind: 'octal' }, text: string): ValueResult {
  if (!/^[0-7]{1,20}$/.test(text)) return refuse('must be permission bits in base eight, for example 770');
  const number = BigInt(`0o${text}`);
  if (number < type.min || number > type.max) return refuse(`must be between 0 and ${type.max.toString(8)}`);
  return ok(number.toString(8));
}

function memoryValue(type: DirectiveType & { kind: 'memory' }, text: string): ValueResult {
  const percent = type.percent === true ? /^(0|[1-9]\d{0,20})%$/.exec(text)?.[1] : undefined;
  if (percent !== undefined) {
    if (BigInt(percent) > 100n) return refuse('must be 100% at most');
    // The server keeps percentages as negative numbers, so that it forgets that 0 was one.
    return ok(percent === '0' ? '0' : `${percent}%`);
  }
  const bytes = memoryBytes(text);
  if (bytes === undefined) {
    return refuse(
      `must be bytes, or a whole number with a unit: kb, mb, gb${type.percent === true ? ', or a percentage' : ''}`,
    );
  }
  if (bytes < type.min || bytes > type.max)
    return refuse(`must be between ${type.min} and ${type.max} bytes`);
  return ok(String(bytes));
}

function stringValue(type: DirectiveType & { kind: 'string' }, text: string): ValueResult {
  if (type.form === 'file-name' && (text === '' || /[/\\]/.test(text)))
    return refuse('must be the name of a file, without a path');
  if (type.form === 'title') return titleValue(text);
  return ok(text);
}

const TITLE_VARIABLES = [
  'title',
  'listen-addr',
  'server-mode',
  'port',
  'tls-port',
  'config-file',
  'unixsocket',
];

function titleValue(text: string): ValueResult {
  // `{{` stands for a brace; the server ends a variable at the next closing brace, whatever lies between.
  let unknown: string | undefined;
  const rest = text.replace(/\{\{|\{([^}]*)\}?/g, (match, name: string | undefined) => {
    if (name === undefined) return '{';
    if (!match.endsWith('}') || !TITLE_VARIABLES.includes(name)) unknown ??= match;
    // These three may be empty, and the server refuses a title that is empty while it checks it.
    return ['title', 'config-file', 'unixsocket'].includes(name) ? '' : name;
  });
  if (unknown !== undefined)
    return refuse(`has ${unknown}; known are ${TITLE_VARIABLES.map((name) => `{${name}}`).join(' ')}`);
  return rest.trim() === ''
    ? refuse('must hold more than {title}, {config-file} and {unixsocket}, which may be empty')
    : ok(text);
}

function wordsValue(said: readonly string[]): ValueResult {
  return said.length > 16 ? refuse('takes 16 words at most') : ok(said.join(' '));
}

/** A whole number as C's strtoll reads it, which unlike other integers may have a sign and leading zeros. */
function looseInteger(word: string | undefined, min: bigint, max: bigint): bigint | undefined {
  if (word === undefined || !/^[+-]?\d{1,100}$/.test(word)) return undefined;
  const number = BigInt(word.replace('+', ''));
  return number >= min && number <= max ? number : undefined;
}

function saveValue(said: readonly string[]): ValueResult {
  const numbers: bigint[] = [];
  for (let at = 0; at < said.length; at += 2) {
    const seconds = looseInteger(said[at], 1n, MAX_SIGNED);
    // Beyond 31 bits the server keeps the low bits of the number of changes: refused here.
    const changes = looseInteger(said[at + 1], 0n, MAX_INT);
    if (seconds === undefined || changes === undefined) {
      return refuse(
        "must be pairs of seconds and changes, for example '3600 1 300 100', or '' for no snapshots",
      );
    }
    numbers.push(seconds, changes);
  }
  return ok(numbers.join(' '));
}

const BUFFER_CLASSES = ['normal', 'slave', 'pubsub'] as const;
const BUFFER_DEFAULTS: Readonly<Record<(typeof BUFFER_CLASSES)[number], string>> = {
  normal: '0 0 0',
  slave: '268435456 67108864 60',
  pubsub: '33554432 8388608 60',
};

/**
 * All three classes, under the names that CONFIG GET uses (`slave` for replicas).
 *
 * Classes that are not said have the server's defaults. CONFIG SET would leave those as they are live; by sending
 * the printed text, which names all three, the outcome no longer depends on what was there.
 */
function bufferLimitValue(said: readonly string[]): ValueResult {
  const limits: Record<(typeof BUFFER_CLASSES)[number], string> = { ...BUFFER_DEFAULTS };
  for (let at = 0; at < said.length; at += 4) {
    const word = said[at] ?? '';
    const name = sameWord(word, 'replica')
      ? 'slave'
      : BUFFER_CLASSES.find((candidate) => sameWord(word, candidate));
    if (name === undefined) return refuse(`has the class ${word}; known are normal, replica and pubsub`);
    const hard = memoryBytes(said[at + 1] ?? '');
    const soft = memoryBytes(said[at + 2] ?? '');
    // Kept in an int: beyond 31 bits the server would cut it off.
    const seconds = looseInteger(said[at + 3], 0n, MAX_INT);
    if (hard === undefined || soft === undefined || seconds === undefined) {
      return refuse(
        `needs a hard limit, a soft limit and seconds after ${word}, for example '${word} 256mb 64mb 60'`,
      );
    }
    limits[name] = `${hard} ${soft} ${seconds}`;
  }
  if (said.length === 0)
    return refuse("must name a class and its limits, for example 'replica 256mb 64mb 60'");
  return ok(BUFFER_CLASSES.map((name) => `${name} ${limits[name]}`).join(' '));
}

/** In the order in which the server prints them; the first ten together print as `A`. */
const EVENTS_IN_ALL = 'g$lshzxetd';
const EVENTS_BESIDE_ALL = 'noc';

function keyspaceEventsValue(text: string): ValueResult {
  const said = new Set(text.replaceAll('A', EVENTS_IN_ALL));
  const known = `${EVENTS_IN_ALL}${EVENTS_BESIDE_ALL}KEm`;
  const unknown = [...said].find((letter) => !known.includes(letter));
  if (unknown !== undefined) return refuse(`has the class ${unknown}; known are A ${[...known].join(' ')}`);
  const pick = (letters: string) => [...letters].filter((letter) => said.has(letter)).join('');
  const all = pick(EVENTS_IN_ALL) === EVENTS_IN_ALL;
  const hidden = pick(EVENTS_BESIDE_ALL);
  // CONFIG GET prints `AKE` for `AnKE` too: what is in force could never be told from what is not.
  if (all && hidden !== '')
    return refuse(
      `cannot have ${[...hidden].join(' and ')} beside all of A: the server does not print them then`,
    );
  return ok(`${all ? 'A' : pick(EVENTS_IN_ALL + EVENTS_BESIDE_ALL)}${pick('KE')}${pick('m')}`);
}

function percentilesValue(said: readonly string[]): ValueResult {
  const printed: string[] = [];
  for (const word of said) {
    // The server also takes exponents, signs and more digits, and rounds to six; these six need no rounding.
    const match = /^0*(\d{1,3})(?:\.(\d{0,6}?)0*)?$/.exec(word);
    if (match === null || Number(word) > 100)
      return refuse(`has ${word}; must be numbers from 0 to 100 with six decimals at most`);
    printed.push(match[2] ? `${match[1]}.${match[2]}` : `${match[1]}`);
  }
  return ok(printed.join(' '));
}

function oomScoreValue(said: readonly string[]): ValueResult {
  const numbers = said.map((word) => looseInteger(word, -2000n, 2000n));
  if (numbers.length !== 3 || numbers.includes(undefined)) {
    return refuse(
      'must be three numbers from -2000 to 2000: for primaries, replicas and background processes',
    );
  }
  return ok(numbers.join(' '));
}
