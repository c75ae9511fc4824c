/** The words of access rules: which the server knows, what a refusal says, and what was probably meant. */
import { isAtLeast, nearestName } from '../../spec-schema/directives.ts';
import { CATEGORIES, COMMANDS, COMMANDS_SINCE, MODULE_CATEGORIES } from './acl-vocabulary.ts';

/** Ends the reading of rules from any depth; never leaves these two files. */
export class Refusal extends Error {
  readonly token: string;
  readonly reason: string;
  constructor(token: string, reason: string) {
    super(reason);
    this.token = token;
    this.reason = reason;
  }
}

/** The rule in lower case. @throws Refusal when the server does not know its words. */
export function commandRule(token: string, version: string | undefined): string {
  if (/[()]/.test(token)) throw new Refusal(token, unknownRule(token));
  const name = lower(token.slice(1));
  if (name.startsWith('@')) checkCategory(token, name.slice(1));
  else checkCommand(token, name, version);
  return `${token[0]}${name}`;
}

function checkCategory(token: string, name: string): void {
  if (CATEGORIES.includes(name) || MODULE_CATEGORIES.includes(name)) return;
  throw new Refusal(token, `names no category: ${meant(name, CATEGORIES, '@')}`);
}

function checkCommand(token: string, name: string, version: string | undefined): void {
  const [command = '', argument, ...deeper] = name.split('|');
  // Every command of a module has a dot in its name, and none of the server's own has.
  if (/^[a-z_]+\.[a-z_.]+$/.test(command) && deeper.length === 0 && argument !== '') {
    checkArgument(token, argument);
    return;
  }
  const subcommands = COMMANDS.get(command);
  if (subcommands === undefined)
    throw new Refusal(token, `names no command: ${meant(command, [...COMMANDS.keys()], '')}`);
  const since = COMMANDS_SINCE[name] ?? COMMANDS_SINCE[command];
  if (since !== undefined && version !== undefined && !isAtLeast(version, since)) {
    throw new Refusal(token, `names a command that came with Redis ${since}; this is ${version}`);
  }
  if (argument === undefined) return;
  if (argument === '') throw new Refusal(token, 'has no subcommand after |');
  if (deeper.length > 0)
    throw new Refusal(token, 'goes deeper than a subcommand, which Redis does not support');
  if (subcommands.has(argument)) return;
  if (subcommands.size > 0) {
    throw new Refusal(
      token,
      `names no subcommand of ${command}: ${meant(argument, [...subcommands], `${command}|`)}`,
    );
  }
  if (token.startsWith('-'))
    throw new Refusal(
      token,
      `cannot be forbidden: ${command} has no subcommands, and Redis only allows first arguments`,
    );
  checkArgument(token, argument);
}

// With an open quote in a first argument the server fails an assertion, and ends, the next time it prints the user.
function checkArgument(token: string, argument: string | undefined): void {
  if (argument !== undefined && /["'\\]/.test(argument))
    throw new Refusal(token, 'holds a quote or a backslash after |');
}

function meant(name: string, known: readonly string[], prefix: string): string {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `did you mean ${prefix}${nearest}?`;
  return known.length > 40
    ? 'COMMAND LIST prints those that exist'
    : `known are ${known.map((word) => prefix + word).join(' ')}`;
}

const KEYWORDS = [
  'allkeys',
  'resetkeys',
  'allchannels',
  'resetchannels',
  'allcommands',
  'nocommands',
  'sanitize-payload',
  'skip-sanitize-payload',
  'clearselectors',
  'reset',
];

/** Why a token that begins with none of the signs of a rule is none. */
export function unknownRule(token: string): string {
  if (/[()]/.test(token))
    return 'has a parenthesis out of place: a selector is (rules between blanks), and does not nest';
  if (COMMANDS.has(lower(token).split('|')[0] ?? ''))
    return `is no access rule: write +${lower(token)} to allow or -${lower(token)} to forbid the command`;
  if (token.startsWith('@'))
    return `is no access rule: write +${token} to allow or -${token} to forbid the category`;
  const nearest = nearestName(token, KEYWORDS);
  if (nearest !== undefined) return `is no access rule: did you mean ${nearest}?`;
  return 'is no access rule: keys begin with ~, channels with &, commands and @categories with + or -';
}

/** ASCII only, like the server: toLowerCase would make other letters of some words. */
export function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** For messages: never the secret of a password rule. */
export function shown(token: string): string {
  return /^[><#!]/.test(token) ? `${token[0]}…` : token;
}
